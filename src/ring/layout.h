/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RING_LAYOUT_H
#define BPFD_RING_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "ring/ring.h"

/*
 * How the ring lies in its memfd: RING_HEAD_BYTES of header, then the data, a power of two.
 * Positions only grow; the byte of position p is data[p & (data_bytes - 1)].  Both sides map the
 * data twice, one behind the other, so that no record wraps.
 */
#define RING_MAGIC	0x32676e6972667062ull	/* "bpfring2" */
#define RING_CURSOR_MAGIC 0x3172756372667062ull	/* "bpfrcur1" */
#define RING_CURSOR_PAUSED 0x3170757372667062ull	/* "bpfrsup1": no place worth keeping */
#define RING_HEAD_BYTES	65536			/* a multiple of every page size */
#define RING_MARKS	64

/* In front of each record; the record is at an address that is a multiple of 8. */
struct ring_frame {
	uint32_t len;			/* of the record's own bytes; multiple of 8 */
	uint32_t shares;		/* 1: a struct ring_share is in front of them */
	uint64_t seq;
};
/* Length of a frame without a record: the next one is where the data begins again. */
#define RING_SKIP	0xfffffff8u

/* What one commit changes.  Slot (commit & 1) is the one in force; the other is being prepared. */
struct ring_slot {
	uint64_t head;			/* position behind the last record */
	uint64_t seq;			/* of the next record */
	uint64_t reserved[6];
	uint64_t source[RING_SOURCES_MAX];
};

/* The words that are written while consumers look have a pair of cache lines each: processors
 * fetch two lines at a time. */
struct ring_head {
	uint64_t magic;			/* written last: the rest is there */
	uint64_t data_bytes;
	/* Number of commits.  One store of it makes head, seq and sources change together. */
	uint64_t commit __attribute__((aligned(128)));
	/* Slot's head, for consumers. */
	uint64_t head __attribute__((aligned(128)));
	/* Published before it is written to: bytes below reserve - data_bytes may be torn. */
	uint64_t reserve __attribute__((aligned(128)));
	/* Where a record begins, for a consumer that was lapped: the first in each 64th of the data. */
	uint64_t mark[RING_MARKS] __attribute__((aligned(128)));
	struct ring_slot slot[2] __attribute__((aligned(4096)));
};
static_assert(sizeof(struct ring_head) <= RING_HEAD_BYTES, "header of the ring");

/* Where a consumer stands.  Two slots as above: a consumer may be killed between two stores. */
struct ring_place {
	uint64_t pos;			/* the next record's */
	uint64_t seq;			/* and the number that it should have; 0: any */
	uint64_t missed;
};
struct ring_cursor {
	uint64_t magic;
	uint64_t done;			/* number of ring_done(); place[done & 1] is in force */
	struct ring_place place[2];
	uint64_t sleep __attribute__((aligned(128)));	/* odd: waits for its eventfd */
	uint64_t scratch[RING_SCRATCH] __attribute__((aligned(128)));
};
static_assert(sizeof(struct ring_cursor) <= RING_CURSOR_BYTES, "cursor page");

#define ring_load(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define ring_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define ring_store(p, v)	__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define ring_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

/* Checks the file's size and seals, and maps header and twice the data.  prot: of all of it.
 * -EINVAL, or what mmap says.  *data_bytes: from the size. */
int	ring_map(int fd, int prot, struct ring_head **out, size_t *data_bytes);
void	ring_unmap(struct ring_head *h, size_t data_bytes);
/* A cursor page, its size and seals checked. */
int	ring_cursor_map(int fd, int prot, void **out);

static inline unsigned char *
ring_data(const struct ring_head *h)
{
	return (unsigned char *)h + RING_HEAD_BYTES;
}

static inline unsigned int
ring_mark_of(uint64_t pos, size_t data_bytes)
{
	return (unsigned int)((pos & (data_bytes - 1)) / (data_bytes / RING_MARKS));
}

#endif
