/* SPDX-License-Identifier: Apache-2.0 */
/* What rules remember: who follows whom, and what goes on in the next set. */
#include <errno.h>
#include <stdlib.h>

#include "rules/matcher.h"

struct by_hash { uint64_t hash; uint32_t what; };

static int
compare(const void *x, const void *y)
{
	const struct by_hash *a = x, *b = y;

	return (a->hash > b->hash) - (a->hash < b->hash);
}

/* The first of those with this hash, or n. */
static size_t
first(const struct by_hash *all, size_t n, uint64_t hash)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (all[mid].hash < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint64_t
name_hash(const char *name)
{
	return hash_bytes(name, strlen(name), 0);
}

/* Calls for each rule before and who follows it: once to count, once more with room to write them. */
static void
each_follower(struct matcher *m, const char *const *after, const struct by_hash *names)
{
	for (size_t i = 0; i < m->n_whats; i++) {
		uint64_t hash = after[i] ? name_hash(after[i]) : 0;

		for (size_t k = after[i] ? first(names, m->n_whats, hash) : m->n_whats;
		     k < m->n_whats && names[k].hash == hash; k++) {
			struct what *before = &m->whats[names[k].what];

			if (before->stream || strcmp(before->name, after[i]) != 0)
				continue;
			if (before->followers)
				before->followers[before->n_followers] = (uint32_t)i;
			before->n_followers++;
		}
	}
}

int
follow_link(struct matcher *m, const char *const *after)
{
	struct by_hash *names = calloc(m->n_whats ? m->n_whats : 1, sizeof(*names));
	int err = names ? 0 : -ENOMEM;

	for (size_t i = 0; i < m->n_whats && !err; i++)
		names[i] = (struct by_hash){ name_hash(m->whats[i].name), (uint32_t)i };
	if (!err && m->n_whats) {
		qsort(names, m->n_whats, sizeof(*names), compare);
		each_follower(m, after, names);
	}
	for (size_t i = 0; i < m->n_whats && !err; i++) {
		struct what *w = &m->whats[i];

		if (!w->n_followers)
			continue;
		w->followers = arena_take(m, w->n_followers * sizeof(*w->followers));
		err = w->followers ? 0 : -ENOMEM;
		w->n_followers = 0;
	}
	if (!err && m->n_whats)
		each_follower(m, after, names);
	free(names);
	return err;
}

void
follow_set(struct matcher *m, const struct event *e)
{
	for (struct what *w = m->noted; w; w = w->next_noted) {
		w->noted = false;
		for (uint32_t i = 0; i < w->n_followers; i++)
			sequence_note(m->whats[w->followers[i]].sequence, e, &m->sequences);
	}
	m->noted = NULL;
}

static void
take_state(struct what *w, struct what *from)
{
	struct limit *limit = w->limit;
	struct sequence *sequence = w->sequence;

	if (w->stream || from->stream)
		return;
	w->limit = from->limit;
	w->sequence = from->sequence;
	w->matched = from->matched;
	w->held = from->held;
	from->limit = limit;
	from->sequence = sequence;
}

void
matcher_adopt(struct matcher *m, struct matcher *from)
{
	struct by_hash *ids = calloc(from->n_whats ? from->n_whats : 1, sizeof(*ids));

	for (size_t i = 0; ids && i < from->n_whats; i++)
		ids[i] = (struct by_hash){ from->whats[i].id, (uint32_t)i };
	if (ids && from->n_whats)
		qsort(ids, from->n_whats, sizeof(*ids), compare);
	for (size_t i = 0; ids && i < m->n_whats; i++) {
		struct what *w = &m->whats[i];
		size_t k = first(ids, from->n_whats, w->id);

		if (k < from->n_whats && ids[k].hash == w->id)
			take_state(w, &from->whats[ids[k].what]);
	}
	free(ids);
}
