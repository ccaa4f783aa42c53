/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ipc/options.h"

static void
come_back_in_the_order_of_adding(void **state)
{
	char options[IPC_OPTIONS_MAX] = "", name[IPC_OPTION_NAME_MAX];
	const char *value;
	size_t at = 0;

	assert_int_equal(options_add(options, "function", "main=x"), 0);
	assert_int_equal(options_add(options, "pid", ""), 0);
	assert_int_equal(options_len(options), sizeof("function=main=x") + sizeof("pid="));
	assert_true(options_ok(options));
	assert_true(options_each(options, &at, name, &value));
	assert_string_equal(name, "function");
	assert_string_equal(value, "main=x");
	assert_true(options_each(options, &at, name, &value));
	assert_string_equal(name, "pid");
	assert_string_equal(value, "");
	assert_false(options_each(options, &at, name, &value));
	assert_string_equal(options_get(options, "function"), "main=x");
	assert_null(options_get(options, "func"));
	assert_null(options_get(options, "offset"));
}

static void
refuse_names_and_values_that_are_none(void **state)
{
	char options[IPC_OPTIONS_MAX] = "";
	static const char *const bad[] = { "", "A", "a b", "a=b", "a\n",
		"a-name-that-is-one-byte-too-long" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(options_add(options, bad[i], "x"), -EINVAL);
	assert_int_equal(options_add(options, "a", "line\nbreak"), -EINVAL);
	assert_int_equal(options_add(options, "a", "\x7f"), -EINVAL);
	assert_int_equal(options_add(options, "a", "1"), 0);
	assert_int_equal(options_add(options, "a", "2"), -EEXIST);
	assert_string_equal(options_get(options, "a"), "1");
}

static void
refuse_more_than_there_is_room_for(void **state)
{
	char options[IPC_OPTIONS_MAX] = "", value[IPC_OPTIONS_MAX + 1];

	memset(value, 'v', sizeof(value));
	value[IPC_OPTIONS_MAX - 3] = '\0';
	assert_int_equal(options_add(options, "a", value), -ENOSPC);
	assert_int_equal(options_len(options), 0);
	value[IPC_OPTIONS_MAX - 4] = '\0';
	assert_int_equal(options_add(options, "a", value), 0);
	assert_true(options_ok(options));
	assert_int_equal(options_add(options, "b", ""), -ENOSPC);
}

static void
what_no_adding_makes_is_not_ok(void **state)
{
	char options[IPC_OPTIONS_MAX] = "";

	assert_true(options_ok(options));
	memcpy(options, "a=1\0a=2", sizeof("a=1\0a=2"));
	assert_false(options_ok(options));
	memset(options, 0, sizeof(options));
	memcpy(options, "a=1\0\0b=2", sizeof("a=1\0\0b=2"));
	assert_false(options_ok(options));
	memset(options, 0, sizeof(options));
	memcpy(options, "novalue", sizeof("novalue"));
	assert_false(options_ok(options));
	memset(options, 'a', sizeof(options));
	options[1] = '=';
	assert_false(options_ok(options));
	options[IPC_OPTIONS_MAX - 1] = '\0';
	assert_false(options_ok(options));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(come_back_in_the_order_of_adding),
		cmocka_unit_test(refuse_names_and_values_that_are_none),
		cmocka_unit_test(refuse_more_than_there_is_room_for),
		cmocka_unit_test(what_no_adding_makes_is_not_ok),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
