/* SPDX-License-Identifier: Apache-2.0 */
/* When a queue sends what, and what it gives up. */
#include "unit/queue_rig.h"

/* ---- bounds ---- */

static void
what_has_no_room_is_dropped_and_counted(void **state)
{
	static char text[QUEUE_ITEM_MAX + 2];
	struct rig r;

	begin(&r);
	r.l.entries = 3;
	assert_int_equal(ftruncate(r.fd, QUEUE_SPOOL_MIN), 0);
	open_queue(&r);
	for (int i = 0; i < 3; i++)
		put(&r, "x");
	assert_int_equal(put_key(&r, 0, "x"), -ENOSPC);
	assert_int_equal(count(&r, "x"), 3);
	memset(text, 'a', sizeof(text) - 1);
	assert_int_equal(put_key(&r, 0, text), -EMSGSIZE);
	text[40000] = '\0';
	put(&r, text);
	assert_int_equal(put_key(&r, 0, text), -ENOSPC);
	assert_int_equal(stats(&r).dropped, 3);
	end(&r);
}

static void
more_items_than_a_lowered_limit_are_kept(void **state)
{
	struct rig r;

	begin(&r);
	open_queue(&r);
	for (int i = 0; i < 9; i++)
		put(&r, "x");
	r.l.entries = 2;
	reopen(&r);
	assert_int_equal(stats(&r).items, 9);
	assert_int_equal(put_key(&r, 0, "x"), -ENOSPC);
	assert_int_equal(count(&r, "x"), 9);
	end(&r);
}

static void
what_is_too_old_is_given_up(void **state)
{
	struct rig r;

	begin(&r);
	r.l.max_age_s = 60;
	r.l.entries = 2;
	open_queue(&r);
	put(&r, "old");
	r.wall += 30;
	put(&r, "younger");
	r.wall += 31;
	put(&r, "new");		/* there is room: the old one is gone */
	assert_int_equal(stats(&r).expired, 1);
	r.wall += 30;
	reopen(&r);
	assert_int_equal(stats(&r).expired, 1);
	assert_int_equal(count(&r, "new"), 1);
	end(&r);
}

/* ---- batches ---- */

static void
a_batch_is_what_waits_up_to_its_limits(void **state)
{
	struct rig r;

	begin(&r);
	r.l.batch = 4;
	r.l.batch_bytes = 30;
	open_queue(&r);
	for (int i = 0; i < 5; i++)
		put(&r, "x");
	put(&r, "a text of twenty-four by");
	put(&r, "another");
	take(&r, 4);
	assert_int_equal(done(&r, QUEUE_DELIVERED), 4);
	take(&r, 2);
	is(&r, 1, "a text of twenty-four by");
	assert_int_equal(done(&r, QUEUE_DELIVERED), 2);
	take(&r, 1);
	end(&r);
}

static void
the_first_item_waits_for_others_but_not_when_they_fill_a_batch(void **state)
{
	struct rig r;

	begin(&r);
	r.l.batch = 3;
	r.l.gather_ns = 2 * S;
	open_queue(&r);
	put(&r, "one");
	assert_int_equal(waits(&r), 2 * S);
	r.now += S;
	put(&r, "two");
	take(&r, 0);
	assert_int_equal(waits(&r), S);
	put(&r, "three");
	take(&r, 3);
	end(&r);
}

/* Which of them it is that the server refuses is found by halves. */
static void
of_a_refused_batch_only_what_is_refused_alone_is_given_up(void **state)
{
	bool given_up = false;
	size_t messages = 0;
	struct rig r;

	begin(&r);
	r.l.batch = 8;
	open_queue(&r);
	for (int i = 0; i < 8; i++)
		put(&r, i == 5 ? "bad" : "good");
	while ((r.n = queue_take(r.q, r.items, ROOM, r.now, r.wall)) && messages++ < 20) {
		bool bad = false;

		for (size_t i = 0; i < r.n; i++)
			bad |= r.items[i].len == 3;
		given_up |= done(&r, bad ? QUEUE_REFUSED : QUEUE_DELIVERED) && bad;
	}
	assert_true(given_up);
	assert_int_equal(stats(&r).refused, 1);
	assert_int_equal(stats(&r).delivered, 7);
	assert_int_equal(stats(&r).items, 0);
	assert_true(messages <= 10);
	end(&r);
}

