/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the file of a queue outlives whoever put it there. */
#include "unit/queue_rig.h"

/* ---- in order, and nothing is lost ---- */

static void
items_leave_in_the_order_in_which_they_came(void **state)
{
	struct rig r;

	begin(&r);
	open_queue(&r);
	assert_true(queue_due(r.q) == UINT64_MAX);
	put(&r, "one");
	put(&r, "two");
	take(&r, 1);
	is(&r, 0, "one");
	assert_int_equal(r.items[0].number, 1);
	assert_int_equal(r.items[0].wall_s, WALL);
	assert_int_equal(done(&r, QUEUE_DELIVERED), 1);
	take(&r, 1);
	is(&r, 0, "two");
	assert_int_equal(done(&r, QUEUE_DELIVERED), 1);
	take(&r, 0);
	assert_int_equal(stats(&r).delivered, 2);
	assert_int_equal(stats(&r).items, 0);
	end(&r);
}

static void
one_message_is_under_way_at_a_time(void **state)
{
	struct rig r;

	begin(&r);
	open_queue(&r);
	put(&r, "one");
	put(&r, "two");
	take(&r, 1);
	assert_true(queue_due(r.q) == UINT64_MAX);
	take(&r, 0);
	end(&r);
}

static void
what_was_put_is_there_after_a_kill_and_what_was_delivered_is_not(void **state)
{
	struct rig r;

	begin(&r);
	open_queue(&r);
	put(&r, "one");
	put(&r, "two");
	put(&r, "three");
	take(&r, 1);
	done(&r, QUEUE_DELIVERED);
	take(&r, 1);
	is(&r, 0, "two");		/* sent, but not done */
	reopen(&r);
	take(&r, 1);
	is(&r, 0, "two");
	assert_int_equal(r.items[0].number, 2);
	done(&r, QUEUE_DELIVERED);
	take(&r, 1);
	is(&r, 0, "three");
	end(&r);
}

static void
an_event_that_is_put_again_is_known(void **state)
{
	struct rig r;

	begin(&r);
	open_queue(&r);
	put(&r, "one");
	put(&r, "two");
	r.seq = 0;
	assert_int_equal(put_key(&r, 0, "one"), 0);
	reopen(&r);
	assert_int_equal(put_key(&r, 0, "two"), 0);
	for (int i = 0; i < 2; i++) {
		take(&r, 1);
		done(&r, QUEUE_DELIVERED);
	}
	reopen(&r);			/* the file is empty, and knows it still */
	r.seq = 0;
	assert_int_equal(put_key(&r, 0, "one"), 0);
	assert_int_equal(put_key(&r, 0, "two"), 0);
	assert_int_equal(put_key(&r, 0, "three"), 1);
	assert_int_equal(stats(&r).repeated, 2);
	end(&r);
}

static void
events_of_another_ring_are_new_whatever_their_number(void **state)
{
	struct queue_item i = { .epoch = 2, .seq = 1, .wall_s = WALL, .bytes = "x", .len = 1 };
	struct rig r;

	begin(&r);
	open_queue(&r);
	put(&r, "one");
	put(&r, "two");
	assert_int_equal(queue_put(r.q, &i, r.now), 1);
	assert_int_equal(queue_put(r.q, &i, r.now), 0);
	end(&r);
}

/* Long enough for the file to go round many times, with sizes that fall on every border. */
static void
the_file_goes_round(void **state)
{
	static char text[5000];
	struct rig r;

	begin(&r);
	assert_int_equal(ftruncate(r.fd, QUEUE_SPOOL_MIN), 0);
	open_queue(&r);
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < 300; i++) {
		size_t len = 4000 + i % 8;

		text[len] = '\0';
		text[0] = (char)('A' + i % 26);
		put(&r, text);
		text[len] = 'a';
		if (i % 7 == 0)
			reopen(&r);
		if (i < 10)
			continue;	/* ten stay in it */
		take(&r, 1);
		assert_int_equal(*(const char *)r.items[0].bytes, 'A' + (i - 10) % 26);
		assert_int_equal(r.items[0].len, 4000 + (i - 10) % 8);
		assert_int_equal(done(&r, QUEUE_DELIVERED), 1);
	}
	assert_int_equal(stats(&r).items, 10);
	assert_int_equal(stats(&r).damaged, 0);
	end(&r);
}

/* ---- the file, after anything ---- */

static void
read_all(int fd, char *to, size_t size)
{
	assert_int_equal(pread(fd, to, size, 0), size);
}

/* The kernel may have taken any first part of what was being written when the process died. */
static void
a_kill_at_any_byte_of_a_put_loses_nothing_that_was_there(void **state)
{
	static char before[QUEUE_SPOOL_MIN], after[QUEUE_SPOOL_MIN], mixed[QUEUE_SPOOL_MIN];
	struct rig r;
	size_t n;

	begin(&r);
	assert_int_equal(ftruncate(r.fd, QUEUE_SPOOL_MIN), 0);
	open_queue(&r);
	put(&r, "first");
	read_all(r.fd, before, sizeof(before));
	put(&r, "the second, which is being written");
	read_all(r.fd, after, sizeof(after));
	for (size_t cut = 4096; cut < 4096 + 300; cut++) {
		memcpy(mixed, before, sizeof(mixed));
		memcpy(mixed, after, cut);
		assert_int_equal(pwrite(r.fd, mixed, sizeof(mixed), 0), sizeof(mixed));
		reopen(&r);
		n = count(&r, "first");
		assert_true(n == 1 || n == 2);
		assert_int_equal(stats(&r).damaged, 0);
	}
	end(&r);
}

