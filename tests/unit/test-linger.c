/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "enricher/linger.h"

#define USUAL 1000000

struct run { uint64_t looks, longest; double wait_ns; };

/* A loop as the enricher's for a second: bursts of events, a time between them. */
static struct run
run(uint64_t usual_ns, uint64_t every_ns, uint64_t burst, unsigned int fill, bool urgent)
{
	uint64_t now = 1000000000, next = now, end = now + 1000000000, waited = 0, events = 0;
	struct run got = { 0 };
	bool lingering = false;
	struct linger l;

	linger_init(&l, usual_ns);
	while (now < end) {
		uint64_t n = 0;

		now = lingering ? now + l.ns : now < next ? next : now;
		for (; next <= now; next += every_ns) {
			n += burst;
			waited += (now - next) * burst;
		}
		events += n;
		now += 2000;
		linger_note(&l, now, n, n || lingering, lingering, fill, urgent);
		lingering = n || linger_streams(&l);
		got.looks++;
		got.longest = l.ns > got.longest ? l.ns : got.longest;
	}
	got.wait_ns = (double)waited / (double)events;
	return got;
}

static void
an_event_that_comes_alone_does_not_wait(void **state)
{
	struct run r = run(USUAL, 2000000, 1, 0, false);

	assert_true(r.wait_ns < 1000);
	assert_int_equal(r.longest, LINGER_FROM_NS);
}

static void
a_thousand_a_second_hardly_wait(void **state)
{
	assert_true(run(USUAL, 1000000, 1, 0, false).wait_ns < 1000);
	assert_true(run(USUAL, 4000000, 4, 0, false).wait_ns < 1000);
}

static void
an_exec_storm_wakes_nobody(void **state)
{
	struct run r = run(USUAL, 350000, 1, 0, false);

	assert_true(r.looks < 400);
	assert_int_equal(r.longest, LINGER_TIMES * USUAL);
}

static void
tens_of_thousands_share_a_wake_up(void **state)
{
	assert_true(run(USUAL, 50000, 1, 0, false).looks < 20000 / 50);
	assert_true(run(USUAL, 1150000, 20, 0, false).looks < 20000 / 50);
	assert_true(run(USUAL / 5, 1150000, 20, 0, false).looks < 1400);
}

static void
hundreds_of_thousands_wait_as_long_as_configured(void **state)
{
	struct run r = run(USUAL, 3000, 1, 0, false);

	assert_true(r.longest > USUAL / 2 && r.longest <= USUAL);
	assert_true(r.looks < 1400);
	assert_int_equal(run(USUAL / 5, 3000, 1, 0, false).longest, USUAL / 5);
}

static void
nothing_waits_longer_than_it_may(void **state)
{
	const uint64_t every[] = { 3000, 20000, 50000, 100000, 250000, 400000, 1000000 };

	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
		assert_true(run(USUAL, every[i], 1, 0, false).longest <= LINGER_TIMES * USUAL);
		assert_true(run(USUAL, every[i], 1, 0, true).longest <= USUAL);
		assert_true(run(3 * USUAL, every[i], 1, 0, false).longest <= LINGER_MOST_NS);
		assert_true(run(9 * USUAL, every[i], 1, 0, false).longest <= 9 * USUAL);
		assert_int_equal(run(0, every[i], 1, 0, false).longest, 0);
	}
}

static void
rings_that_fill_up_are_looked_at_sooner(void **state)
{
	assert_true(run(USUAL, 3000, 1, 4, false).longest < LINGER_FROM_NS);
}

static void
a_stream_that_ends_is_left_alone(void **state)
{
	struct linger l;
	uint64_t now = 0;
	int looks = 0;

	linger_init(&l, USUAL);
	linger_note(&l, now, 100000, true, true, 0, false);
	for (; linger_streams(&l); looks++)
		linger_note(&l, now += l.ns, 0, true, true, 0, false);
	assert_true(looks < 100);
	assert_true(now < 100 * LINGER_FLOW_NS);
	assert_int_equal(l.ns, LINGER_FROM_NS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_that_comes_alone_does_not_wait),
		cmocka_unit_test(a_thousand_a_second_hardly_wait),
		cmocka_unit_test(an_exec_storm_wakes_nobody),
		cmocka_unit_test(tens_of_thousands_share_a_wake_up),
		cmocka_unit_test(hundreds_of_thousands_wait_as_long_as_configured),
		cmocka_unit_test(nothing_waits_longer_than_it_may),
		cmocka_unit_test(rings_that_fill_up_are_looked_at_sooner),
		cmocka_unit_test(a_stream_that_ends_is_left_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("linger", tests, NULL, NULL);
}
