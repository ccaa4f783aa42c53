/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rpc_rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/ctl_enricher.h"
#include "api/rules_change.h"
#include "common/auto.h"
#include "common/log.h"

static void
reply_created(struct call *call, const struct api_rule *r)
{
	Bpfd__V1__CreateRuleResponse rs = BPFD__V1__CREATE_RULE_RESPONSE__INIT;
	struct scratch s;

	scratch_start(&s);
	rs.rule = rpc_fill_rule(&s, call_api(call), r, false);
	rpc_reply(call, &s, &rs.base);
}

void
rpc_rules_create(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__CreateRuleRequest *rq = (const void *)request;
	const struct rule_request create = { .file = rq->file, .text = rq->text, .replace = rq->replace,
		.dry_run = rq->dry_run };

	rules_create_text(call, &create, reply_created);
}

static void
reply_checked(struct call *call, const struct api_rule *r)
{
	Bpfd__V1__CheckRuleResponse rs = BPFD__V1__CHECK_RULE_RESPONSE__INIT;
	struct scratch s;

	scratch_start(&s);
	rs.rule = rpc_fill_rule(&s, call_api(call), r, true);
	rpc_reply(call, &s, &rs.base);
}

void
rpc_rules_check(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__CheckRuleRequest *rq = (const void *)request;
	const struct rule_request check = { .file = rq->file, .text = rq->text, .check = true };

	rules_create_text(call, &check, reply_checked);
}

/* ---- those that there are, with what the enricher counted of them ---- */

struct ask {
	struct query q;			/* first */
	unsigned int tracer;		/* 0: of any */
	char name[RULE_NAME_MAX], of[64];	/* of the one that is asked for */
};

static int
compare_ids(const void *x, const void *y)
{
	const uint64_t *id = x;
	const struct msg_rule_count *c = y;

	return (*id > c->id) - (*id < c->id);
}

static Bpfd__V1__Rule *
fill(struct scratch *s, const struct ask *a, const struct api_rule *r, bool explain,
	const struct msg_rule_count *counts, size_t n)
{
	Bpfd__V1__Rule *out = rpc_fill_rule(s, a->q.api, r, explain);
	const struct msg_rule_count *c;
	uint64_t id;

	if (!out || !rules_active(r) || !n)
		return out;
	id = r->in_kernel ? rule_id(r->decisions, r->decisions_len) : rule_id(r->packed, r->packed_len);
	c = bsearch(&id, counts, n, sizeof(*counts), compare_ids);
	if (!c)
		return out;
	out->matched = c->matched;
	out->rate_limited = c->limited;
	out->deduplicated = c->deduped;
	out->acted = c->acted;
	return out;
}

static void
reply_list(void *arg, const struct msg_rule_count *counts, size_t n)
{
	Bpfd__V1__ListRulesResponse rs = BPFD__V1__LIST_RULES_RESPONSE__INIT;
	AUTO(mem) struct ask *a = arg;
	const struct api_rule *r;
	struct scratch s;

	if (!a->q.call)
		return;
	scratch_start(&s);
	rs.rules = scratch_take(&s, a->q.api->rules.n, sizeof(*rs.rules));
	TAILQ_FOREACH(r, &a->q.api->rules.all, link) {
		if (!rs.rules || (a->tracer && (!r->rule || !(r->rule->tracers & 1ULL << a->tracer))))
			continue;
		rs.rules[rs.n_rules] = fill(&s, a, r, false, counts, n);
		rs.n_rules += rs.rules[rs.n_rules] != NULL;
	}
	rpc_reply(a->q.call, &s, &rs.base);
}

void
rpc_rules_list(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__ListRulesRequest *rq = (const void *)request;
	unsigned int t = rq->tracer[0] ? tracer_by_name(rq->tracer) : 0;
	struct ask *a;

	if (rq->tracer[0] && !t) {
		call_error(call, IPC_INVALID_ARGUMENT, "tracer: there is no %s", LOG_QUOTE(rq->tracer));
		return;
	}
	a = (struct ask *)rpc_query(call, sizeof(*a));
	if (!a)
		return;
	a->tracer = t;
	ctl_enricher_counts(a->q.api->enricher, reply_list, a);
}

/* False: there is no such rule, and the call has its error. */
static bool
find_named(struct call *call, const char *name, const char *tracer, const struct api_rule **out)
{
	*out = rules_find(&call_api(call)->rules, name, tracer, NULL);
	if (!*out)
		call_error(call, IPC_NOT_FOUND, "there is no rule %s%s%s", LOG_QUOTE(name),
			tracer[0] ? " of tracer " : "", tracer[0] ? LOG_QUOTE(tracer) : "");
	return *out;
}

static void
reply_get(void *arg, const struct msg_rule_count *counts, size_t n)
{
	Bpfd__V1__GetRuleResponse rs = BPFD__V1__GET_RULE_RESPONSE__INIT;
	AUTO(mem) struct ask *a = arg;
	const struct api_rule *r;
	struct scratch s;

	/* It may have been removed meanwhile. */
	if (!a->q.call || !find_named(a->q.call, a->name, a->of, &r))
		return;
	scratch_start(&s);
	rs.rule = fill(&s, a, r, true, counts, n);
	rpc_reply(a->q.call, &s, &rs.base);
}

void
rpc_rules_get(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__GetRuleRequest *rq = (const void *)request;
	const struct api_rule *r;
	struct ask *a;

	if (!find_named(call, rq->name, rq->tracer, &r))
		return;
	a = (struct ask *)rpc_query(call, sizeof(*a));
	if (!a)
		return;
	snprintf(a->name, sizeof(a->name), "%s", rq->name);
	snprintf(a->of, sizeof(a->of), "%s", rq->tracer);
	ctl_enricher_counts(a->q.api->enricher, reply_get, a);
}

static void
reply_removed(struct call *call)
{
	const Bpfd__V1__RemoveRuleResponse rs = BPFD__V1__REMOVE_RULE_RESPONSE__INIT;

	call_reply(call, &rs.base);
}

void
rpc_rules_remove(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__RemoveRuleRequest *rq = (const void *)request;

	rules_remove_named(call, rq->name, rq->tracer, reply_removed);
}
