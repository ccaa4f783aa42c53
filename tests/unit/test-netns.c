/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "oneshot/netns.h"

static const char *
path_of(const char *spec)
{
	static char path[64];

	switch (netns_path(spec, path, sizeof(path))) {
	case 0:
		return path;
	case -EINVAL:
		return "invalid";
	case -ENAMETOOLONG:
		return "long";
	default:
		return "?";
	}
}

static void
takes_a_path_as_it_is(void **state)
{
	assert_string_equal(path_of("/run/netns/a"), "/run/netns/a");
	assert_string_equal(path_of("/proc/12/ns/net"), "/proc/12/ns/net");
}

static void
finds_a_name_where_iproute_keeps_it(void **state)
{
	assert_string_equal(path_of("blue"), "/run/netns/blue");
	assert_string_equal(path_of("..blue"), "/run/netns/..blue");
	assert_string_equal(path_of("."), "invalid");
	assert_string_equal(path_of(".."), "invalid");
	assert_string_equal(path_of("a/b"), "invalid");
	assert_string_equal(path_of(""), "invalid");
}

static void
finds_a_process(void **state)
{
	assert_string_equal(path_of("pid:1"), "/proc/1/ns/net");
	assert_string_equal(path_of("pid:4194304"), "/proc/4194304/ns/net");
	assert_string_equal(path_of("pid:4194305"), "invalid");
	assert_string_equal(path_of("pid:0"), "invalid");
	assert_string_equal(path_of("pid:-1"), "invalid");
	assert_string_equal(path_of("pid: 1"), "invalid");
	assert_string_equal(path_of("pid:1/../2"), "invalid");
	assert_string_equal(path_of("pid:"), "invalid");
}

static void
refuses_what_does_not_fit(void **state)
{
	char spec[200];

	memset(spec, 'a', sizeof(spec));
	spec[199] = '\0';
	assert_string_equal(path_of(spec), "long");
	spec[0] = '/';
	assert_string_equal(path_of(spec), "long");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_path_as_it_is),
		cmocka_unit_test(finds_a_name_where_iproute_keeps_it),
		cmocka_unit_test(finds_a_process),
		cmocka_unit_test(refuses_what_does_not_fit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("netns", tests, NULL, NULL);
}
