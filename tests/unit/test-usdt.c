/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "linker/usdt.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Of struct pt_regs, user_pt_regs. */
enum { RBP = 32, RAX = 80, RDI = 112, RSP = 152, R8 = 72, R15 = 0, SP = 248, X19 = 152 };

struct expected {
	uint16_t machine;
	const char *text;
	struct usdt_arg arg;
};

static void
reads_each_form_of_operand(void **state)
{
	static const struct expected all[] = {
		{ EM_X86_64, "-4@%eax", { 0, USDT_ARG_REG, RAX, 1, 32 } },
		{ EM_X86_64, "8@%rdi", { 0, USDT_ARG_REG, RDI, 0, 0 } },
		{ EM_X86_64, "1@%r15b", { 0, USDT_ARG_REG, R15, 0, 56 } },
		{ EM_X86_64, "2@%r8w ", { 0, USDT_ARG_REG, R8, 0, 48 } },
		{ EM_X86_64, "-4@-20(%rbp)", { (uint64_t)-20, USDT_ARG_REG_DEREF, RBP, 1, 32 } },
		{ EM_X86_64, " 8@16(%rsp)", { 16, USDT_ARG_REG_DEREF, RSP, 0, 0 } },
		{ EM_X86_64, "8@(%rsp)", { 0, USDT_ARG_REG_DEREF, RSP, 0, 0 } },
		{ EM_X86_64, "-1@$-1", { UINT64_MAX, USDT_ARG_CONST, 0, 1, 56 } },
		{ EM_X86_64, "4@$0x10", { 16, USDT_ARG_CONST, 0, 0, 32 } },
		{ EM_AARCH64, "8@x19", { 0, USDT_ARG_REG, X19, 0, 0 } },
		{ EM_AARCH64, "-4@w19", { 0, USDT_ARG_REG, X19, 1, 32 } },
		{ EM_AARCH64, "-4@[sp, 60]", { 60, USDT_ARG_REG_DEREF, SP, 1, 32 } },
		{ EM_AARCH64, "8@[x19]", { 0, USDT_ARG_REG_DEREF, X19, 0, 0 } },
		{ EM_AARCH64, "-4@-5", { (uint64_t)-5, USDT_ARG_CONST, 0, 1, 32 } },
	};
	struct usdt_arg args[IPC_USDT_ARGS_MAX];
	const char *at;

	for (size_t i = 0; i < COUNT(all); i++) {
		assert_int_equal(usdt_args(all[i].machine, all[i].text, args, &at), 1);
		assert_memory_equal(&args[0], &all[i].arg, sizeof(args[0]));
	}
}

static void
reads_several_arguments_and_none(void **state)
{
	struct usdt_arg args[IPC_USDT_ARGS_MAX];
	const char *at;

	assert_int_equal(usdt_args(EM_X86_64, "", args, &at), 0);
	assert_int_equal(usdt_args(EM_X86_64, "  ", args, &at), 0);
	assert_int_equal(usdt_args(EM_X86_64, "8@%rdi -4@$7  1@(%rax)", args, &at), 3);
	assert_int_equal(args[1].value, 7);
	assert_int_equal(args[2].reg_off, RAX);
	assert_int_equal(usdt_args(EM_AARCH64, "8@[x0, 8] 8@[sp, -16]", args, &at), 2);
	assert_int_equal(args[1].value, (uint64_t)-16);
}

static void
points_to_what_it_does_not_understand(void **state)
{
	static const char *const bad[] = { "8@%xmm0", "8f@%rax", "3@%rax", "16@%rax", "8@%rax(", "8@",
		"@%rax", "8%rax", "8@16(%rax", "8@16(rax)", "8@(%rax,%rbx,8)", "8@counter(%rip)", "8@$",
		"8@$x", "8@$99999999999999999999", "-@%rax", "8@%raxx", "+-8@%rax", "8@%ah" };
	struct usdt_arg args[IPC_USDT_ARGS_MAX];
	const char *at, *second = "8@%rax 8@%st0 8@%rbx";

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(usdt_args(EM_X86_64, bad[i], args, &at), -EINVAL);
		assert_ptr_equal(at, bad[i]);
	}
	assert_int_equal(usdt_args(EM_X86_64, second, args, &at), -EINVAL);
	assert_ptr_equal(at, second + 7);
	assert_int_equal(usdt_args(EM_AARCH64, "8@x31", args, &at), -EINVAL);
	assert_int_equal(usdt_args(EM_AARCH64, "8@[x0", args, &at), -EINVAL);
	assert_int_equal(usdt_args(EM_S390, "8@%r1", args, &at), -EOPNOTSUPP);
	assert_int_equal(usdt_args(EM_X86_64, "1@$1 1@$1 1@$1 1@$1 1@$1 1@$1 1@$1 1@$1 1@$1 1@$1 1@$1 1@$1 1@$1",
		args, &at), -E2BIG);
}

struct note {
	uint32_t namesz, descsz, type;
	char name[8];
	uint64_t addresses[3];
	char texts[24];
} __attribute__((packed));

static const struct note good = { 8, 24 + 15, 3, "stapsdt", { 1, 2, 3 }, "prov\0name\08@$1" };

static void
reads_notes_and_passes_over_others(void **state)
{
	struct note notes[3] = { good, good, good };
	size_t at = 0, bytes = 20 + 24 + 16;	/* with what fills */
	struct usdt_note n;
	char data[3 * 64];

	notes[1].type = 4;
	for (size_t i = 0; i < COUNT(notes); i++)
		memcpy(data + i * bytes, &notes[i], bytes);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(usdt_note_next(data, 3 * bytes, &at, &n), 1);
		assert_true(n.location == 1 && n.base == 2 && n.semaphore == 3);
		assert_string_equal(n.provider, "prov");
		assert_string_equal(n.name, "name");
		assert_string_equal(n.args, "8@$1");
	}
	assert_int_equal(usdt_note_next(data, 3 * bytes, &at, &n), 0);
}

static void
refuses_notes_that_end_early(void **state)
{
	struct usdt_note n;
	struct note bad = good;
	size_t at = 0;

	for (size_t len = 1; len < 20 + 24 + 15; len++) {
		at = 0;
		assert_int_equal(usdt_note_next(&good, len, &at, &n), -EINVAL);
	}
	bad.descsz = UINT32_MAX;
	at = 0;
	assert_int_equal(usdt_note_next(&bad, sizeof(bad), &at, &n), -EINVAL);
	bad.descsz = 24 + 14;	/* the last text has no end */
	at = 0;
	assert_int_equal(usdt_note_next(&bad, 20 + 24 + 14, &at, &n), -EINVAL);
	bad = good;
	bad.namesz = UINT32_MAX - 1;
	at = 0;
	assert_int_equal(usdt_note_next(&bad, sizeof(bad), &at, &n), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_form_of_operand),
		cmocka_unit_test(reads_several_arguments_and_none),
		cmocka_unit_test(points_to_what_it_does_not_understand),
		cmocka_unit_test(reads_notes_and_passes_over_others),
		cmocka_unit_test(refuses_notes_that_end_early),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("usdt", tests, NULL, NULL);
}
