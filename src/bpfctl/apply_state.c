/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon has, for `apply` and `save`. */
#include <stdlib.h>

#include "bpfctl/apply_input.h"
#include "bpfctl/client_call.h"
#include "proto/grpc.h"

/* The texts, which a list of rules does not have.  One that was removed meanwhile is none. */
static int
read_rules(struct ctl *ctl, const char *what, const Bpfd__V1__ListRulesResponse *all, struct apply_state *s)
{
	s->rules = calloc(all->n_rules + 1, sizeof(*s->rules));
	s->each_rule = calloc(all->n_rules + 1, sizeof(*s->each_rule));
	if (!s->rules || !s->each_rule)
		return ctl_fail(ctl, CTL_FAILED, NULL, what, "no memory");
	for (size_t i = 0; i < all->n_rules; i++) {
		Bpfd__V1__GetRuleRequest req = BPFD__V1__GET_RULE_REQUEST__INIT;
		AUTO(client_error) struct client_error e = { 0 };
		size_t n = s->actual.n_rules;

		req.name = all->rules[i]->name;
		if (all->rules[i]->n_tracers)
			req.tracer = all->rules[i]->tracers[0];
		if (rpc_rule_get(ctl->client, &req, &s->rules[n], &e) == 0 && s->rules[n]->rule) {
			s->each_rule[n] = s->rules[n]->rule;
			s->actual.n_rules++;
		} else if (e.code && e.code != GRPC_NOT_FOUND) {
			return ctl_fail_call(ctl, what, &e);
		}
	}
	s->actual.rules = s->each_rule;
	return CTL_DONE;
}

int
apply_state_read(struct ctl *ctl, const char *what, struct apply_state *s)
{
	Bpfd__V1__ListRequest programs = BPFD__V1__LIST_REQUEST__INIT;
	Bpfd__V1__ListLinksRequest links = BPFD__V1__LIST_LINKS_REQUEST__INIT;
	Bpfd__V1__ListRulesRequest rules = BPFD__V1__LIST_RULES_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListRulesResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	programs.max_bytes = CALL_MESSAGE_MAX;
	if (rpc_list(ctl->client, &programs, &s->programs, &e) ||
	    rpc_list_links(ctl->client, &links, &s->links, &e) || rpc_rule_list(ctl->client, &rules, &all, &e))
		return ctl_fail_call(ctl, what, &e);
	s->actual.programs = s->programs->programs;
	s->actual.n_programs = s->programs->n_programs;
	s->actual.links = s->links->links;
	s->actual.n_links = s->links->n_links;
	return read_rules(ctl, what, all, s);
}

void
apply_state_free(struct apply_state *s)
{
	for (size_t i = 0; i < s->actual.n_rules; i++)
		auto_reply(&s->rules[i]);
	free(s->rules);
	free(s->each_rule);
	auto_reply(&s->links);
	auto_reply(&s->programs);
}
