/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/limit.h"

#include <errno.h>
#include <stdlib.h>

#include "common/auto.h"
#include "rules/hash.h"

#define WAYS	4
#define HOUR_NS	3600000000000ULL

struct place {
	uint64_t key;		/* 0: free */
	uint64_t used;		/* ts of the last event */
	uint64_t at;		/* dedup: start of the window; ratelimit: when the bucket is full again */
	uint64_t held;
};

struct keyed {
	uint64_t interval, tolerance, window;
	const struct field *fields[N_TRACERS][ARRAY_SIZE(((struct rule_limit *)0)->keys)];
	uint32_t n_fields;
	uint64_t seed, orphans;		/* held for keys that were forgotten */
	size_t mask;
	struct place *places;
};

struct limit { struct keyed dedup, rate; };

static int
keyed_init(struct keyed *k, const struct rule_limit *spec, uint64_t tracers, size_t entries, uint64_t seed)
{
	size_t sets = spec->n_keys ? entries / WAYS : 1;

	k->n_fields = spec->n_keys;
	k->seed = seed;
	k->mask = sets - 1;
	k->places = calloc(sets * WAYS, sizeof(*k->places));
	for (unsigned int t = 1; t < N_TRACERS; t++)
		for (uint32_t i = 0; (tracers >> t & 1) && i < spec->n_keys; i++)
			k->fields[t][i] = field_find(t, spec->keys[i]);
	return k->places ? 0 : -ENOMEM;
}

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
		err = keyed_init(&l->dedup, &r->dedup, r->tracers, entries, seed);
	}
	if (r->ratelimit.rate_per_hour && !err) {
		l->rate.interval = HOUR_NS / r->ratelimit.rate_per_hour;
		l->rate.tolerance = l->rate.interval * (r->ratelimit.burst - 1);
		err = keyed_init(&l->rate, &r->ratelimit, r->tracers, entries, ~seed);
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
	free(l->dedup.places);
	free(l->rate.places);
	free(l);
}

static uint64_t
key_of(const struct keyed *k, const struct event *e)
{
	uint64_t h = k->seed;

	for (uint32_t i = 0; i < k->n_fields; i++) {
		const struct field *f = k->fields[e->ev->tracer][i];
		struct value v = { 0 };

		if (!f || !field_get(e, f, &v))
			h = hash_mix(h, i + 1);
		else if (v.data)
			h = hash_bytes(v.data, v.len, h);
		else
			h = hash_number(h ^ v.u);
	}
	return h ? h : 1;
}

/* The key's place, or the one that was quiet for longest, emptied. */
static struct place *
find(struct keyed *k, uint64_t key)
{
	struct place *set = k->places + ((key >> 20) & k->mask) * WAYS, *oldest = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	k->orphans += oldest->held;
	*oldest = (struct place){ .key = key };
	return oldest;
}

static void
pass(struct keyed *k, struct place *p, uint32_t *suppressed)
{
	uint64_t held = p->held + k->orphans + *suppressed;

	*suppressed = held > UINT32_MAX ? UINT32_MAX : (uint32_t)held;
	p->held = k->orphans = 0;
}

static bool
dedup(struct keyed *k, const struct event *e, uint32_t *suppressed)
{
	uint64_t now = e->ev->ts;
	struct place *p = find(k, key_of(k, e));
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
rate(struct keyed *k, const struct event *e, uint32_t *suppressed)
{
	uint64_t now = e->ev->ts;
	struct place *p = find(k, key_of(k, e));

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

	if (l->dedup.places && !dedup(&l->dedup, e, &n)) {
		c->deduped++;
		return false;
	}
	if (l->rate.places && !rate(&l->rate, e, &n)) {
		/* What dedup had held is now held by the rate. */
		l->rate.orphans += n;
		c->limited++;
		return false;
	}
	*suppressed = n;
	return true;
}