/* ---- failures ---- */

static void
failures_wait_longer_each_time_and_not_all_alike(void **state)
{
	uint64_t most = S, seen[6];
	struct rig r;

	begin(&r);
	open_queue(&r);
	put(&r, "one");
	for (int i = 0; i < 6; i++) {
		take(&r, 1);
		assert_int_equal(done(&r, QUEUE_UNREACHED), 0);
		seen[i] = waits(&r);
		assert_true(seen[i] >= most / 2 && seen[i] <= most);
		if (most < 8 * S)
			most *= 2;
		take(&r, 0);
		r.now += seen[i];
	}
	assert_true(seen[3] != seen[4] || seen[4] != seen[5]);
	take(&r, 1);
	done(&r, QUEUE_DELIVERED);
	put(&r, "two");
	take(&r, 1);
	done(&r, QUEUE_LATER);
	assert_true(waits(&r) <= S);
	assert_int_equal(stats(&r).failures, 7);
	end(&r);
}

static void
what_the_server_asks_for_is_believed_for_an_hour_at_most(void **state)
{
	struct rig r;

	begin(&r);
	open_queue(&r);
	put(&r, "one");
	take(&r, 1);
	queue_done(r.q, QUEUE_LATER, 100 * S, r.now);
	assert_int_equal(waits(&r), 100 * S);
	r.now += 100 * S;
	take(&r, 1);
	queue_done(r.q, QUEUE_LATER, UINT64_MAX, r.now);
	assert_int_equal(waits(&r), 3600 * S);
	end(&r);
}

static void
an_answer_uses_up_a_try_and_no_answer_does_not(void **state)
{
	struct rig r;

	begin(&r);
	r.l.tries = 3;
	open_queue(&r);
	put(&r, "one");
	put(&r, "two");
	for (int i = 0; i < 50; i++) {
		take(&r, 1);
		assert_int_equal(done(&r, QUEUE_UNREACHED), 0);
		r.now += 8 * S;
	}
	for (int i = 0; i < 3; i++) {
		take(&r, 1);
		is(&r, 0, "one");
		assert_int_equal(done(&r, QUEUE_LATER), i == 2);
		r.now += 8 * S;
	}
	assert_int_equal(stats(&r).refused, 1);
	take(&r, 1);
	is(&r, 0, "two");
	end(&r);
}

static void
the_breaker_opens_tries_one_message_and_closes(void **state)
{
	struct rig r;

	begin(&r);
	r.l.batch = 4;
	r.l.breaker_after = 3;
	r.l.breaker_ns = 60 * S;
	open_queue(&r);
	for (int i = 0; i < 4; i++)
		put(&r, "x");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(stats(&r).breaker, BREAKER_CLOSED);
		take(&r, 4);
		done(&r, QUEUE_UNREACHED);
		r.now += waits(&r);
	}
	assert_int_equal(stats(&r).breaker, BREAKER_OPEN);
	take(&r, 4);
	assert_int_equal(stats(&r).breaker, BREAKER_PROBE);
	done(&r, QUEUE_LATER);
	assert_int_equal(stats(&r).breaker, BREAKER_OPEN);
	assert_int_equal(waits(&r), 60 * S);
	take(&r, 0);
	r.now += 60 * S;
	take(&r, 4);
	done(&r, QUEUE_DELIVERED);
	assert_int_equal(stats(&r).breaker, BREAKER_CLOSED);
	end(&r);
}

static void
a_message_that_failed_is_tried_again_as_it_was(void **state)
{
	struct rig r;

	begin(&r);
	r.l.batch = 4;
	open_queue(&r);
	put(&r, "one");
	put(&r, "two");
	take(&r, 2);
	done(&r, QUEUE_UNREACHED);
	put(&r, "three");
	r.now += 8 * S;
	take(&r, 2);
	done(&r, QUEUE_LATER);
	r.now += 8 * S;
	take(&r, 2);
	is(&r, 0, "one");
	done(&r, QUEUE_DELIVERED);
	take(&r, 1);
	is(&r, 0, "three");
	end(&r);
}

