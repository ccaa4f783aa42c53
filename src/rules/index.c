/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>

#include "rules/matcher.h"

static void
hit_all(struct tracer_set *t, const struct table *table, const struct table_entry *e)
{
	for (uint32_t i = 0; i < e->n; i++)
		index_hit(t, table->ids[e->first + i]);
}

/* The next slash at or after p, or end.  Eight bytes at a time where there are as many. */
static inline const char *
next_slash(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101ULL;

	for (; end - p >= 8; p += 8) {
		uint64_t w = le64toh(hash_load64(p)) ^ ones * '/';
		uint64_t zero = (w - ones) & ~w & ones << 7;

		if (zero)
			return p + __builtin_ctzll(zero) / 8;
	}
	while (p < end && *p != '/')
		p++;
	return p;
}

uint64_t
path_hash(const char *path, size_t len)
{
	const char *end = path + len;
	uint64_t h = PATH_HASH_INIT;

	for (const char *p = path; p < end;) {
		const char *slash = next_slash(p + 1, end);

		h = path_step(h, p, (size_t)(slash - p));
		p = slash;
	}
	return h;
}

/*
 * From the root down: the table has every directory above those of the rules too, without atoms,
 * so that the walk ends where no rule goes on.
 */
static void
run_path(struct tracer_set *t, const struct index *x, const struct slot *s)
{
	const char *path = s->data, *end = path + s->len, *p = path;
	uint64_t h = PATH_HASH_INIT;
	const struct table_entry *e;

	if (*path == '/') {
		e = table_find(&x->table, h, path, 0);
		if (!e)
			return;
		hit_all(t, &x->table, e);
	}
	while (p < end) {
		const char *slash = next_slash(p + 1, end);

		h = path_step(h, p, (size_t)(slash - p));
		e = table_find(&x->table, h, path, (size_t)(slash - path));
		if (!e)
			return;
		hit_all(t, &x->table, e);
		p = slash;
	}
}

static int
hit_atom(void *arg, uint32_t atom)
{
	index_hit(arg, atom);
	return 0;
}

void
index_run(struct tracer_set *t, const struct index *x, const struct event *e)
{
	const struct slot *s = slot_get(t, x->slot, e);
	const struct table_entry *found = NULL;

	if (!s->present)
		return;
	if (__builtin_expect(s->cut, 0)) {
		for (uint32_t i = 0; i < t->n_words; i++) {
			t->candidates[i] |= t->cut[i];
			if (t->cut[i])
				t->summary[i / 64] |= 1ULL << (i % 64);
		}
		/* Substrings that are there are there; atom_test() does not look for each again. */
		if (x->kind == INDEX_GRAMS)
			grams_scan(&x->grams, s->data, s->len, hit_atom, t);
		return;
	}
	switch (x->kind) {
	case INDEX_NUMBER:
		found = table_find(&x->table, hash_number(s->u), NULL, 0);
		break;
	case INDEX_BYTES:
		found = table_find(&x->table, hash_bytes(s->data, s->len, 0), s->data, s->len);
		break;
	case INDEX_PATH:
		if (s->len)
			run_path(t, x, s);
		break;
	case INDEX_GRAMS:
		grams_scan(&x->grams, s->data, s->len, hit_atom, t);
		break;
	}
	if (found)
		hit_all(t, &x->table, found);
}
