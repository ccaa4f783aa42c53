/* SPDX-License-Identifier: Apache-2.0 */
#include "api/idtab.h"

#include <errno.h>
#include <stdlib.h>

/* Open addressing, at most half full, deletion by moving back what follows. */
struct idslot {
	uint64_t id;
	void *value;		/* NULL: free */
};

static size_t
home(const struct idtab *t, uint64_t id)
{
	return (size_t)((id * 0x9e3779b97f4a7c15u) >> 20) & (t->size - 1);
}

static struct idslot *
find(const struct idtab *t, uint64_t id)
{
	size_t i = home(t, id);

	while (t->slots[i].value && t->slots[i].id != id)
		i = (i + 1) & (t->size - 1);
	return &t->slots[i];
}

static int
grow(struct idtab *t)
{
	struct idtab bigger = { .size = t->size ? t->size * 2 : 16 };

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->size; i++)
		if (t->slots[i].value)
			*find(&bigger, t->slots[i].id) = t->slots[i];
	bigger.n = t->n;
	free(t->slots);
	*t = bigger;
	return 0;
}

int
idtab_put(struct idtab *t, uint64_t id, void *value)
{
	struct idslot *s;

	if (t->n * 2 >= t->size && grow(t) < 0)
		return -ENOMEM;
	s = find(t, id);
	t->n += !s->value;
	s->id = id;
	s->value = value;
	return 0;
}

void *
idtab_get(const struct idtab *t, uint64_t id)
{
	return t->size ? find(t, id)->value : NULL;
}

void
idtab_del(struct idtab *t, uint64_t id)
{
	size_t mask = t->size - 1, hole, i;

	if (!idtab_get(t, id))
		return;
	hole = (size_t)(find(t, id) - t->slots);
	for (i = (hole + 1) & mask; t->slots[i].value; i = (i + 1) & mask) {
		if (((i - home(t, t->slots[i].id)) & mask) < ((i - hole) & mask))
			continue;
		t->slots[hole] = t->slots[i];
		hole = i;
	}
	t->slots[hole].value = NULL;
	t->n--;
}

void
idtab_clear(struct idtab *t)
{
	free(t->slots);
	*t = (struct idtab){ 0 };
}
