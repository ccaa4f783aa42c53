/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/auto.h"
#include "ipc/bpfcmds.h"
#include "linker/arena.h"
#include "linker/slots.h"

static struct arena arena;

static int
setup(void **state)
{
	int fd = memfd_create("arena", MFD_CLOEXEC), err;

	if (fd < 0 || ftruncate(fd, ARENA_MIN) < 0)
		return -1;
	err = arena_map(fd, ARENA_MIN, &arena);
	close(fd);
	return err;
}

static int
teardown(void **state)
{
	return munmap(arena.base, arena.size);
}

static void
gives_aligned_buffers_and_never_offset_0(void **state)
{
	void *a = arena_take(&arena, 3), *b = arena_take(&arena, 8);

	assert_true(arena_offset(&arena, a) > 0);
	assert_int_equal(arena_offset(&arena, b) % 8, 0);
	assert_true((uint8_t *)b >= (uint8_t *)a + 3);
	arena_reset(&arena);
	assert_ptr_equal(arena_take(&arena, 1), a);
}

static void
ends_before_the_log(void **state)
{
	size_t log_size;
	char *log = arena_log(&arena, &log_size);

	assert_null(arena_take(&arena, ARENA_MIN));
	assert_null(arena_take(&arena, SIZE_MAX));
	assert_non_null(arena_take(&arena, ARENA_MIN / 2));
	assert_null(arena_take(&arena, ARENA_MIN / 2));
	assert_true(arena_holds(&arena, log, log_size));
	assert_false(arena_holds(&arena, log, log_size + 1));
	assert_false(arena_holds(&arena, &log_size, 1));
}

static void
refuses_a_memfd_that_is_too_short(void **state)
{
	AUTO(fd) int fd = memfd_create("short", MFD_CLOEXEC);
	struct arena a;

	assert_int_equal(arena_map(fd, ARENA_MIN, &a), -EINVAL);
	assert_int_equal(ftruncate(fd, ARENA_MIN), 0);
	assert_int_equal(arena_map(fd, ARENA_MIN / 2, &a), -EINVAL);
}

static void
knows_a_placeholder_and_its_duplicates(void **state)
{
	struct slots t = { 0 };
	const struct slot s = { .handle = 9, .kind = BPFCMD_MAP };
	int fd = slots_add(&t, &s, 4096), copy = dup(fd), other = memfd_create("x", MFD_CLOEXEC);

	assert_int_equal(slots_find(&t, fd)->handle, 9);
	close(fd);
	assert_int_equal(slots_find(&t, copy)->handle, 9);
	assert_null(slots_find(&t, other));
	assert_null(slots_find(&t, -1));
	close(copy);
	close(other);
	free(t.all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gives_aligned_buffers_and_never_offset_0, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_before_the_log, setup, teardown),
		cmocka_unit_test(refuses_a_memfd_that_is_too_short),
		cmocka_unit_test(knows_a_placeholder_and_its_duplicates),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
