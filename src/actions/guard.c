/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actions/worker.h"
#include "common/clock.h"
#include "common/log.h"

/*
 * What a destructive act must pass before its target is looked at.  Acts are remembered by rule
 * and target in a table where the oldest is forgotten.
 */
#define ACTS		4096		/* power of two */
#define WAYS		8
#define MINUTE_NS	60000000000ull

struct guard {
	uint64_t max_age_ns, per_minute;
	uint64_t minute, used;
	uint64_t told_budget;		/* minute in which that was said */
	struct { uint64_t key, when; } acts[ACTS];
};

int
guard_new(struct worker *w, struct guard **out)
{
	struct guard *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->max_age_ns = w->cfg->actions_max_age_ms * 1000000;
	g->per_minute = w->cfg->actions_kills_per_minute;
	*out = g;
	return 0;
}

static uint64_t
hash(uint64_t h, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = EV_HASH_STEP(h, ((const unsigned char *)bytes)[i]);
	return h;
}

/* Of a container its cgroup, of a process (pid, start). */
static uint64_t
act_key(const struct worker *w, const struct event *e, const struct rec_match *m, unsigned int action,
	int outcome)
{
	uint64_t h = hash(EV_HASH_INIT, &outcome, sizeof(outcome));

	h = hash(h, &action, sizeof(action));
	h = hash(h, (const char *)e->rec + m->name_off, m->name_len);
	if (w->class_ == CLASS_CGROUP || w->class_ == CLASS_CHECKPOINT)
		h = hash(h, (const char *)e->ctx + e->ctx->cgroup_dir.off, e->ctx->cgroup_dir.len);
	else
		h = hash(hash(h, &e->ev->tgid, sizeof(e->ev->tgid)), &e->ev->start, sizeof(e->ev->start));
	return h ? h : 1;
}

/* True when it is new; it is known from then on. */
static bool
first_time(struct guard *g, uint64_t key, bool remember)
{
	size_t at = (size_t)(key % (ACTS / WAYS)) * WAYS, oldest = at;

	for (size_t i = at; i < at + WAYS; i++) {
		if (g->acts[i].key == key)
			return false;
		if (g->acts[i].when < g->acts[oldest].when)
			oldest = i;
	}
	if (remember) {
		g->acts[oldest].key = key;
		g->acts[oldest].when = clock_ns(CLOCK_BOOTTIME);
	}
	return true;
}

static void
refuse(struct guard *g, struct worker *w, const struct event *e, const struct rec_match *m,
	unsigned int action, enum action_outcome outcome, const char *text)
{
	/* The same answer for the same target is told once: a rule may match a million times. */
	if (first_time(g, act_key(w, e, m, action, (int)outcome), true))
		worker_result(w, e, m, action, outcome, 0, text);
	else
		worker_count(w, STAT_REFUSED);
}

static bool
budget_left(struct guard *g)
{
	uint64_t minute = clock_ns(CLOCK_BOOTTIME) / MINUTE_NS;

	if (minute != g->minute) {
		g->minute = minute;
		g->used = 0;
	}
	return g->used < g->per_minute;
}

bool
guard_allows(struct guard *g, struct worker *w, const struct event *e, const struct rec_match *m,
	unsigned int action)
{
	if (!first_time(g, act_key(w, e, m, action, OUTCOME_DONE), false)) {
		worker_count(w, STAT_REFUSED);		/* OUTCOME_REPEATED, told when it was done */
		return false;
	}
	if (e->ev->flags & EV_NO_OWNER) {
		refuse(g, w, e, m, action, OUTCOME_PROTECTED, "not this process caused the event");
		return false;
	}
	if (!w->enforce || !(m->flags & MATCH_ENFORCE)) {
		refuse(g, w, e, m, action, OUTCOME_OBSERVED, w->enforce ? "the rule only observes"
			: "actions.allow_enforce is off");
		return false;
	}
	if (m->flags & MATCH_UNKNOWN && !w->cfg->actions_act_on_unknown) {
		refuse(g, w, e, m, action, OUTCOME_OBSERVED, "a text that was cut left open whether the rule matches "
			"(actions.act_on_unknown)");
		return false;
	}
	if (clock_ns(CLOCK_BOOTTIME) > e->ev->ts + g->max_age_ns) {
		refuse(g, w, e, m, action, OUTCOME_TOO_OLD, "the event is too old");
		return false;
	}
	if (!budget_left(g)) {
		if (g->told_budget != g->minute)
			log_warn("action.budget", "action=%s no more acts in this minute",
				w->table->a[action].name);
		g->told_budget = g->minute;
		refuse(g, w, e, m, action, OUTCOME_OVER_BUDGET, "no more acts in this minute");
		return false;
	}
	return true;
}

void
guard_done(struct guard *g, const struct worker *w, const struct event *e, const struct rec_match *m,
	unsigned int action)
{
	first_time(g, act_key(w, e, m, action, OUTCOME_DONE), true);
	g->used++;
}
