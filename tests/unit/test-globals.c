/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ipc/globals.h"
#include "ipc/messages.h"

static void
reads_back_what_was_added(void **state)
{
	uint8_t area[256];
	size_t len = 0, pos = 0;
	struct global g;

	assert_int_equal(globals_add(area, sizeof(area), &len, "alpha", 5, "\x01\x02", 2), 0);
	assert_int_equal(globals_add(area, sizeof(area), &len, "b", 1, "", 0), 0);
	assert_int_equal(globals_next(area, len, &pos, &g), 1);
	assert_int_equal(g.name_len, 5);
	assert_memory_equal(g.name, "alpha", 5);
	assert_int_equal(g.value_len, 2);
	assert_memory_equal(g.value, "\x01\x02", 2);
	assert_int_equal(globals_next(area, len, &pos, &g), 1);
	assert_int_equal(g.value_len, 0);
	assert_int_equal(globals_next(area, len, &pos, &g), 0);
}

static void
refuses_what_does_not_fit(void **state)
{
	uint8_t area[32];
	char name[IPC_NAME_MAX + 1];
	size_t len = 0;

	memset(name, 'n', sizeof(name));
	assert_int_equal(globals_add(area, sizeof(area), &len, name, IPC_NAME_MAX, "", 0), -EINVAL);
	assert_int_equal(globals_add(area, sizeof(area), &len, "", 0, "", 0), -EINVAL);
	assert_int_equal(globals_add(area, sizeof(area), &len, "a\0b", 3, "", 0), -EINVAL);
	assert_int_equal(globals_add(area, sizeof(area), &len, "x", 1, name, 28), -ENOSPC);
	assert_int_equal(globals_add(area, sizeof(area), &len, "x", 1, name, 70000), -ENOSPC);
	assert_int_equal(len, 0);
	assert_int_equal(globals_add(area, sizeof(area), &len, "x", 1, name, 27), 0);
	assert_int_equal(len, 32);
}

static void
refuses_every_cut_of_a_record(void **state)
{
	uint8_t area[64];
	size_t len = 0;

	assert_int_equal(globals_add(area, sizeof(area), &len, "alpha", 5, "12345678", 8), 0);
	for (size_t n = 1; n < len; n++) {
		struct global g;
		size_t pos = 0;

		assert_int_equal(globals_next(area, n, &pos, &g), -EINVAL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_back_what_was_added),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(refuses_every_cut_of_a_record),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("globals", tests, NULL, NULL);
}
