/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/sequence.h"

#include <errno.h>
#include <stdlib.h>

struct sequence { struct keyed keyed; uint64_t within; };

int
sequence_new(const struct rule *r, size_t entries, uint64_t seed, struct sequence **out)
{
	struct sequence *s;

	*out = NULL;
	if (!r->after[0])
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->within = r->sequence.window_ns;
	if (keyed_init(&s->keyed, &r->sequence, entries, seed)) {
		free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void
sequence_free(struct sequence *s)
{
	if (s)
		keyed_fini(&s->keyed);
	free(s);
}

/* An event of another processor may come a little after one that is younger. */
static bool
is_within(const struct sequence *s, uint64_t then, uint64_t now)
{
	return (int64_t)(now - then) <= (int64_t)s->within;
}

void
sequence_note(struct sequence *s, const struct event *e, struct sequence_counts *c)
{
	struct keyed_place forgotten, *p;
	uint64_t now = e->ev->ts, key;
	bool whole;

	key = keyed_hash(&s->keyed, e, &whole);
	if (!whole)
		return;
	p = keyed_take(&s->keyed, key, &forgotten);
	c->evicted += forgotten.key && is_within(s, forgotten.used, now);
	if (now > p->used)
		p->used = now;
}

bool
sequence_holds(const struct sequence *s, const struct event *e)
{
	bool whole;
	const struct keyed_place *p = keyed_find(&s->keyed, keyed_hash(&s->keyed, e, &whole));

	return p && whole && is_within(s, p->used, e->ev->ts);
}
