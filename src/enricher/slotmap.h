/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ENRICHER_SLOTMAP_H
#define BPFD_ENRICHER_SLOTMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/state.h"

/*
 * Tables of slots of a fixed size in the state memfd, which outlives the enricher.  What is needed
 * to find a slot is in private memory and made anew at start.  A slot is valid when its ready
 * word says so; it is cleared before and set after the contents are written, so that whoever is
 * killed leaves no half-written one.
 */
struct slot {
	uint64_t ready;
	uint64_t key1, key2;		/* key2: only the upper half takes part in the hash */
	uint64_t last;			/* ts of the last use */
	uint64_t gone;			/* ts at which what it describes ended; 0: it has not */
	uint32_t large;			/* 1 + index of a large one that has the strings; 0: none */
	uint32_t len;			/* of what lies behind the slot's own struct, or in the large one */
};

/* Large ones, shared by all tables. */
struct pool {
	unsigned char *base;
	uint32_t n, n_free;
	uint64_t *high;			/* in the state: those from here on were never used */
	uint32_t *free;
};

struct slotmap {
	unsigned char *base;
	uint32_t n, mask, n_free;
	uint64_t *high;
	uint32_t *index;		/* 1 + slot, open addressing */
	uint32_t *free;
	struct pool *pool;
	uint32_t hand;			/* where the search for a victim goes on */
};

int	pool_init(struct pool *p, unsigned char *base, uint32_t n, uint64_t *high);
void	pool_fini(struct pool *p);

/*
 * n slots at base.  Takes over the slots that are ready and that ok() says are sound; their large
 * ones are taken out of the pool, which must be fresh; pool_ready() when all tables are made.
 * -ENOMEM.
 */
int	slotmap_init(struct slotmap *t, unsigned char *base, uint32_t n, uint64_t *high, struct pool *pool,
		bool (*ok)(const struct slotmap *t, const struct slot *s));
void	pool_ready(struct pool *p);
void	slotmap_fini(struct slotmap *t);

static inline struct slot *
slotmap_slot(const struct slotmap *t, uint32_t i)
{
	return (struct slot *)(t->base + (size_t)i * STATE_SLOT_BYTES);
}

static inline uint32_t
slotmap_home(const struct slotmap *t, uint64_t key1, uint64_t key2)
{
	uint64_t h = (key1 ^ (key2 >> 32) * 0x9e3779b97f4a7c15ULL) * 0xff51afd7ed558ccdULL;

	return (uint32_t)(h >> 32) & t->mask;
}

static inline struct slot *
slotmap_find(const struct slotmap *t, uint64_t key1, uint64_t key2)
{
	for (uint32_t at = slotmap_home(t, key1, key2); t->index[at]; at = (at + 1) & t->mask) {
		struct slot *s = slotmap_slot(t, t->index[at] - 1);

		if (s->key1 == key1 && s->key2 == key2)
			return s;
	}
	return NULL;
}

/* The slot whose key2 has this upper half, any lower half but not_low; the one used last. */
struct slot *slotmap_find_any(const struct slotmap *t, uint64_t key1, uint32_t high, uint64_t not_low);

/* A slot for a key that is not there; not ready yet.  When all are taken one goes: gone before
 * used, old before new; then *evicted is true. */
struct slot *slotmap_add(struct slotmap *t, uint64_t key1, uint64_t key2, bool *evicted);
void	slotmap_remove(struct slotmap *t, struct slot *s);

/* Room for the strings of a slot whose own struct is own bytes long: behind it, or a large one.
 * *room: what there is, less than len when no large one is left. */
void	*slotmap_room(struct slotmap *t, struct slot *s, size_t own, size_t len, size_t *room);
static inline void *
slotmap_bytes(const struct slotmap *t, const struct slot *s, size_t own)
{
	if (s->large)
		return t->pool->base + (size_t)(s->large - 1) * STATE_LARGE_BYTES;
	return (unsigned char *)s + own;
}

static inline void
slot_write_begin(struct slot *s)
{
	__atomic_store_n(&s->ready, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}
#define SLOT_READY 0x59444145524c5352ull
static inline void
slot_write_end(struct slot *s)
{
	__atomic_store_n(&s->ready, SLOT_READY, __ATOMIC_RELEASE);
}

#endif
