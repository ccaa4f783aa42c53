/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_TABLE_H
#define BPFD_RULES_TABLE_H

#include "rules/hash.h"

/*
 * A table from keys to lists of numbers, filled once and then only read.  Most lookups are misses:
 * a bitmap with 16 bits for each key answers them from one cache line.
 */
#define TABLE_NO_ID UINT32_MAX		/* the key is there, with nothing in its list */

struct table_entry {
	uint64_t hash;
	const char *key;		/* borrowed; NULL: the hash is the key */
	uint32_t len, first, n;		/* ids[first..first + n) */
	uint32_t used;
};
struct table_add { uint64_t hash; const char *key; uint32_t len, id; };

struct table {
	uint64_t *bloom;
	unsigned int bloom_shift;
	uint32_t mask;			/* entries - 1 */
	struct table_entry *entries;
	uint32_t *ids;
	struct table_add *adds;		/* until table_seal() */
	size_t n_adds, room;
};

int	table_add(struct table *t, uint64_t hash, const char *key, uint32_t len, uint32_t id);
int	table_seal(struct table *t);	/* -ENOMEM */
void	table_clear(struct table *t);

static inline const struct table_entry *
table_find(const struct table *t, uint64_t hash, const char *key, size_t len)
{
	uint64_t bit = hash >> t->bloom_shift;

	if (!(t->bloom[bit / 64] >> (bit % 64) & 1))
		return NULL;
	for (uint32_t i = (uint32_t)hash & t->mask; t->entries[i].used; i = (i + 1) & t->mask) {
		const struct table_entry *e = &t->entries[i];

		if (e->hash == hash && (!e->key || (e->len == len && memcmp(e->key, key, len) == 0)))
			return e;
	}
	return NULL;
}

#endif
