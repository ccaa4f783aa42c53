/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/table.h"

#include <errno.h>
#include <stdlib.h>

#include "common/array.h"

int
table_add(struct table *t, uint64_t hash, const char *key, uint32_t len, uint32_t id)
{
	if (array_room(&t->adds, t->n_adds, &t->room, sizeof(*t->adds)))
		return -ENOMEM;
	t->adds[t->n_adds++] = (struct table_add){ hash, key, len, id };
	return 0;
}

static int
same_key(const struct table_add *a, const struct table_add *b)
{
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->key, b->key, a->len) : 0;
}

static int
compare(const void *x, const void *y)
{
	const struct table_add *a = x, *b = y;
	int c = same_key(a, b);

	return c ? c : (a->id > b->id) - (a->id < b->id);
}

static void
insert(struct table *t, const struct table_entry *e)
{
	uint64_t bit = e->hash >> t->bloom_shift;
	uint32_t i = (uint32_t)e->hash & t->mask;

	t->bloom[bit / 64] |= 1ULL << (bit % 64);
	while (t->entries[i].used)
		i = (i + 1) & t->mask;
	t->entries[i] = *e;
}

int
table_seal(struct table *t)
{
	unsigned int bits = 2;
	uint32_t n_ids = 0;

	while (1ULL << bits < 2 * t->n_adds)
		bits++;
	t->mask = (uint32_t)(1ULL << bits) - 1;
	t->bloom_shift = 64 - (bits + 3 < 6 ? 6 : bits + 3);
	t->entries = calloc((size_t)t->mask + 1, sizeof(*t->entries));
	t->bloom = calloc(bits + 3 < 6 ? 1 : 1ULL << (bits + 3 - 6), sizeof(*t->bloom));
	t->ids = calloc(t->n_adds ? t->n_adds : 1, sizeof(*t->ids));
	if (!t->entries || !t->bloom || !t->ids)
		return -ENOMEM;
	if (t->n_adds)
		qsort(t->adds, t->n_adds, sizeof(*t->adds), compare);
	for (size_t i = 0; i < t->n_adds;) {
		const struct table_add *a = &t->adds[i];
		struct table_entry e = { a->hash, a->key, a->len, n_ids, 0, 1 };

		for (; i < t->n_adds && same_key(a, &t->adds[i]) == 0; i++) {
			if (t->adds[i].id == TABLE_NO_ID)
				continue;
			t->ids[n_ids++] = t->adds[i].id;
			e.n++;
		}
		insert(t, &e);
	}
	free(t->adds);
	t->adds = NULL;
	return 0;
}

void
table_clear(struct table *t)
{
	free(t->bloom);
	free(t->entries);
	free(t->ids);
	free(t->adds);
	memset(t, 0, sizeof(*t));
}
