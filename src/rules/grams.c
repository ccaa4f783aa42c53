/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/grams.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/array.h"

#define RUN 4

int
grams_add(struct grams *g, const char *data, size_t len, uint32_t id, uint32_t where)
{
	if (array_room(&g->patterns, g->n, &g->room, sizeof(*g->patterns)))
		return -ENOMEM;
	g->patterns[g->n++] = (struct grams_pattern){ data, (uint32_t)len, 0, id, where };
	return 0;
}

static inline uint32_t
run_at(const char *p, unsigned int q)
{
	switch (q) {
	case 1:
		return (uint8_t)p[0];
	case 2:
		return (uint32_t)((uint8_t)p[0] | (uint8_t)p[1] << 8);
	case 3:
		return (uint32_t)((uint8_t)p[0] | (uint8_t)p[1] << 8 | (uint8_t)p[2] << 16);
	default:
		return hash_load32(p);
	}
}

static inline uint32_t
bit_of(uint32_t run, unsigned int shift)
{
	return run * 0x9e3779b1u >> shift;
}

static unsigned int
run_len(const struct grams_pattern *p)
{
	return p->len < RUN ? p->len : RUN;
}

/* How often each run occurs in all patterns, by its hash: good enough to choose by. */
#define COUNTS (1u << 16)

static void
count_runs(const struct grams *g, uint32_t *counts)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct grams_pattern *p = &g->patterns[i];

		for (uint32_t at = 0; at + RUN <= p->len; at++)
			counts[bit_of(run_at(p->data + at, RUN), 16)]++;
	}
}

static void
choose_run(struct grams_pattern *p, const uint32_t *counts)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t at = 0; at + RUN <= p->len; at++) {
		uint32_t n = counts[bit_of(run_at(p->data + at, RUN), 16)];

		if (n < best) {
			best = n;
			p->at = at;
		}
	}
}

static int
seal_set(struct grams *g, unsigned int q)
{
	struct grams_set *s = &g->of[q];
	unsigned int bits = 12;

	if (!s->n)
		return 0;
	while (bits < 20 && 1ULL << bits < 32 * (uint64_t)s->n)
		bits++;
	s->shift = 32 - bits;
	s->bitmap = calloc(1ULL << (bits - 6), sizeof(*s->bitmap));
	if (!s->bitmap)
		return -ENOMEM;
	for (size_t i = 0; i < g->n; i++) {
		const struct grams_pattern *p = &g->patterns[i];
		uint32_t run, bit;

		if (run_len(p) != q)
			continue;
		run = run_at(p->data + p->at, q);
		bit = bit_of(run, s->shift);
		s->bitmap[bit / 64] |= 1ULL << (bit % 64);
		if (table_add(&s->runs, hash_number(run), NULL, 0, (uint32_t)i) < 0)
			return -ENOMEM;
	}
	return table_seal(&s->runs);
}

int
grams_seal(struct grams *g)
{
	uint32_t *counts = calloc(COUNTS, sizeof(*counts));
	int err = 0;

	if (!counts)
		return -ENOMEM;
	count_runs(g, counts);
	for (size_t i = 0; i < g->n; i++) {
		choose_run(&g->patterns[i], counts);
		g->of[run_len(&g->patterns[i])].n++;
	}
	free(counts);
	for (unsigned int q = 1; q <= RUN && !err; q++)
		err = seal_set(g, q);
	return err;
}

void
grams_clear(struct grams *g)
{
	for (unsigned int q = 1; q <= RUN; q++) {
		free(g->of[q].bitmap);
		table_clear(&g->of[q].runs);
	}
	free(g->patterns);
	memset(g, 0, sizeof(*g));
}

/* A run of the text is in the bitmap: which patterns are there whole? */
static __attribute__((noinline)) bool
look(const struct grams *g, const struct grams_set *s, const char *text, size_t len, size_t i,
	uint32_t run, grams_hit *hit, void *arg)
{
	const struct table_entry *e = table_find(&s->runs, hash_number(run), NULL, 0);

	for (uint32_t k = 0; e && k < e->n; k++) {
		const struct grams_pattern *p = &g->patterns[s->runs.ids[e->first + k]];
		size_t start = i - p->at;

		if (p->at > i || p->len > len - start || ((p->where & GRAMS_BEGIN) && start) ||
		    ((p->where & GRAMS_END) && start + p->len != len) ||
		    memcmp(text + start, p->data, p->len) != 0)
			continue;
		if (hit(arg, p->id))
			return true;
	}
	return false;
}

static inline __attribute__((always_inline)) bool
scan(const struct grams *g, unsigned int q, const char *text, size_t len, grams_hit *hit, void *arg)
{
	const struct grams_set *s = &g->of[q];
	const uint64_t *bitmap = s->bitmap;
	unsigned int shift = s->shift;

	for (size_t i = 0; i + q <= len; i++) {
		uint32_t run = run_at(text + i, q), bit = bit_of(run, shift);

		if (__builtin_expect(bitmap[bit / 64] >> (bit % 64) & 1, 0) &&
		    look(g, s, text, len, i, run, hit, arg))
			return true;
	}
	return false;
}

void
grams_scan(const struct grams *g, const char *text, size_t len, grams_hit *hit, void *arg)
{
	if (g->of[4].n && scan(g, 4, text, len, hit, arg))
		return;
	if (g->of[3].n && scan(g, 3, text, len, hit, arg))
		return;
	if (g->of[2].n && scan(g, 2, text, len, hit, arg))
		return;
	if (g->of[1].n)
		scan(g, 1, text, len, hit, arg);
}
