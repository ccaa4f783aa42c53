/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpfd/backoff.h"

static void
waits_the_shortest_first_and_doubles_up_to_the_longest(void **state)
{
	static const uint64_t expected[] = { 10, 20, 40, 80, 100, 100 };
	struct backoff b = { 0 };

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(backoff_next(&b, 0, 10, 100), expected[i]);
}

static void
starts_over_after_a_long_life(void **state)
{
	struct backoff b = { 0 };

	for (int i = 0; i < 5; i++)
		backoff_next(&b, BACKOFF_LIFE_MS - 1, 10, 10000);
	assert_int_equal(b.wait_ms, 160);
	assert_int_equal(backoff_next(&b, BACKOFF_LIFE_MS, 10, 10000), 10);
	assert_int_equal(backoff_next(&b, 0, 10, 10000), 20);
}

static void
never_waits_less_than_the_shortest_of_a_new_configuration(void **state)
{
	struct backoff b = { 0 };

	backoff_next(&b, 0, 10, 1000);
	assert_int_equal(backoff_next(&b, 0, 500, 1000), 500);
	assert_int_equal(backoff_next(&b, 0, 10, 100), 100);
}

static void
takes_the_shortest_when_the_longest_is_shorter(void **state)
{
	struct backoff b = { 0 };

	assert_int_equal(backoff_next(&b, 0, 500, 10), 500);
	assert_int_equal(backoff_next(&b, 0, 500, 10), 500);
}

static void
does_not_overflow(void **state)
{
	struct backoff b = { UINT64_MAX - 1 };

	assert_int_equal(backoff_next(&b, 0, 1, UINT64_MAX), UINT64_MAX);
	assert_int_equal(backoff_next(&b, 0, 1, UINT64_MAX), UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_the_shortest_first_and_doubles_up_to_the_longest),
		cmocka_unit_test(starts_over_after_a_long_life),
		cmocka_unit_test(never_waits_less_than_the_shortest_of_a_new_configuration),
		cmocka_unit_test(takes_the_shortest_when_the_longest_is_shorter),
		cmocka_unit_test(does_not_overflow),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
