/* SPDX-License-Identifier: Apache-2.0 */
/* bpfd.v1.Trace: the tracers and every counter of events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/ctl_enricher.h"
#include "api/events.h"
#include "api/rpc_parts.h"
#include "api/rpc_trace.h"
#include "api/server.h"
#include "api/sets.h"
#include "api/streams.h"
#include "bpfd_v1.pb-c.h"
#include "common/auto.h"
#include "ipc/tracers.h"

#define COUNTERS_MAX 8192

/* Both questions: first the loader's view of the tracers, then the enricher's counters. */
struct ask {
	struct query q;			/* first */
	void (*reply)(struct ask *a, const struct msg_counter *v, size_t n);
	struct msg_tracer_state tracers[N_TRACERS];
};

static void
on_counters(void *arg, const struct msg_counter *v, size_t n)
{
	AUTO(mem) struct ask *a = arg;

	if (a->q.call)
		a->reply(a, v, n);
}

static void
ask_enricher(struct ask *a)
{
	for (unsigned int t = 0; t < N_TRACERS; t++)
		a->tracers[t] = *sets_tracer(a->q.api->sets, t);
	ctl_enricher_stats(a->q.api->enricher, on_counters, a);
}

static void
on_tracers(void *arg, struct answer *answer)
{
	struct ask *a = arg;

	for (size_t i = 0; i < answer->n_tracers; i++)
		sets_tracer_state(a->q.api->sets, &answer->tracers[i]);
	ask_enricher(a);
}

static void
ask(struct call *call, void (*reply)(struct ask *a, const struct msg_counter *v, size_t n))
{
	struct query *q = rpc_query(call, sizeof(struct ask));
	struct ask *a = (struct ask *)q;

	if (!q)
		return;
	a->reply = reply;
	/* Without a loader what it said last is shown. */
	if (!ctl_loader_is_ready(q->api->loader) ||
	    ctl_loader_call(q->api->loader, IPC_TRACERS_LIST, NULL, NULL, on_tracers, a) < 0)
		ask_enricher(a);
}

/* ---- Tracers ---- */

static const char *
status_name(const struct api *api, const struct msg_tracer_state *s)
{
	static const char *const names[] = { "off", "loading", "on", "partial", "failed" };

	if (!(ipc_tracers_allowed(api->cfg) & 1ULL << s->tracer))
		return "denied";
	if (ipc_tracer_flags(s->tracer) & TR_NO_KERNEL)
		return sets_wanted(api->sets) & 1ULL << s->tracer ? "on" : "off";
	return s->status < ARRAY_SIZE(names) ? names[s->status] : "off";
}

static void
fill_wanted_by(struct scratch *s, const struct api *api, unsigned int t, Bpfd__V1__Tracer *out)
{
	unsigned int bits[STREAMS_MAX];
	size_t n = streams_of_tracer(api->streams, t, bits);
	const struct api_rule *r;

	out->wanted_by = scratch_take(s, 1 + api->rules.n + n, sizeof(char *));
	if (!out->wanted_by)
		return;
	if (api->cfg->tracers_enabled.mask & 1ULL << t)
		out->wanted_by[out->n_wanted_by++] = "config";
	TAILQ_FOREACH(r, &api->rules.all, link)
		if (rules_active(r) && (r->rule->tracers & 1ULL << t))
			out->wanted_by[out->n_wanted_by++] = scratch_printf(s, "rule %s", r->name);
	for (size_t i = 0; i < n; i++)
		out->wanted_by[out->n_wanted_by++] = scratch_printf(s, "stream %u", bits[i]);
}

/* hooks: a space between. */
static void
fill_hooks(struct scratch *s, const char *hooks, Bpfd__V1__Tracer *out)
{
	char *text = scratch_printf(s, "%s", hooks), *rest = NULL;

	out->hooks = scratch_take(s, strlen(hooks) / 2 + 1, sizeof(char *));
	for (char *name = text && out->hooks ? strtok_r(text, " ", &rest) : NULL; name; name = strtok_r(NULL, " ", &rest))
		out->hooks[out->n_hooks++] = name;
}

static void
add_fields(struct scratch *s, const struct field *f, Bpfd__V1__Tracer *out)
{
	for (; f->name; f++) {
		Bpfd__V1__FieldInfo *i = scratch_take(s, 1, sizeof(*i));

		if (!i)
			return;
		bpfd__v1__field_info__init(i);
		i->name = (char *)f->name;
		i->type = (char *)field_type_names[f->type];
		i->help = (char *)(f->help ? f->help : "");
		i->untrusted = (f->flags & FIELD_UNTRUSTED) != 0;
		out->fields[out->n_fields++] = i;
	}
}

static size_t
count_fields(const struct field *f)
{
	size_t n = 0;

	while (f[n].name)
		n++;
	return n;
}

