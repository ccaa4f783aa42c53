/* SPDX-License-Identifier: Apache-2.0 */
/* grpc.API, the service of genuinetools/bpfd. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/events.h"
#include "api/rpc_parts.h"
#include "api/rpc_trace.h"
#include "api/rules_change.h"
#include "api/sets.h"
#include "api/streams.h"
#include "common/auto.h"
#include "common/log.h"
#include "grpc_api.pb-c.h"
#include "ipc/tracers.h"
#include "rules/runtimes.h"

#define TEXT_MAX RULE_TEXT_MAX

/* ---- CreateRule ---- */

struct text { char *p; size_t len, size; bool cut; };

static void
put(struct text *t, const char *s, size_t len)
{
	if (len > t->size - t->len) {
		t->cut = true;
		return;
	}
	memcpy(t->p + t->len, s, len);
	t->len += len;
}

static void
puts_(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

/* A TOML basic string. */
static void
put_string(struct text *t, const char *s)
{
	char esc[8];

	puts_(t, "\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			put(t, "\\", 1);
		if (c < ' ' || c == 0x7f)
			put(t, esc, (size_t)snprintf(esc, sizeof(esc), "\\u%04x", c));
		else
			put(t, s, 1);
	}
	puts_(t, "\"");
}

static void
put_list(struct text *t, const char *key, char *const *v, size_t n)
{
	if (!n)
		return;
	puts_(t, key);
	for (size_t i = 0; i < n; i++) {
		puts_(t, i ? ", " : " = [");
		put_string(t, v[i]);
	}
	puts_(t, "]\n");
}

/* The rule as the file that it could have come from. */
static char *
text_of(const Grpc__Rule *in)
{
	struct text t = { .p = malloc(TEXT_MAX + 1), .size = TEXT_MAX };

	if (!t.p)
		return NULL;
	puts_(&t, "name = ");
	put_string(&t, in->name);
	puts_(&t, "\ntracer = ");
	put_string(&t, in->tracer);
	puts_(&t, "\n");
	put_list(&t, "actions", in->actions, in->n_actions);
	put_list(&t, "containerRuntimes", in->containerruntimes, in->n_containerruntimes);
	for (size_t i = 0; i < in->n_filterevents; i++) {
		puts_(&t, "\n[filterEvents.");
		put_string(&t, in->filterevents[i]->key);
		puts_(&t, "]\n");
		if (in->filterevents[i]->value)
			put_list(&t, "values", in->filterevents[i]->value->values,
				in->filterevents[i]->value->n_values);
	}
	t.p[t.len] = '\0';
	if (t.cut) {
		free(t.p);
		return NULL;
	}
	return t.p;
}

static int
make_rule(const Grpc__Rule *in, struct rule **out, char *why, size_t room)
{
	AUTO(mem) struct rule_seed_filter *filters = calloc(in->n_filterevents + 1, sizeof(*filters));
	const struct rule_seed seed = { .name = in->name, .tracer = in->tracer, .filters = filters,
		.n_filters = in->n_filterevents,
		.runtimes = (const char *const *)in->containerruntimes,
		.n_runtimes = in->n_containerruntimes, .actions = (const char *const *)in->actions,
		.n_actions = in->n_actions };

	if (!filters)
		return -ENOMEM;
	for (size_t i = 0; i < in->n_filterevents; i++) {
		const Grpc__Filter *f = in->filterevents[i]->value;

		filters[i].key = in->filterevents[i]->key;
		filters[i].values = f ? (const char *const *)f->values : NULL;
		filters[i].n_values = f ? f->n_values : 0;
	}
	return rule_from_seed(&seed, out, why, room);
}

static void
reply_created(struct call *call, const struct api_rule *r)
{
	const Grpc__CreateRuleResponse rs = GRPC__CREATE_RULE_RESPONSE__INIT;

	call_reply(call, &rs.base);
}

AUTO_DEFINE(rule, struct rule *, rule_free)

void
rpc_seed_create(struct call *call, const ProtobufCMessage *request)
{
	const Grpc__CreateRuleRequest *rq = (const void *)request;
	char why[IPC_TEXT_MAX] = "the rule is not valid";
	AUTO(rule) struct rule *rule = NULL;
	AUTO(api_rule) struct api_rule *r = NULL;
	AUTO(mem) void *packed = NULL;
	AUTO(mem) char *text = NULL;
	size_t len;

	if (!rq->rule || !rq->rule->name[0] || !rq->rule->tracer[0]) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "rule %s", !rq->rule ? "cannot be nil" :
			!rq->rule->name[0] ? "name cannot be empty" : "tracer cannot be empty");
		return;
	}
	if (make_rule(rq->rule, &rule, why, sizeof(why)) < 0) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s", why);
		return;
	}
	text = text_of(rq->rule);
	r = text ? rules_new(rule->name, "", text, strlen(text)) : NULL;
	if (!r || rule_pack(rule, &packed, &len) < 0) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "the rule is too large");
		return;
	}
	if (rules_take_packed(r, packed, len, why, sizeof(why)) < 0) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s", why);
		return;
	}
	rules_create(call, TAKE_PTR(r), reply_created);
}