static void
a_kill_at_any_byte_of_a_release_repeats_and_loses_nothing(void **state)
{
	static char before[QUEUE_SPOOL_MIN], after[QUEUE_SPOOL_MIN], mixed[QUEUE_SPOOL_MIN];
	struct rig r;
	size_t n;

	begin(&r);
	assert_int_equal(ftruncate(r.fd, QUEUE_SPOOL_MIN), 0);
	open_queue(&r);
	put(&r, "first");
	put(&r, "second");
	read_all(r.fd, before, sizeof(before));
	take(&r, 1);
	done(&r, QUEUE_DELIVERED);
	read_all(r.fd, after, sizeof(after));
	assert_memory_not_equal(before, after, 4096);
	for (size_t cut = 0; cut < 4096; cut += cut < 128 || (cut >= 2000 && cut < 2200) ? 1 : 64) {
		memcpy(mixed, before, sizeof(mixed));
		memcpy(mixed, after, cut);
		assert_int_equal(pwrite(r.fd, mixed, sizeof(mixed), 0), sizeof(mixed));
		reopen(&r);
		n = count(&r, NULL);
		assert_true(n == 1 || n == 2);
		assert_int_equal(stats(&r).damaged, 0);
	}
	end(&r);
}

static void
damage_is_counted_and_the_rest_goes_on(void **state)
{
	struct rig r;

	begin(&r);
	open_queue(&r);
	put(&r, "zero");
	for (int i = 0; i < 5; i++)
		put(&r, "something");
	take(&r, 1);
	done(&r, QUEUE_DELIVERED);	/* the state says that five are there */
	assert_int_equal(pwrite(r.fd, "X", 1, 4096 + 3 * 80 + 64), 1);
	reopen(&r);
	assert_int_equal(stats(&r).damaged, 3);	/* what lies behind it cannot be found */
	assert_int_equal(stats(&r).items, 2);
	put(&r, "something");		/* over the damaged one: what follows must not come back */
	reopen(&r);
	assert_int_equal(stats(&r).damaged, 0);
	assert_int_equal(count(&r, "something"), 3);
	end(&r);
}

static void
damage_while_it_runs_is_counted_too(void **state)
{
	struct rig r;

	begin(&r);
	open_queue(&r);
	put(&r, "something");
	put(&r, "good");
	assert_int_equal(pwrite(r.fd, "X", 1, 4096 + 64), 1);
	take(&r, 1);
	is(&r, 0, "good");
	assert_int_equal(stats(&r).damaged, 1);
	end(&r);
}

static void
a_file_of_something_else_is_begun_again_and_counted(void **state)
{
	struct rig r;
	uint64_t id;

	begin(&r);
	assert_int_equal(pwrite(r.fd, "#!/bin/sh\n", 10, 0), 10);
	open_queue(&r);
	assert_int_equal(stats(&r).damaged, 1);
	put(&r, "one");
	id = queue_id(r.q);
	reopen(&r);
	assert_int_equal(stats(&r).damaged, 0);
	assert_true(queue_id(r.q) == id);
	assert_int_equal(count(&r, "one"), 1);
	end(&r);
}

static void
a_file_that_has_grown_is_used_in_full_when_it_has_been_empty(void **state)
{
	struct rig r;
	uint64_t small;

	begin(&r);
	assert_int_equal(ftruncate(r.fd, QUEUE_SPOOL_MIN), 0);
	open_queue(&r);
	small = stats(&r).spool_bytes;
	put(&r, "one");
	assert_int_equal(ftruncate(r.fd, 4 * QUEUE_SPOOL_MIN), 0);
	reopen(&r);
	assert_int_equal(stats(&r).spool_bytes, small);
	assert_int_equal(count(&r, "one"), 1);
	assert_true(stats(&r).spool_bytes > 3 * small);
	put(&r, "two");
	reopen(&r);
	assert_int_equal(count(&r, "two"), 1);
	end(&r);
}

static void
wrong_limits_and_files_are_refused(void **state)
{
	struct queue *q = NULL;
	struct rig r;

	begin(&r);
	r.l.batch = 0;
	assert_int_equal(queue_open(&r.l, r.fd, 1, r.now, r.wall, &q), -EINVAL);
	r.l.batch = 1;
	r.l.rate = 1;
	assert_int_equal(queue_open(&r.l, r.fd, 1, r.now, r.wall, &q), -EINVAL);
	r.l.rate = 0;
	assert_int_equal(ftruncate(r.fd, QUEUE_SPOOL_MIN - 4096), 0);
	assert_int_equal(queue_open(&r.l, r.fd, 1, r.now, r.wall, &q), -EINVAL);
	assert_null(q);
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_leave_in_the_order_in_which_they_came),
		cmocka_unit_test(one_message_is_under_way_at_a_time),
		cmocka_unit_test(what_was_put_is_there_after_a_kill_and_what_was_delivered_is_not),
		cmocka_unit_test(an_event_that_is_put_again_is_known),
		cmocka_unit_test(events_of_another_ring_are_new_whatever_their_number),
		cmocka_unit_test(the_file_goes_round),
		cmocka_unit_test(a_kill_at_any_byte_of_a_put_loses_nothing_that_was_there),
		cmocka_unit_test(a_kill_at_any_byte_of_a_release_repeats_and_loses_nothing),
		cmocka_unit_test(damage_is_counted_and_the_rest_goes_on),
		cmocka_unit_test(damage_while_it_runs_is_counted_too),
		cmocka_unit_test(a_file_of_something_else_is_begun_again_and_counted),
		cmocka_unit_test(a_file_that_has_grown_is_used_in_full_when_it_has_been_empty),
		cmocka_unit_test(wrong_limits_and_files_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alerts-spool", tests, NULL, NULL);
}
