/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_RING_BOTH_H
#define BPFD_TESTS_RING_BOTH_H

/* A ring with both of its ends, for tests of them.  Behind cmocka.h. */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ring/layout.h"

#define BYTES RING_BYTES_MIN

struct both {
	int fd, ro, cursor, event;
	struct ring *r;
	struct ring_reader *c;
};

static inline struct both
both_open(void)
{
	struct both b = { .fd = ring_memfd(BYTES), .cursor = ring_cursor_memfd(),
		.event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };

	b.ro = ring_readonly(b.fd);
	assert_true(b.fd >= 0 && b.ro >= 0 && b.cursor >= 0 && b.event >= 0);
	assert_int_equal(ring_new(b.fd, BYTES, &b.r), 0);
	assert_int_equal(ring_open(b.ro, b.cursor, &b.c), 0);
	assert_int_equal(ring_watch(b.r, b.cursor, b.event), 0);
	return b;
}

static inline void
both_close(struct both *b)
{
	ring_free(b->r);
	ring_close(b->c);
	close(b->fd);
	close(b->ro);
	close(b->cursor);
	close(b->event);
}

/* A record of len bytes that all say value. */
static inline uint64_t
put(struct ring *r, size_t len, uint64_t value)
{
	void *p;
	uint64_t seq = ring_reserve(r, len, &p);

	for (size_t i = 0; i < len / 8; i++)
		((uint64_t *)p)[i] = value;
	ring_push(r);
	return seq;
}

#endif
