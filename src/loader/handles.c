/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/handles.h"

#include <errno.h>
#include <stdlib.h>

#include "common/array.h"
#include "common/auto.h"
#include "loader/broker.h"

int
handles_add(struct handles *t, struct handle **h)
{
	AUTO(mem) struct handle *new = NULL;

	if (t->n >= t->max)
		return -EMFILE;
	if (array_room(&t->all, t->n, &t->room, sizeof(*t->all)))
		return -ENOMEM;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->fd = -1;
	new->probe_fd = -1;
	*h = t->all[t->n++] = TAKE_PTR(new);
	return 0;
}

struct handle *
handles_get(const struct handles *t, uint32_t number, uint32_t kinds)
{
	if (number == 0 || number > t->n || !(t->all[number - 1]->kind & kinds))
		return NULL;
	return t->all[number - 1];
}

void
handles_free(struct handles *t)
{
	for (size_t i = 0; i < t->n; i++) {
		close_keep_errno(t->all[i]->fd);
		close_keep_errno(t->all[i]->probe_fd);
		call_free(t->all[i]->lazy);
		free(t->all[i]);
	}
	free(t->all);
	t->all = NULL;
	t->n = t->room = 0;
}