static uint64_t
counter(const struct msg_counter *v, size_t n, const char *tracer, const char *what)
{
	char name[56];

	snprintf(name, sizeof(name), "events.kernel.%s.%s", tracer, what);
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return v[i].value;
	return 0;
}

static Bpfd__V1__Tracer *
fill_tracer(struct scratch *s, const struct api *api, const struct msg_tracer_state *state,
	const struct msg_counter *v, size_t n)
{
	const struct tracer_info *info = tracer_info(state->tracer);
	Bpfd__V1__Tracer *out = scratch_take(s, 1, sizeof(*out));
	size_t n_fields = count_fields(common_fields) + (info ? count_fields(info->fields) : 0);

	if (!out)
		return NULL;
	bpfd__v1__tracer__init(out);
	out->name = (char *)ipc_tracer_name(state->tracer);
	out->help = (char *)(info ? info->help : "");
	out->status = (char *)status_name(api, state);
	out->reason = scratch_take(s, 1, sizeof(state->reason));
	out->reason = out->reason ? memcpy(out->reason, state->reason, sizeof(state->reason)) :
		(char *)protobuf_c_empty_string;
	out->programs = state->n_programs;
	out->attached = state->n_attached;
	out->missed = state->missed;
	out->produced = counter(v, n, out->name, "produced");
	out->lost = counter(v, n, out->name, "lost");
	out->filtered = counter(v, n, out->name, "filtered");
	out->sensitive = (ipc_tracer_flags(state->tracer) & TR_SENSITIVE) != 0;
	out->hooks_reason = scratch_printf(s, "%s", state->hooks_reason);
	fill_hooks(s, state->hooks, out);
	fill_wanted_by(s, api, state->tracer, out);
	out->fields = scratch_take(s, n_fields, sizeof(*out->fields));
	if (out->fields && info)
		add_fields(s, info->fields, out);
	if (out->fields)
		add_fields(s, common_fields, out);
	return out;
}

static void
reply_tracers(struct ask *a, const struct msg_counter *v, size_t n)
{
	Bpfd__V1__TracersResponse rs = BPFD__V1__TRACERS_RESPONSE__INIT;
	struct scratch s;

	scratch_start(&s);
	rs.tracers = scratch_take(&s, N_TRACERS, sizeof(*rs.tracers));
	for (unsigned int t = 1; rs.tracers && t < N_TRACERS; t++) {
		if (!ipc_tracer_name(t))
			continue;
		a->tracers[t].tracer = t;
		rs.tracers[rs.n_tracers] = fill_tracer(&s, a->q.api, &a->tracers[t], v, n);
		rs.n_tracers += rs.tracers[rs.n_tracers] != NULL;
	}
	rpc_reply(a->q.call, &s, &rs.base);
}

void
rpc_trace_tracers(struct call *call, const ProtobufCMessage *request)
{
	ask(call, reply_tracers);
}

/* ---- Stats ---- */

struct stats {
	struct scratch *s;
	Bpfd__V1__Counter **v;
	size_t n;
};

static void
add(void *arg, const char *name, uint64_t value)
{
	struct stats *st = arg;
	Bpfd__V1__Counter *c = st->v && st->n < COUNTERS_MAX ? scratch_take(st->s, 1, sizeof(*c)) : NULL;

	if (!c)
		return;
	bpfd__v1__counter__init(c);
	c->name = scratch_printf(st->s, "%s", name);
	c->value = value;
	st->v[st->n++] = c;
}

static void
reply_stats(struct ask *a, const struct msg_counter *v, size_t n)
{
	Bpfd__V1__StatsResponse rs = BPFD__V1__STATS_RESPONSE__INIT;
	struct scratch s;
	struct stats st = { .s = &s };
	char name[64];

	scratch_start(&s);
	st.v = scratch_take(&s, COUNTERS_MAX, sizeof(*st.v));
	for (unsigned int t = 1; t < N_TRACERS; t++) {
		if (a->tracers[t].status == TRACER_OFF)
			continue;
		snprintf(name, sizeof(name), "events.kernel.%s.missed", ipc_tracer_name(t));
		add(&st, name, a->tracers[t].missed);
	}
	for (size_t i = 0; i < n; i++)
		add(&st, v[i].name, v[i].value);
	streams_counters(a->q.api->streams, add, &st);
	add(&st, "rules", a->q.api->rules.n);
	add(&st, "ruleset.generation", sets_generation(a->q.api->sets));
	rs.counters = st.v;
	rs.n_counters = st.n;
	rpc_reply(a->q.call, &s, &rs.base);
}

void
rpc_trace_stats(struct call *call, const ProtobufCMessage *request)
{
	ask(call, reply_stats);
}
