/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/keyed.h"

#include <errno.h>
#include <stdlib.h>

#include "rules/hash.h"

#define WAYS	4

int
keyed_init(struct keyed *k, const struct rule_limit *spec, size_t entries, uint64_t seed)
{
	size_t sets = spec->n_keys ? entries / WAYS : 1;

	k->n_fields = spec->n_keys;
	k->seed = seed;
	k->mask = sets - 1;
	k->places = calloc(sets * WAYS, sizeof(*k->places));
	for (unsigned int t = 1; t < N_TRACERS; t++)
		for (uint32_t i = 0; i < spec->n_keys; i++)
			k->fields[t][i] = field_find(t, spec->keys[i]);
	return k->places ? 0 : -ENOMEM;
}

void
keyed_fini(struct keyed *k)
{
	free(k->places);
	k->places = NULL;
}

uint64_t
keyed_hash(const struct keyed *k, const struct event *e, bool *whole)
{
	uint64_t h = k->seed;

	*whole = true;
	for (uint32_t i = 0; i < k->n_fields; i++) {
		const struct field *f = k->fields[e->ev->tracer][i];
		struct value v = { 0 };

		if (!f || !field_get(e, f, &v)) {
			h = hash_mix(h, i + 1);
			*whole = false;
		} else if (v.data) {
			h = hash_bytes(v.data, v.len, h);
		} else {
			h = hash_number(h ^ v.u);
		}
	}
	return h ? h : 1;
}

static struct keyed_place *
set_of(const struct keyed *k, uint64_t key)
{
	return k->places + ((key >> 20) & k->mask) * WAYS;
}

struct keyed_place *
keyed_find(const struct keyed *k, uint64_t key)
{
	struct keyed_place *set = set_of(k, key);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

struct keyed_place *
keyed_take(struct keyed *k, uint64_t key, struct keyed_place *forgotten)
{
	struct keyed_place *set = set_of(k, key), *oldest = set;

	*forgotten = (struct keyed_place){ 0 };
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	*forgotten = *oldest;
	*oldest = (struct keyed_place){ .key = key };
	return oldest;
}
