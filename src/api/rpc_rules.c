/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rpc_rules.h"

#include "api/rules_change.h"
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

void
rpc_rules_list(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__ListRulesRequest *rq = (const void *)request;
	Bpfd__V1__ListRulesResponse rs = BPFD__V1__LIST_RULES_RESPONSE__INIT;
	const struct api *api = call_api(call);
	const struct api_rule *r;
	struct scratch s;
	unsigned int t = rq->tracer[0] ? tracer_by_name(rq->tracer) : 0;

	if (rq->tracer[0] && !t) {
		call_error(call, IPC_INVALID_ARGUMENT, "tracer: there is no %s", LOG_QUOTE(rq->tracer));
		return;
	}
	scratch_start(&s);
	rs.rules = scratch_take(&s, api->rules.n, sizeof(*rs.rules));
	TAILQ_FOREACH(r, &api->rules.all, link) {
		if (!rs.rules || (t && (!r->rule || !(r->rule->tracers & 1ULL << t))))
			continue;
		rs.rules[rs.n_rules] = rpc_fill_rule(&s, api, r, false);
		rs.n_rules += rs.rules[rs.n_rules] != NULL;
	}
	rpc_reply(call, &s, &rs.base);
}

void
rpc_rules_get(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__GetRuleRequest *rq = (const void *)request;
	Bpfd__V1__GetRuleResponse rs = BPFD__V1__GET_RULE_RESPONSE__INIT;
	const struct api *api = call_api(call);
	const struct api_rule *r = rules_find(&api->rules, rq->name, rq->tracer, NULL);
	struct scratch s;

	if (!r) {
		call_error(call, IPC_NOT_FOUND, "there is no rule %s%s%s", LOG_QUOTE(rq->name),
			rq->tracer[0] ? " of tracer " : "", rq->tracer[0] ? LOG_QUOTE(rq->tracer) : "");
		return;
	}
	scratch_start(&s);
	rs.rule = rpc_fill_rule(&s, api, r, true);
	rpc_reply(call, &s, &rs.base);
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
