/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/enforce.h"
#include "api/rpc_rules.h"
#include "api/sets.h"
#include "common/auto.h"
#include "ipc/tracers.h"
#include "rules/runtimes.h"

static char *
copy(struct scratch *s, const char *text)
{
	size_t len = strlen(text);
	char *out = scratch_take(s, 1, len + 1);

	if (!out)
		return (char *)protobuf_c_empty_string;
	memcpy(out, text, len);
	return out;
}

/* NUL-separated, "" ends. */
static size_t
texts(struct scratch *s, const char *list, char ***out)
{
	size_t n = 0;

	for (const char *p = list; p && *p; p += strlen(p) + 1)
		n++;
	*out = scratch_take(s, n, sizeof(**out));
	if (!*out)
		return 0;
	n = 0;
	for (const char *p = list; p && *p; p += strlen(p) + 1)
		(*out)[n++] = (char *)p;
	return n;
}

static void
fill_masks(struct scratch *s, const struct rule *rule, Bpfd__V1__Rule *out)
{
	out->tracers = scratch_take(s, N_TRACERS, sizeof(char *));
	for (unsigned int t = 1; out->tracers && t < N_TRACERS; t++)
		if (rule->tracers & 1ULL << t)
			out->tracers[out->n_tracers++] = (char *)ipc_tracer_name(t);
	out->runtimes = scratch_take(s, N_RUNTIMES, sizeof(char *));
	for (unsigned int i = 0; out->runtimes && i < N_RUNTIMES; i++)
		if (rule->runtimes & 1ULL << i)
			out->runtimes[out->n_runtimes++] = (char *)runtime_names[i];
	out->actions = scratch_take(s, rule->n_actions, sizeof(char *));
	for (uint32_t i = 0; out->actions && i < rule->n_actions; i++)
		out->actions[out->n_actions++] = (char *)rule->actions[i].name;
}

static void
add_problem(struct scratch *s, Bpfd__V1__Rule *out, const struct rule_problem *p)
{
	Bpfd__V1__Problem *q = scratch_take(s, 1, sizeof(*q));

	if (!q)
		return;
	bpfd__v1__problem__init(q);
	q->line = p->line;
	q->column = p->column;
	q->warning = p->warning;
	q->code = copy(s, p->code);
	q->text = copy(s, p->text);
	out->problems[out->n_problems++] = q;
}

/* What became of its tracers is the loader's to say, and changes. */
static void
add_tracer_problems(struct scratch *s, const struct api *api, const struct api_rule *r,
	Bpfd__V1__Rule *out)
{
	uint64_t tracers = r->in_kernel ? 1ULL << TR_ENFORCE : r->rule->tracers;

	for (unsigned int t = 1; t < N_TRACERS; t++) {
		const struct msg_tracer_state *state = sets_tracer(api->sets, t);
		struct rule_problem p = { .warning = state->status == TRACER_PARTIAL };

		if (!(tracers & 1ULL << t) ||
		    (state->status != TRACER_FAILED && state->status != TRACER_PARTIAL))
			continue;
		snprintf(p.text, sizeof(p.text), "tracer %s is %s: %.400s", ipc_tracer_name(t),
			p.warning ? "partial" : "not attached", state->reason);
		add_problem(s, out, &p);
	}
}

/* One that is only checked is in no table; what the host has is known nevertheless. */
static void
add_kernel_problem(struct scratch *s, const struct api *api, const struct api_rule *r, Bpfd__V1__Rule *out)
{
	struct rule_problem p = { .warning = !r->rule->fail_closed };

	if (!out->problems || !r->decisions)
		return;
	snprintf(p.text, sizeof(p.text), "%.500s", r->kernel_why ? r->kernel_why : "");
	if (p.text[0] || (!r->in_kernel && enforce_missing(api, r->rule, p.text, sizeof(p.text))))
		add_problem(s, out, &p);
}

Bpfd__V1__Rule *
rpc_fill_rule(struct scratch *s, const struct api *api, const struct api_rule *r, bool explain)
{
	Bpfd__V1__Rule *out = scratch_take(s, 1, sizeof(*out));

	if (!out)
		return NULL;
	bpfd__v1__rule__init(out);
	out->name = copy(s, r->name);
	out->origin = r->origin == RULE_FROM_FILE ? "file" : "api";
	out->source = copy(s, r->source);
	out->uid = r->uid;
	out->created_unix_ns = r->created_ns;
	out->state = (char *)rules_state(r);
	out->problems = scratch_take(s, r->n_problems + N_TRACERS + 1, sizeof(*out->problems));
	for (size_t i = 0; out->problems && i < r->n_problems; i++)
		add_problem(s, out, &r->problems[i]);
	if (explain)
		out->text = copy(s, r->text);
	if (!r->rule)
		return out;
	fill_masks(s, r->rule, out);
	add_kernel_problem(s, api, r, out);
	if (out->problems && rules_active(r))
		add_tracer_problems(s, api, r, out);
	out->mode = r->rule->mode == RULE_ENFORCE && r->enforce ? "enforce" : "observe";
	out->severity = (char *)severity_names[r->rule->severity];
	out->enabled = r->rule->enabled;
	out->format = r->rule->format;
	out->description = copy(s, r->rule->description ? r->rule->description : "");
	out->n_tags = texts(s, r->rule->tags, &out->tags);
	out->n_mitre = texts(s, r->rule->mitre, &out->mitre);
	if (explain) {
		AUTO(mem) char *text = rule_explain(r->rule);

		out->explain = text ? copy(s, text) : (char *)protobuf_c_empty_string;
	}
	return out;
}
