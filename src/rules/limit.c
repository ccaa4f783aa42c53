/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/limit.h"

#include <errno.h>
#include <stdlib.h>

#include "common/auto.h"
#include "rules/keyed.h"

#define HOUR_NS	3600000000000ULL

struct keyed_limit {
	struct keyed keyed;	/* at; dedup: start of the window; ratelimit: when the bucket is full again */
	uint64_t interval, tolerance, window;
	uint64_t orphans;	/* held for keys that were forgotten */
};

struct limit { struct keyed_limit dedup, rate; };

int
limit_new(const struct rule *r, size_t entries, uint64_t seed, struct limit **out)
{
	struct limit *l;
	int err = 0;

	*out = NULL;
	if (!r->dedup.window_ns && !r->ratelimit.rate_per_hour)
		return 0;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	if (r->dedup.window_ns) {
		l->dedup.window = r->dedup.window_ns;
		err = keyed_init(&l->dedup.keyed, &r->dedup, entries, seed);
	}
	if (r->ratelimit.rate_per_hour && !err) {
		l->rate.interval = HOUR_NS / r->ratelimit.rate_per_hour;
		l->rate.tolerance = l->rate.interval * (r->ratelimit.burst - 1);
		err = keyed_init(&l->rate.keyed, &r->ratelimit, entries, ~seed);
	}
	if (err)
		limit_free(l);
	else
		*out = l;
	return err;
}

void
limit_free(struct limit *l)
{
	if (!l)
		return;
	keyed_fini(&l->dedup.keyed);
	keyed_fini(&l->rate.keyed);
	free(l);
}

static struct keyed_place *
find(struct keyed_limit *k, const struct event *e)
{
	struct keyed_place forgotten, *p;
	bool whole;

	p = keyed_take(&k->keyed, keyed_hash(&k->keyed, e, &whole), &forgotten);
	k->orphans += forgotten.held;
	return p;
}

static void
pass(struct keyed_limit *k, struct keyed_place *p, uint32_t *suppressed)
{
	uint64_t held = p->held + k->orphans + *suppressed;

	*suppressed = held > UINT32_MAX ? UINT32_MAX : (uint32_t)held;
	p->held = k->orphans = 0;
}

static bool
dedup(struct keyed_limit *k, const struct event *e, uint32_t *suppressed)
{
	uint64_t now = e->ev->ts;
	struct keyed_place *p = find(k, e);
	bool fresh = !p->used;

	p->used = now ? now : 1;
	/* A ts from another CPU may be a little older than the window's start. */
	if (!fresh && (int64_t)(now - p->at) < (int64_t)k->window) {
		p->held++;
		return false;
	}
	p->at = now;
	pass(k, p, suppressed);
	return true;
}

/* A token bucket, kept as the time at which it is full again. */
static bool
rate(struct keyed_limit *k, const struct event *e, uint32_t *suppressed)
{
	uint64_t now = e->ev->ts;
	struct keyed_place *p = find(k, e);

	p->used = now ? now : 1;
	if (p->at > now && p->at - now > k->tolerance) {
		p->held++;
		return false;
	}
	p->at = (p->at > now ? p->at : now) + k->interval;
	pass(k, p, suppressed);
	return true;
}

bool
limit_pass(struct limit *l, const struct event *e, uint32_t *suppressed, struct limit_counts *c)
{
	uint32_t n = 0;

	if (l->dedup.keyed.places && !dedup(&l->dedup, e, &n)) {
		c->deduped++;
		return false;
	}
	if (l->rate.keyed.places && !rate(&l->rate, e, &n)) {
		/* What dedup had held is now held by the rate. */
		l->rate.orphans += n;
		c->limited++;
		return false;
	}
	*suppressed = n;
	return true;
}

