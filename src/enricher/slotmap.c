/* SPDX-License-Identifier: Apache-2.0 */
#include "enricher/slotmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"

#define VICTIMS 16		/* slots that are looked at for the one used longest ago */

int
pool_init(struct pool *p, unsigned char *base, uint32_t n, uint64_t *high)
{
	*p = (struct pool){ .base = base, .n = n, .high = high, .free = calloc(n, sizeof(*p->free)) };
	if (!p->free)
		return -ENOMEM;
	if (*high > n)
		*high = n;
	return 0;
}

/* Until pool_ready(), free[i] says whether i is taken. */
static bool
pool_claim(struct pool *p, uint32_t i)
{
	if (i >= *p->high || p->free[i])
		return false;
	p->free[i] = 1;
	return true;
}

void
pool_ready(struct pool *p)
{
	uint32_t n = 0;

	for (uint32_t i = (uint32_t)*p->high; i-- > 0;)
		if (!p->free[i])
			p->free[p->n - ++n] = i;
	memmove(p->free, p->free + p->n - n, n * sizeof(*p->free));
	for (uint32_t i = 0; i < n / 2; i++) {
		uint32_t swap = p->free[i];

		p->free[i] = p->free[n - 1 - i];
		p->free[n - 1 - i] = swap;
	}
	p->n_free = n;
}

void
pool_fini(struct pool *p)
{
	free(p->free);
}

static bool
pool_take(struct pool *p, uint32_t *out)
{
	if (p->n_free) {
		*out = p->free[--p->n_free];
		return true;
	}
	if (*p->high == p->n)
		return false;
	*out = (uint32_t)(*p->high)++;
	return true;
}

static void
index_put(struct slotmap *t, const struct slot *s, uint32_t i)
{
	uint32_t at = slotmap_home(t, s->key1, s->key2);

	while (t->index[at])
		at = (at + 1) & t->mask;
	t->index[at] = i + 1;
}

/* Closes the gap, so that what lay behind it is still found. */
static void
index_drop(struct slotmap *t, uint32_t i)
{
	const struct slot *s = slotmap_slot(t, i);
	uint32_t at = slotmap_home(t, s->key1, s->key2), next;

	while (t->index[at] != i + 1)
		at = (at + 1) & t->mask;
	for (next = (at + 1) & t->mask; t->index[next]; next = (next + 1) & t->mask) {
		const struct slot *o = slotmap_slot(t, t->index[next] - 1);
		uint32_t home = slotmap_home(t, o->key1, o->key2);

		if (((next - home) & t->mask) < ((next - at) & t->mask))
			continue;
		t->index[at] = t->index[next];
		at = next;
	}
	t->index[at] = 0;
}

int
slotmap_init(struct slotmap *t, unsigned char *base, uint32_t n, uint64_t *high, struct pool *pool,
	bool (*ok)(const struct slotmap *t, const struct slot *s))
{
	uint32_t size = 16;

	while (size < 2 * n)
		size *= 2;
	*t = (struct slotmap){ .base = base, .n = n, .mask = size - 1, .high = high, .pool = pool };
	t->index = calloc(size, sizeof(*t->index));
	t->free = calloc(n, sizeof(*t->free));
	if (!t->index || !t->free) {
		slotmap_fini(t);
		return -ENOMEM;
	}
	if (*high > n)
		*high = n;
	for (uint32_t i = (uint32_t)*high; i-- > 0;) {
		struct slot *s = slotmap_slot(t, i);

		if (s->ready == SLOT_READY && (!s->large || s->large <= *pool->high) && ok(t, s) &&
		    !slotmap_find(t, s->key1, s->key2) && (!s->large || pool_claim(pool, s->large - 1))) {
			index_put(t, s, i);
			continue;
		}
		s->ready = 0;
		s->large = 0;
		t->free[t->n_free++] = i;
	}
	return 0;
}

void
slotmap_fini(struct slotmap *t)
{
	free(t->index);
	free(t->free);
}

struct slot *
slotmap_find_any(const struct slotmap *t, uint64_t key1, uint32_t high, uint64_t not_low)
{
	uint64_t key2 = (uint64_t)high << 32;
	struct slot *best = NULL;

	for (uint32_t at = slotmap_home(t, key1, key2); t->index[at]; at = (at + 1) & t->mask) {
		struct slot *s = slotmap_slot(t, t->index[at] - 1);

		if (s->key1 == key1 && s->key2 >> 32 == high && (uint32_t)s->key2 != not_low &&
		    (!best || s->last > best->last))
			best = s;
	}
	return best;
}

void
slotmap_remove(struct slotmap *t, struct slot *s)
{
	uint32_t i = (uint32_t)((size_t)((unsigned char *)s - t->base) / STATE_SLOT_BYTES);

	slot_write_begin(s);
	if (s->large)
		t->pool->free[t->pool->n_free++] = s->large - 1;
	s->large = 0;
	index_drop(t, i);
	t->free[t->n_free++] = i;
}

static struct slot *
victim(struct slotmap *t)
{
	struct slot *best = NULL;

	for (unsigned int k = 0; k < VICTIMS; k++) {
		struct slot *s = slotmap_slot(t, t->hand);

		t->hand = (t->hand + 1) % t->n;
		if (!best || (s->gone && !best->gone) || (!s->gone == !best->gone && s->last < best->last))
			best = s;
	}
	return best;
}

struct slot *
slotmap_add(struct slotmap *t, uint64_t key1, uint64_t key2, bool *evicted)
{
	struct slot *s;
	uint32_t i;

	*evicted = false;
	if (!t->n_free && *t->high == t->n) {
		s = victim(t);
		*evicted = !s->gone;
		slotmap_remove(t, s);
	}
	i = t->n_free ? t->free[--t->n_free] : (uint32_t)(*t->high)++;
	s = slotmap_slot(t, i);
	slot_write_begin(s);
	s->key1 = key1;
	s->key2 = key2;
	s->gone = 0;
	s->large = 0;
	s->len = 0;
	index_put(t, s, i);
	return s;
}

void *
slotmap_room(struct slotmap *t, struct slot *s, size_t own, size_t len, size_t *room)
{
	uint32_t i;

	*room = STATE_SLOT_BYTES - own;
	if (!s->large && len > *room && pool_take(t->pool, &i))
		s->large = i + 1;
	if (s->large)
		*room = STATE_LARGE_BYTES;
	return slotmap_bytes(t, s, own);
}
