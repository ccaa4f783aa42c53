/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "api/logs.h"

#define UID 1000

struct rig {
	struct event_base *base;
	struct logs logs;
};

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->base = event_base_new();
	assert_non_null(r->base);
	logs_init(&r->logs, r->base);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	logs_clear(&r->logs);
	event_base_free(r->base);
	free(r);
	return 0;
}

static uint64_t
keep(struct rig *r, size_t len)
{
	char *text = calloc(1, len);
	uint64_t id = logs_keep(&r->logs, UID, text, len);

	if (!id)
		free(text);
	return id;
}

static int
timer_runs(const struct rig *r)
{
	return event_pending(&r->logs.timer, EV_TIMEOUT, NULL);
}

static void
gives_a_log_to_its_user_only(void **state)
{
	struct rig *r = *state;
	uint64_t id = keep(r, 10);

	assert_non_null(logs_find(&r->logs, UID, id));
	assert_null(logs_find(&r->logs, UID + 1, id));
	assert_null(logs_find(&r->logs, 0, id));
	assert_null(logs_find(&r->logs, UID, id + 1));
}

static void
numbers_grow_and_are_never_0(void **state)
{
	struct rig *r = *state;
	uint64_t first = keep(r, 1), second;

	logs_drop(&r->logs, logs_find(&r->logs, UID, first));
	second = keep(r, 1);
	assert_true(first > 0 && second > first);
}

static void
drops_the_oldest_of_too_many(void **state)
{
	struct rig *r = *state;
	uint64_t first = keep(r, 1);

	for (int i = 1; i < LOGS_MAX; i++)
		keep(r, 1);
	assert_non_null(logs_find(&r->logs, UID, first));
	keep(r, 1);
	assert_null(logs_find(&r->logs, UID, first));
	assert_int_equal(r->logs.n, LOGS_MAX);
}

static void
drops_the_oldest_when_they_are_too_long_together(void **state)
{
	struct rig *r = *state;
	uint64_t first = keep(r, LOGS_BYTES_MAX / 2), second = keep(r, LOGS_BYTES_MAX / 2);
	uint64_t third = keep(r, 1);

	assert_null(logs_find(&r->logs, UID, first));
	assert_non_null(logs_find(&r->logs, UID, second));
	assert_non_null(logs_find(&r->logs, UID, third));
	assert_int_not_equal(keep(r, LOGS_BYTES_MAX), 0);
	assert_int_equal(r->logs.n, 1);
	assert_int_equal(keep(r, LOGS_BYTES_MAX + 1), 0);
	assert_int_equal(r->logs.n, 1);
}

static void
has_a_timer_only_while_there_is_a_log(void **state)
{
	struct rig *r = *state;
	uint64_t id;

	assert_false(timer_runs(r));
	id = keep(r, 1);
	assert_true(timer_runs(r));
	logs_drop(&r->logs, logs_find(&r->logs, UID, id));
	assert_false(timer_runs(r));
	assert_int_equal(r->logs.bytes, 0);
}

static void
drops_what_nobody_fetched_in_time(void **state)
{
	struct rig *r = *state;
	uint64_t old = keep(r, 1), young = keep(r, 1);

	logs_find(&r->logs, UID, old)->until_ms -= LOGS_KEEP_S * 1000;
	event_active(&r->logs.timer, EV_TIMEOUT, 0);
	event_base_loop(r->base, EVLOOP_NONBLOCK);
	assert_null(logs_find(&r->logs, UID, old));
	assert_non_null(logs_find(&r->logs, UID, young));
	assert_true(timer_runs(r));
	logs_find(&r->logs, UID, young)->until_ms -= LOGS_KEEP_S * 1000;
	event_active(&r->logs.timer, EV_TIMEOUT, 0);
	event_base_loop(r->base, EVLOOP_NONBLOCK);
	assert_int_equal(r->logs.n, 0);
	assert_false(timer_runs(r));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_a_log_to_its_user_only),
		TEST(numbers_grow_and_are_never_0),
		TEST(drops_the_oldest_of_too_many),
		TEST(drops_the_oldest_when_they_are_too_long_together),
		TEST(has_a_timer_only_while_there_is_a_log),
		TEST(drops_what_nobody_fetched_in_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
