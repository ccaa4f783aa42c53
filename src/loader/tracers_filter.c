/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
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
		err = array_room(&old, n, &room, sizeof(*old));
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

static void
inline_value(struct ev_tracer_filter *t, uint32_t dim, uint64_t value, unsigned int place)
{
	if (dim == DIM_PID)
		t->pid[place] = (uint32_t)value;
	else if (dim == DIM_UID)
		t->uid[place] = (uint32_t)value;
	else if (dim == DIM_COMM)
		t->comm[place] = value;
	else if (dim == DIM_CGROUP)
		t->cgroup[place] = value;
	else
		t->exe[place] = value;
}

/* Where a tracer's filter has few values of a dimension, into the filter itself. */
static void
inline_few(struct ev_tracer_filter *t, unsigned int tracer, uint32_t dim, const struct kfilter *k)
{
	uint64_t values[EV_INLINE];
	uint32_t n = 0;

	if (!(t->dims & dim))
		return;
	for (uint32_t i = 0; i < k->n_entries; i++) {
		if (k->entries[i].dim != dim || !(k->entries[i].tracers >> tracer & 1))
			continue;
		if (n == EV_INLINE)
			return;
		values[n++] = k->entries[i].value;
	}
	if (!n)
		return;
	for (unsigned int i = 0; i < EV_INLINE; i++)
		inline_value(t, dim, values[i < n ? i : 0], i);
	t->inlined |= dim;
}

static void
inline_all(struct ev_filter *f, const struct kfilter *k)
{
	static const uint32_t dims[] = { DIM_PID, DIM_UID, DIM_COMM, DIM_CGROUP, DIM_EXE };

	*f = k->filter;
	for (unsigned int tracer = 1; tracer < N_TRACERS; tracer++)
		for (size_t i = 0; i < ARRAY_SIZE(dims); i++)
			inline_few(&f->t[tracer], tracer, dims[i], k);
}

int
tracers_filter(struct loader *ld, const struct kfilter *k)
{
	AUTO(mem) struct ev_filter *filter = malloc(sizeof(*filter));
	uint32_t element = !ld->tracers.settings.filter;
	AUTO(fd) int set = tracers_map(ld, "filter_set");
	AUTO(fd) int filters = tracers_map(ld, "filters");
	int err = !filter ? -ENOMEM : set < 0 ? set : filters < 0 ? filters : remove_old(ld, set, element);

	if (!err)
		err = add_new(ld, set, k, element);
	if (!err)
		inline_all(filter, k);
	if (!err)
		err = kernel_update(&ld->kernel, filters, &element, filter);
	if (!err)
		ld->tracers.settings.filter = element;
	return err;
}
