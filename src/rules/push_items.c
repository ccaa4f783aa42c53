/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/push_items.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"

void
items_clear(struct items *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}

void
items_add(struct items *s, struct item item)
{
	if (array_room(&s->v, s->n, &s->room, sizeof(*s->v))) {
		s->failed = true;
		return;
	}
	s->v[s->n++] = item;
}

void
items_join(struct items *into, const struct items *from)
{
	into->all |= from->all;
	into->failed |= from->failed;
	for (size_t i = 0; i < from->n && !into->all; i++)
		items_add(into, from->v[i]);
}
