/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_QUEUE_RIG_H
#define BPFD_TESTS_QUEUE_RIG_H

/* A queue in a spool of memory, with a clock that stands still. */
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

static inline void
open_queue(struct rig *r)
{
	assert_int_equal(queue_open(&r->l, r->fd, 7, r->now, r->wall, &r->q), 0);
}

/* Limits: one item each, retried after 1 to 8 s, nothing else. */
static inline void
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

static inline void
end(struct rig *r)
{
	queue_free(r->q);
	close(r->fd);
}

/* As after a kill: nothing but the file is left. */
static inline void
reopen(struct rig *r)
{
	queue_free(r->q);
	open_queue(r);
}

static inline int
put_key(struct rig *r, uint64_t key, const char *text)
{
	struct queue_item i = { .epoch = 1, .seq = ++r->seq, .key = key, .wall_s = r->wall, .bytes = text,
		.len = strlen(text) };

	return queue_put(r->q, &i, r->now);
}

static inline void
put(struct rig *r, const char *text)
{
	assert_int_equal(put_key(r, 0, text), 1);
}

static inline void
take(struct rig *r, size_t expected)
{
	r->n = queue_take(r->q, r->items, ROOM, r->now, r->wall);
	assert_int_equal(r->n, expected);
}

static inline void
is(const struct rig *r, size_t i, const char *text)
{
	assert_true(i < r->n);
	assert_int_equal(r->items[i].len, strlen(text));
	assert_memory_equal(r->items[i].bytes, text, r->items[i].len);
}

static inline size_t
done(struct rig *r, enum queue_result result)
{
	return queue_done(r->q, result, 0, r->now);
}

static inline struct queue_stats
stats(const struct rig *r)
{
	struct queue_stats s;

	queue_stats(r->q, &s);
	return s;
}

/* How long it waits from now. */
static inline uint64_t
waits(const struct rig *r)
{
	uint64_t due = queue_due(r->q);

	return due > r->now ? due - r->now : 0;
}

static inline size_t
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

#endif
