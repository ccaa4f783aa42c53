/* SPDX-License-Identifier: Apache-2.0 */
/* The fake daemon's rules and events. */
#include <stdio.h>
#include <string.h>

#include "bpfctl-fake.h"
#include "bpfd_v1.pb-c.h"

static void
fill_rule(Bpfd__V1__Rule *r, char *name)
{
	static char *tracers[] = { (char *)"open", (char *)"exec" }, *actions[] = { (char *)"log" };

	bpfd__v1__rule__init(r);
	r->name = name;
	r->tracers = tracers;
	r->n_tracers = 2;
	r->actions = actions;
	r->n_actions = 1;
	r->severity = (char *)"high";
	r->mode = (char *)"observe";
	r->origin = (char *)"api";
	r->state = (char *)"active";
}

void
fake_rule_create(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__CreateRuleRequest *req = (const void *)msg;
	Bpfd__V1__CreateRuleResponse reply = BPFD__V1__CREATE_RULE_RESPONSE__INIT;
	Bpfd__V1__Problem p = BPFD__V1__PROBLEM__INIT, *problems[] = { &p };
	Bpfd__V1__Rule r;

	fake_note("CreateRule file=%s replace=%d dry_run=%d text=%s", req->file, req->replace, req->dry_run,
		req->text);
	if (strcmp(req->text, "bad") == 0)
		return call_error(call, IPC_INVALID_ARGUMENT, "bad.toml:1:1: it is bad");
	fill_rule(&r, (char *)"shadow");
	p.line = 2;
	p.column = 5;
	p.warning = 1;
	p.code = (char *)"W001";
	p.text = (char *)"read as\x1b[31m something else";
	r.problems = problems;
	r.n_problems = 1;
	reply.rule = &r;
	call_reply(call, &reply.base);
}

void
fake_rule_list(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__ListRulesRequest *req = (const void *)msg;
	Bpfd__V1__ListRulesResponse reply = BPFD__V1__LIST_RULES_RESPONSE__INIT;
	Bpfd__V1__Rule a, b, *list[] = { &a, &b };

	fake_note("ListRules tracer=%s", req->tracer);
	fill_rule(&a, (char *)"shadow");
	fill_rule(&b, (char *)"a_rule_with_a_long_name");
	b.n_tracers = 1;
	reply.rules = list;
	reply.n_rules = 2;
	call_reply(call, &reply.base);
}

void
fake_rule_get(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__GetRuleRequest *req = (const void *)msg;
	Bpfd__V1__GetRuleResponse reply = BPFD__V1__GET_RULE_RESPONSE__INIT;
	Bpfd__V1__Rule r;

	if (strcmp(req->name, "shadow") != 0)
		return call_error(call, IPC_NOT_FOUND, "there is no rule %s", req->name);
	fill_rule(&r, (char *)"shadow");
	r.explain = (char *)"what it\x1b does\n";
	r.text = (char *)"a = 1\n";
	reply.rule = &r;
	call_reply(call, &reply.base);
}

void
fake_rule_remove(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__RemoveRuleRequest *req = (const void *)msg;
	const Bpfd__V1__RemoveRuleResponse reply = BPFD__V1__REMOVE_RULE_RESPONSE__INIT;

	fake_note("RemoveRule name=%s tracer=%s", req->name, req->tracer);
	if (strcmp(req->name, "shadow") != 0)
		return call_error(call, IPC_NOT_FOUND, "there is no rule %s", req->name);
	call_reply(call, &reply.base);
}

static void
on_gone(void *arg)
{
	fake_note("Events cancelled");
}

/* Three lines, with two lost before the last; then it stays open, or ends when the tracer is exit. */
void
fake_events(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__EventsRequest *req = (const void *)msg;
	static const char *const lines[] = { "one", "two\x1b[31m", "three" };

	fake_note("Events tracers=%zu filters=%zu rules_only=%d defaults=%d format=%s", req->n_tracers,
		req->n_filters, req->rules_only, req->defaults, req->format);
	for (size_t i = 0; i < req->n_filters; i++)
		fake_note("filter %s %s %zu %s", req->filters[i]->field, req->filters[i]->op,
			req->filters[i]->n_values,
			req->filters[i]->n_values ? req->filters[i]->values[0] : "-");
	for (int i = 0; i < 3; i++) {
		Bpfd__V1__Event e = BPFD__V1__EVENT__INIT;

		e.line = (char *)(uintptr_t)lines[i];
		e.lost = i == 2 ? 2 : 0;
		call_send(call, &e.base);
	}
	if (req->n_tracers && strcmp(req->tracers[0], "exit") == 0)
		call_finish(call);
	else
		call_on_cancel(call, on_gone, NULL);
}

void
fake_tracers(struct call *call, const ProtobufCMessage *msg)
{
	Bpfd__V1__TracersResponse reply = BPFD__V1__TRACERS_RESPONSE__INIT;
	Bpfd__V1__Tracer t = BPFD__V1__TRACER__INIT, *list[] = { &t };
	Bpfd__V1__FieldInfo f = BPFD__V1__FIELD_INFO__INIT, *fields[] = { &f };
	char *wanted[] = { (char *)"config", (char *)"rule shadow" };

	f.name = (char *)"path";
	f.type = (char *)"path";
	t.name = (char *)"open";
	t.status = (char *)"on";
	t.produced = 12;
	t.wanted_by = wanted;
	t.n_wanted_by = 2;
	t.fields = fields;
	t.n_fields = 1;
	reply.tracers = list;
	reply.n_tracers = 1;
	call_reply(call, &reply.base);
}

void
fake_stats(struct call *call, const ProtobufCMessage *msg)
{
	Bpfd__V1__StatsResponse reply = BPFD__V1__STATS_RESPONSE__INIT;
	Bpfd__V1__Counter counter = BPFD__V1__COUNTER__INIT, *counters[] = { &counter };

	counter.name = (char *)"streams.lost";
	counter.value = 2;
	reply.counters = counters;
	reply.n_counters = 1;
	call_reply(call, &reply.base);
}