/* ---- RemoveRule ---- */

static void
reply_removed(struct call *call)
{
	const Grpc__RemoveRuleResponse rs = GRPC__REMOVE_RULE_RESPONSE__INIT;

	call_reply(call, &rs.base);
}

void
rpc_seed_remove(struct call *call, const ProtobufCMessage *request)
{
	const Grpc__RemoveRuleRequest *rq = (const void *)request;

	rules_remove_named(call, rq->name, rq->tracer, reply_removed);
}

/* ---- ListRules ---- */

static const char *
seed_tracer_name(unsigned int t)
{
	const struct tracer_info *info = tracer_info(t);

	return info && info->seed_name ? info->seed_name : ipc_tracer_name(t);
}

/* Every test of the tree as a filter, values of one field together. */
static void
add_filters(struct scratch *s, const struct rule_node *n, Grpc__Rule *out, size_t room)
{
	Grpc__Rule__FilterEventsEntry *e = NULL;
	Grpc__Filter *f;

	for (uint32_t i = 0; i < n->n_children; i++)
		add_filters(s, &n->children[i], out, room);
	if (n->kind != NODE_TEST || out->n_filterevents == room)
		return;
	e = scratch_take(s, 1, sizeof(*e));
	f = scratch_take(s, 1, sizeof(*f));
	if (!e || !f)
		return;
	grpc__rule__filter_events_entry__init(e);
	grpc__filter__init(f);
	e->key = (char *)n->field;
	e->value = f;
	f->values = scratch_take(s, n->n_values, sizeof(char *));
	for (uint32_t i = 0; f->values && i < n->n_values; i++) {
		char *v = scratch_take(s, 1, n->values[i].len + 1);

		if (!v)
			return;
		memcpy(v, n->values[i].data, n->values[i].len);
		f->values[f->n_values++] = v;
	}
	out->filterevents[out->n_filterevents++] = e;
}

static Grpc__Rule *
fill_rule(struct scratch *s, const struct rule *rule, unsigned int t)
{
	Grpc__Rule *out = scratch_take(s, 1, sizeof(*out));

	if (!out)
		return NULL;
	grpc__rule__init(out);
	out->name = (char *)rule->name;
	out->tracer = (char *)seed_tracer_name(t);
	out->actions = scratch_take(s, rule->n_actions, sizeof(char *));
	for (uint32_t i = 0; out->actions && i < rule->n_actions; i++)
		out->actions[out->n_actions++] = (char *)rule->actions[i].name;
	out->containerruntimes = scratch_take(s, N_RUNTIMES, sizeof(char *));
	for (unsigned int i = 0; out->containerruntimes && i < N_RUNTIMES; i++)
		if (rule->runtimes & 1ULL << i)
			out->containerruntimes[out->n_containerruntimes++] = (char *)runtime_names[i];
	out->filterevents = scratch_take(s, RULE_PREDICATES_MAX, sizeof(*out->filterevents));
	if (out->filterevents && rule->match)
		add_filters(s, rule->match, out, RULE_PREDICATES_MAX);
	return out;
}

void
rpc_seed_list(struct call *call, const ProtobufCMessage *request)
{
	Grpc__ListRulesResponse rs = GRPC__LIST_RULES_RESPONSE__INIT;
	const struct api *api = call_api(call);
	const struct api_rule *r;
	struct scratch s;

	scratch_start(&s);
	rs.rules = scratch_take(&s, api->rules.n * N_TRACERS, sizeof(*rs.rules));
	TAILQ_FOREACH(r, &api->rules.all, link)
		for (unsigned int t = 1; rs.rules && rules_active(r) && t < N_TRACERS; t++) {
			if (!(r->rule->tracers & 1ULL << t))
				continue;
			rs.rules[rs.n_rules] = fill_rule(&s, r->rule, t);
			rs.n_rules += rs.rules[rs.n_rules] != NULL;
		}
	rpc_reply(call, &s, &rs.base);
}

/* ---- LiveTrace ---- */

void
rpc_seed_live_trace(struct call *call, const ProtobufCMessage *request)
{
	const struct stream_args a = { .rules_only = true, .defaults = true, .form = FORM_SEED };

	streams_add(call_api(call)->streams, call, &a);
}
