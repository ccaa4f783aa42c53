/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader/tracers_parts.h"

/*
 * Entries of the element that is not in use: what was in use before the last change.  They were
 * left there then, because a program that had read settings a moment before may have asked for them.
 */
static int
remove_old(struct loader *ld, int set, uint32_t element)
{
	struct ev_filter_key key, next, *old = NULL;
	size_t n = 0, room = 0;
	const struct ev_filter_key *from = NULL;
	int err = 0;

	while (!err && kernel_next_key(&ld->kernel, set, from, &next) == 0) {
		key = next;
		from = &key;
		if (key.filter != element)
			continue;
		err = objects_grow((void **)&old, n, &room, sizeof(*old));
		if (!err)
			old[n++] = key;
	}
	if (!err)
		err = kernel_delete_all(&ld->kernel, set, old, sizeof(*old), (uint32_t)n);
	free(old);
	return err;
}

static int
add_new(struct loader *ld, int set, const struct kfilter *k, uint32_t element)
{
	AUTO(mem) struct ev_filter_key *keys = calloc(k->n_entries + 1, sizeof(*keys));
	AUTO(mem) uint64_t *values = calloc(k->n_entries + 1, sizeof(*values));

	if (!keys || !values)
		return -ENOMEM;
	for (uint32_t i = 0; i < k->n_entries; i++) {
		keys[i] = (struct ev_filter_key){ .value = k->entries[i].value, .dim = k->entries[i].dim,
			.filter = element };
		values[i] = k->entries[i].tracers;
	}
	return kernel_update_all(&ld->kernel, set, keys, sizeof(*keys), values, sizeof(*values), k->n_entries);
}

int
tracers_filter(struct loader *ld, const struct kfilter *k)
{
	uint32_t element = !ld->tracers.settings.filter;
	AUTO(fd) int set = tracers_map(ld, "filter_set");
	AUTO(fd) int filters = tracers_map(ld, "filters");
	int err = set < 0 ? set : filters < 0 ? filters : remove_old(ld, set, element);

	if (!err)
		err = add_new(ld, set, k, element);
	if (!err)
		err = kernel_update(&ld->kernel, filters, &element, &k->filter);
	if (!err)
		ld->tracers.settings.filter = element;
	return err;
}
