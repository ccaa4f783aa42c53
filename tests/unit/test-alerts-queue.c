/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "alerts/queue.h"

#define S	1000000000ull		/* ns */
#define T0	(1000 * S)		/* the clock when a test begins */
#define WALL	1800000000ull
#define ROOM	64

struct rig {
	struct queue_limits l;
	struct queue *q;
	int fd;
	uint64_t now, wall, seq;
	struct queue_item items[ROOM];
	size_t n;
};

static void
open_queue(struct rig *r)
{
	assert_int_equal(queue_open(&r->l, r->fd, 7, r->now, r->wall, &r->q), 0);
}

/* Limits: one item each, retried after 1 to 8 s, nothing else. */
static void
begin(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	r->l = (struct queue_limits){ .entries = 1000, .batch = 1, .retry_first_ns = S, .retry_most_ns = 8 * S };
	r->now = T0;
	r->wall = WALL;
	r->fd = memfd_create("spool", MFD_CLOEXEC);
	assert_true(r->fd >= 0);
	assert_int_equal(ftruncate(r->fd, 1 << 20), 0);
}

static void
end(struct rig *r)
{
	queue_free(r->q);
	close(r->fd);
}

/* As after a kill: nothing but the file is left. */
static void
reopen(struct rig *r)
{
	queue_free(r->q);
	open_queue(r);
}

static int
put_key(struct rig *r, uint64_t key, const char *text)
{
	struct queue_item i = { .epoch = 1, .seq = ++r->seq, .key = key, .wall_s = r->wall, .bytes = text,
		.len = strlen(text) };

	return queue_put(r->q, &i, r->now);
}

static void
put(struct rig *r, const char *text)
{
	assert_int_equal(put_key(r, 0, text), 1);
}

static void
take(struct rig *r, size_t expected)
{
	r->n = queue_take(r->q, r->items, ROOM, r->now, r->wall);
	assert_int_equal(r->n, expected);
}

static void
is(const struct rig *r, size_t i, const char *text)
{
	assert_true(i < r->n);
	assert_int_equal(r->items[i].len, strlen(text));
	assert_memory_equal(r->items[i].bytes, text, r->items[i].len);
}

static size_t
done(struct rig *r, enum queue_result result)
{
	return queue_done(r->q, result, 0, r->now);
}

static struct queue_stats
stats(const struct rig *r)
{
	struct queue_stats s;

	queue_stats(r->q, &s);
	return s;
}

/* How long it waits from now. */
static uint64_t
waits(const struct rig *r)
{
	uint64_t due = queue_due(r->q);

	return due > r->now ? due - r->now : 0;
}

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

static size_t
count(struct rig *r, const char *first)
{
	size_t n = 0;

	while (queue_take(r->q, r->items, ROOM, r->now, r->wall) == 1) {
		r->n = 1;
		if (!n && first)
			is(r, 0, first);
		done(r, QUEUE_DELIVERED);
		n++;
	}
	return n;
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