/* ---- rates ---- */

static void
so_many_messages_go_at_once_and_then_one_by_one(void **state)
{
	struct rig r;

	begin(&r);
	r.l.rate = 6;
	r.l.rate_ns = 60 * S;
	open_queue(&r);
	for (int i = 0; i < 10; i++)
		put(&r, "x");
	assert_int_equal(count(&r, NULL), 6);
	assert_int_equal(waits(&r), 10 * S);
	r.now += 10 * S;
	assert_int_equal(count(&r, NULL), 1);
	r.now += 25 * S;
	assert_int_equal(count(&r, NULL), 2);
	end(&r);
}

static void
over_its_rate_a_key_waits_for_the_digest(void **state)
{
	struct rig r;

	begin(&r);
	r.l.batch = 50;
	r.l.key_rate = 2;
	r.l.key_ns = 3600 * S;
	r.l.digest_ns = 600 * S;
	open_queue(&r);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(put_key(&r, 5, "noisy"), 1);
		take(&r, 1);
		done(&r, QUEUE_DELIVERED);
	}
	for (int i = 0; i < 20; i++)
		assert_int_equal(put_key(&r, 5, "noisy"), 1);
	take(&r, 0);
	assert_int_equal(waits(&r), 600 * S);
	r.now += 100 * S;
	assert_int_equal(put_key(&r, 6, "rare"), 1);
	take(&r, 21);			/* a message goes: all go with it, in order */
	is(&r, 0, "noisy");
	is(&r, 20, "rare");
	done(&r, QUEUE_DELIVERED);
	assert_int_equal(put_key(&r, 5, "noisy"), 1);
	assert_int_equal(waits(&r), 600 * S);
	r.now += 600 * S;
	take(&r, 1);
	done(&r, QUEUE_DELIVERED);
	r.now += 1200 * S;		/* half an hour since the second: one more is allowed */
	assert_int_equal(put_key(&r, 5, "noisy"), 1);
	take(&r, 1);
	end(&r);
}

static void
with_a_digest_and_no_rate_all_wait(void **state)
{
	struct rig r;

	begin(&r);
	r.l.batch = 2;
	r.l.digest_ns = 600 * S;
	open_queue(&r);
	for (int i = 0; i < 5; i++)
		assert_int_equal(put_key(&r, (uint64_t)i, "x"), 1);
	take(&r, 0);
	r.now += 600 * S;
	for (int i = 0; i < 2; i++) {
		take(&r, 2);
		done(&r, QUEUE_DELIVERED);
	}
	take(&r, 1);
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_no_room_is_dropped_and_counted),
		cmocka_unit_test(more_items_than_a_lowered_limit_are_kept),
		cmocka_unit_test(what_is_too_old_is_given_up),
		cmocka_unit_test(a_batch_is_what_waits_up_to_its_limits),
		cmocka_unit_test(the_first_item_waits_for_others_but_not_when_they_fill_a_batch),
		cmocka_unit_test(of_a_refused_batch_only_what_is_refused_alone_is_given_up),
		cmocka_unit_test(failures_wait_longer_each_time_and_not_all_alike),
		cmocka_unit_test(what_the_server_asks_for_is_believed_for_an_hour_at_most),
		cmocka_unit_test(an_answer_uses_up_a_try_and_no_answer_does_not),
		cmocka_unit_test(the_breaker_opens_tries_one_message_and_closes),
		cmocka_unit_test(a_message_that_failed_is_tried_again_as_it_was),
		cmocka_unit_test(so_many_messages_go_at_once_and_then_one_by_one),
		cmocka_unit_test(over_its_rate_a_key_waits_for_the_digest),
		cmocka_unit_test(with_a_digest_and_no_rate_all_wait),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alerts-queue", tests, NULL, NULL);
}
