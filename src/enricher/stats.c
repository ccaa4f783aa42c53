/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "enricher/enricher.h"
#include "ipc/actions.h"
#include "ipc/tracers.h"

static const char *const names[N_COUNTERS] = {
#define COUNTER(stage, name, help) [COUNT_##name] = "events." #stage "." #name,
#include "enricher/counters.def"
};

static uint64_t
load(const __u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

uint64_t
stats_kernel_lost(const struct enricher *en)
{
	uint64_t sum = 0;

	for (uint32_t c = 0; c < en->n_cpus; c++)
		for (unsigned int t = 1; t < N_TRACERS; t++)
			sum += load(&en->shared[c].count[t].lost);
	return sum;
}

static int
say(struct chan *to, uint32_t seq, uint64_t value, const char *fmt, ...)
{
	struct msg_counter m = { .value = value };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m.name, sizeof(m.name), fmt, ap);
	va_end(ap);
	return chan_send_nonblock(to, IPC_EV_STAT, seq, &m, NULL);
}

static int
say_kernel(const struct enricher *en, struct chan *to, uint32_t seq, unsigned int tracer)
{
	const char *name = tracer ? ipc_tracer_name(tracer) : "core";
	struct ev_count sum = { 0 };
	int err;

	for (uint32_t c = 0; c < en->n_cpus; c++) {
		const struct ev_count *k = &en->shared[c].count[tracer];

		sum.produced += load(&k->produced);
		sum.lost += load(&k->lost);
		sum.filtered += load(&k->filtered);
		sum.cut += load(&k->cut);
	}
	if (!sum.produced && !sum.lost && !sum.filtered)
		return 0;
	err = say(to, seq, sum.produced, "events.kernel.%s.produced", name);
	if (!err)
		err = say(to, seq, sum.lost, "events.kernel.%s.lost", name);
	if (!err)
		err = say(to, seq, sum.filtered, "events.kernel.%s.filtered", name);
	if (!err)
		err = say(to, seq, sum.cut, "events.kernel.%s.cut", name);
	return err;
}

static const char *const act_names[N_ACTION_STATS] = {
#define ACTION_STAT(id, name, help) [STAT_##id] = #name,
#include "ipc/action_stats.def"
};

static int
say_act(struct chan *to, uint32_t seq, const char *class, const uint64_t *scratch)
{
	int err = 0;

	for (unsigned int k = 0; k < N_ACTION_STATS && !err; k++)
		err = say(to, seq, __atomic_load_n(&scratch[ACTION_STATS_AT + k], __ATOMIC_RELAXED),
			"actions.%s.%s", class, act_names[k]);
	return err;
}

/* The consumers of the ring; workers that have never run are not there. */
static int
say_consumers(const struct enricher *en, struct chan *to, uint32_t seq)
{
	struct ring_watched w;
	int err = 0;

	for (size_t i = 0; i < en->n_consumers && !err; i++) {
		uint32_t id = en->consumers[i];
		const char *name = id ? action_class_names[id - 1] : "api";

		if (!ring_watched(en->ring, i, &w))
			continue;
		err = say(to, seq, w.missed, "events.ring.%s.missed", name);
		if (!err)
			err = say(to, seq, w.behind, "events.ring.%s.behind", name);
		if (!err && id)
			err = say_act(to, seq, name, w.scratch);
	}
	return err;
}

static uint32_t
in_use(const struct slotmap *t)
{
	return (uint32_t)*t->high - t->n_free;
}

static int
say_now(const struct enricher *en, struct chan *to, uint32_t seq)
{
	struct matcher_stats m = { 0 };
	const struct { const char *name; uint64_t value; } values[] = {
		{ "events.state.procs", in_use(&en->procs.t) },
		{ "events.state.cgroups", in_use(&en->cgroups.t) },
		{ "events.ring.backlog", ring_backlog(en->ring) },
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(values) && !err; i++)
		err = say(to, seq, values[i].value, "%s", values[i].name);
	if (err || !en->matcher)
		return err;
	matcher_stats(en->matcher, &m);
	const struct { const char *name; uint64_t value; } matching[] = {
		{ "events", m.events }, { "matched", m.matched }, { "limited", m.limited },
		{ "deduped", m.deduped }, { "regex_limits", m.regex_limits },
	};

	for (size_t i = 0; i < ARRAY_SIZE(matching) && !err; i++)
		err = say(to, seq, matching[i].value, "events.matcher.%s", matching[i].name);
	return err;
}

/* Never waits: an API that does not read is one to be left. */
int
stats_send(struct enricher *en, struct chan *to, uint32_t seq)
{
	int err = 0;

	for (unsigned int t = 0; t < N_TRACERS && !err; t++)
		err = say_kernel(en, to, seq, t);
	for (unsigned int i = 0; i < N_COUNTERS && !err; i++)
		err = say(to, seq, en->count[i], "%s", names[i]);
	if (!err)
		err = say_consumers(en, to, seq);
	if (!err)
		err = say_now(en, to, seq);
	return err ? err : chan_send_nonblock(to, IPC_EV_STATS_END, seq, NULL, NULL);
}
