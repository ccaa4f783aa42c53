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
			sum += load(&en->shared[c].count[t].lost) + load(&en->shared[c].count[t].throttled);
	return sum;
}

/* An answer: counters gather until a message is full. */
struct answer {
	struct chan *to;
	uint32_t seq;
	int err;			/* the first one; nothing more is sent then */
	struct msg_ev_stat m;
};

static void
flush(struct answer *a)
{
	if (!a->err && a->m.n)
		a->err = chan_send_nonblock(a->to, IPC_EV_STAT, a->seq, &a->m, NULL);
	a->m = (struct msg_ev_stat){ 0 };
}

static void __attribute__((format(printf, 3, 4)))
say(struct answer *a, uint64_t value, const char *fmt, ...)
{
	struct msg_counter *c;
	va_list ap;

	if (a->m.n == EV_STAT_MAX)
		flush(a);
	c = &a->m.v[a->m.n++];
	c->value = value;
	va_start(ap, fmt);
	vsnprintf(c->name, sizeof(c->name), fmt, ap);
	va_end(ap);
}

static void
add_kernel(const struct enricher *en, unsigned int tracer, struct msg_ev_kernel_one *sum)
{
	for (uint32_t c = 0; c < en->n_cpus; c++) {
		const struct ev_count *k = &en->shared[c].count[tracer];

		sum->produced += load(&k->produced);
		sum->lost += load(&k->lost);
		sum->throttled += load(&k->throttled);
		sum->filtered += load(&k->filtered);
		sum->cut += load(&k->cut);
	}
}

static void
put_kernel(struct msg_ev_kernel *m, const struct msg_ev_kernel_one *sum)
{
	if (sum->produced || sum->lost || sum->filtered)
		m->of[m->n++] = *sum;
}

/* Those that were declared once and are not any more have one line together: they are part of the sums. */
static void
say_tracers(const struct enricher *en, struct answer *a)
{
	struct msg_ev_kernel_one removed = { .tracer = EV_KERNEL_REMOVED };
	struct msg_ev_kernel m = { .n = 0 };

	for (unsigned int t = 0; t < N_TRACERS; t++) {
		bool is = t == TR_NONE || ipc_tracer_name(t);
		struct msg_ev_kernel_one sum = { .tracer = t };

		add_kernel(en, t, is ? &sum : &removed);
		if (is)
			put_kernel(&m, &sum);
	}
	put_kernel(&m, &removed);
	a->err = chan_send_nonblock(a->to, IPC_EV_KERNEL, a->seq, &m, NULL);
}

static const char *const act_names[N_ACTION_STATS] = {
#define ACTION_STAT(id, name, help) [STAT_##id] = #name,
#include "ipc/action_stats.def"
};

static void
say_act(struct answer *a, const char *class, const uint64_t *scratch)
{
	for (unsigned int k = 0; k < N_ACTION_STATS; k++)
		say(a, __atomic_load_n(&scratch[ACTION_STATS_AT + k], __ATOMIC_RELAXED), "actions.%s.%s", class,
			act_names[k]);
}

/* The consumers of the ring; workers that have never run are not there. */
static void
say_consumers(const struct enricher *en, struct answer *a)
{
	struct ring_watched w;

	for (size_t i = 0; i < en->n_consumers; i++) {
		uint32_t id = en->consumers[i];
		const char *name = id ? action_class_names[id - 1] : "api";

		if (!ring_watched(en->ring, i, &w))
			continue;
		say(a, w.missed, "events.ring.%s.missed", name);
		say(a, w.behind, "events.ring.%s.behind", name);
		if (id)
			say_act(a, name, w.scratch);
	}
}

static uint32_t
in_use(const struct slotmap *t)
{
	return (uint32_t)*t->high - t->n_free;
}

static void
say_now(const struct enricher *en, struct answer *a)
{
	struct matcher_stats m = { 0 };

	say(a, in_use(&en->procs.t), "events.state.procs");
	say(a, in_use(&en->cgroups.t), "events.state.cgroups");
	say(a, ring_backlog(en->ring), "events.ring.backlog");
	if (!en->matcher)
		return;
	matcher_stats(en->matcher, &m);
	say(a, m.events, "events.matcher.events");
	say(a, m.matched, "events.matcher.matched");
	say(a, m.limited, "events.matcher.limited");
	say(a, m.deduped, "events.matcher.deduped");
	say(a, m.sequence_evicted, "events.matcher.sequence_evicted");
	say(a, m.regex_limits, "events.matcher.regex_limits");
}

int
stats_send_rules(struct enricher *en, struct chan *to, uint32_t seq, uint32_t from)
{
	struct msg_ev_rule_counts m = { .n = 0 };
	struct rule_count counts[EV_RULE_COUNTS_MAX];
	size_t at = from;

	if (en->matcher)
		m.n = (uint32_t)matcher_counts(en->matcher, &at, counts, EV_RULE_COUNTS_MAX);
	for (uint32_t i = 0; i < m.n; i++)
		m.of[i] = (struct msg_rule_count){ counts[i].id, counts[i].matched, counts[i].limited,
			counts[i].deduped, counts[i].acted };
	m.next = m.n == EV_RULE_COUNTS_MAX ? (uint32_t)at : 0;
	return chan_send_nonblock(to, IPC_EV_RULE_COUNTS, seq, &m, NULL);
}

/* Never waits: an API that does not read is one to be left. */
int
stats_send(struct enricher *en, struct chan *to, uint32_t seq)
{
	struct answer a = { .to = to, .seq = seq };

	say_tracers(en, &a);
	for (unsigned int i = 0; i < N_COUNTERS; i++)
		say(&a, en->count[i], "%s", names[i]);
	say_consumers(en, &a);
	say_now(en, &a);
	flush(&a);
	return a.err ? a.err : chan_send_nonblock(to, IPC_EV_STATS_END, seq, NULL, NULL);
}
