/* SPDX-License-Identifier: Apache-2.0 */
/* What is where in the tables of system calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/syscall.h>

#include "common/auto.h"
#include "ipc/syscalls.h"

static const struct { uint32_t tracer, number; const char *name; } calls[] = {
#define SYSCALL(tracer, call) { TR_##tracer, SYS_##call, #call },
#include "bpf/syscalls.def"
};

/* Some number of the 32-bit table, or a first argument of socketcall, leads to it. */
static bool
is_in_32(uint32_t tracer, uint32_t call)
{
	for (uint32_t number = 0; number < EV_SYSCALLS; number++) {
		struct ev_slot slot = { 0 };

		if (!syscalls_slot(tracer, number, true, &slot))
			continue;
		if ((slot.mask32 >> tracer & 1) && slot.as32 == call + 1)
			return true;
		if (slot.socketcall == call + 1 || (number == call && number >= 424 && slot.mask32 >> tracer & 1))
			return true;
	}
	return false;
}

static void
every_call_that_a_tracer_sees_is_seen_through_the_32_bit_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].number == SYS_kexec_file_load)	/* the kernel has it for 64 bits only */
			continue;
		if (!is_in_32(calls[i].tracer, calls[i].number))
			fail_msg("%s is in no other table", calls[i].name);
	}
}

static void
number_is_what_it_is_in_its_table(void **state)
{
	struct ev_slot slot = { 0 };

	(void)state;
	assert_true(syscalls_slot(TR_OPEN, 5, true, &slot));		/* open; fstat */
	assert_int_equal(slot.mask32, 1ULL << TR_OPEN);
	assert_int_equal(slot.mask, 0);
	assert_int_equal(slot.as32, SYS_open + 1);
	assert_true(syscalls_slot(TR_OPEN, 5, false, &slot));
	assert_int_equal(slot.mask32, 0);

	memset(&slot, 0, sizeof(slot));
	assert_true(syscalls_slot(TR_OPEN, SYS_openat, true, &slot));
	assert_int_equal(slot.mask, 1ULL << TR_OPEN);
	assert_int_equal(slot.mask32, 0);

	memset(&slot, 0, sizeof(slot));
	assert_true(syscalls_slot(TR_EXEC, 520, true, &slot));
	assert_int_equal(slot.asx32, SYS_execve + 1);
	assert_int_equal(slot.mask | slot.mask32, 0);

	memset(&slot, 0, sizeof(slot));
	assert_true(syscalls_slot(TR_FILETOP, 3, true, &slot));		/* read, which is 0 */
	assert_int_equal(slot.as32, SYS_read + 1);
	assert_false(syscalls_slot(TR_OPEN, 3, true, &slot));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_that_a_tracer_sees_is_seen_through_the_32_bit_table),
		cmocka_unit_test(number_is_what_it_is_in_its_table),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
