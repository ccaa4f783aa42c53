/* SPDX-License-Identifier: Apache-2.0 */
/* What is redacted of an event: by the configuration always, by a rule when it matches. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/matcher.h"

#define ITEMS_MAX 64

/*
 * The bit of an item of the tracer.  When there are more than bits, the last one stands for all that
 * came later: more is redacted then, never less.
 */
static int
add_item(struct tracer_set *t, unsigned int tracer, const char *text, uint64_t *bits)
{
	struct redact_item item, *all;
	uint32_t i = 0;

	if (!redact_item_init(&item, text, tracer))
		return 0;
	while (i < t->n_secrets && memcmp(&t->secrets[i], &item, sizeof(item)) != 0)
		i++;
	if (i == t->n_secrets) {
		all = reallocarray(t->secrets, t->n_secrets + 1, sizeof(*all));
		if (!all)
			return -ENOMEM;
		t->secrets = all;
		t->secrets[t->n_secrets++] = item;
	}
	*bits |= 1ULL << (i < ITEMS_MAX ? i : ITEMS_MAX - 1);
	return 0;
}

int
secrets_of_set(struct matcher *m, const struct ruleset *head)
{
	int err = 0;

	for (unsigned int t = 1; t < N_TRACERS; t++)
		for (uint32_t i = 0; i < head->n_redact && !err; i++)
			err = add_item(&m->tracers[t], t, head->redact[i], &m->tracers[t].always_redacted);
	return err;
}

int
secrets_of_rule(struct matcher *m, const struct rule *r, struct what *w)
{
	int err = 0;

	if (!r->n_redact)
		return 0;
	w->redact = arena_take(m, N_TRACERS * sizeof(*w->redact));
	if (!w->redact)
		return -ENOMEM;
	memset(w->redact, 0, N_TRACERS * sizeof(*w->redact));
	for (unsigned int t = 1; t < N_TRACERS; t++)
		for (uint32_t i = 0; (r->tracers >> t & 1) && i < r->n_redact && !err; i++)
			err = add_item(&m->tracers[t], t, r->redact[i], &w->redact[t]);
	return err;
}

void
matcher_redact(const struct matcher *m, uint64_t redact, struct ev_hdr *ev, struct rec_ctx *ctx)
{
	const struct tracer_set *t = &m->tracers[ev->tracer];

	for (uint32_t i = 0; i < t->n_secrets; i++)
		if (redact >> (i < ITEMS_MAX ? i : ITEMS_MAX - 1) & 1)
			redact_run(&t->secrets[i], ev, ctx);
}
