/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration lets a rule do. */
#include <stdio.h>
#include <string.h>

#include "api/enforce.h"
#include "ipc/tracers.h"

enum ipc_code
rules_admit_tracers(uint64_t tracers, const struct config *cfg, enum config_role role, char *why, size_t room)
{
	uint64_t refused = tracers & ~ipc_tracers_allowed(cfg);
	char names[256];

	rules_tracer_names(refused & cfg->tracers_deny.mask, names, sizeof(names));
	if (names[0]) {
		snprintf(why, room, "tracer %s is denied (tracers.deny in bpfd.toml)", names);
		return IPC_PERMISSION_DENIED;
	}
	rules_tracer_names(refused & ipc_tracers_configured() & ~cfg->tracers_enabled.mask, names, sizeof(names));
	if (names[0]) {
		snprintf(why, room, "tracer %s is for the configuration alone: bpfd.toml must name it in "
			"tracers.enabled", names);
		return IPC_PERMISSION_DENIED;
	}
	rules_tracer_names(refused, names, sizeof(names));
	if (names[0]) {
		snprintf(why, room, "tracer %s shows what people type: bpfd.toml must name it in "
			"tracers.allow_sensitive", names);
		return IPC_PERMISSION_DENIED;
	}
	rules_tracer_names(role < CONFIG_ADMIN ? tracers & ipc_tracers_sensitive() : 0, names, sizeof(names));
	if (names[0]) {
		snprintf(why, room, "tracer %s shows what people type: only an administrator may use it",
			names);
		return IPC_PERMISSION_DENIED;
	}
	return IPC_OK;
}

static void
list_actions(const struct action_table *t, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < t->n && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", i ? ", " : "", t->a[i].name);
}

static enum ipc_code
admit_actions(struct api_rule *r, const struct action_table *t, bool *destructive, char *why,
	size_t room)
{
	memset(r->actions, 0, sizeof(r->actions));
	for (uint32_t i = 0; i < r->rule->n_actions; i++) {
		const struct rule_action *a = &r->rule->actions[i];
		int bit = action_by_name(t, a->name);
		char names[512];

		/* Decided in the kernel: rule_check() has seen to it that it can be. */
		if (enforce_verb(a->name)) {
			*destructive = true;
			continue;
		}

		if (bit < 0) {
			list_actions(t, names, sizeof(names));
			snprintf(why, room, "[%s]: %s is not a valid action; there are %s", r->name,
				a->name, names);
			return IPC_INVALID_ARGUMENT;
		}
		*destructive |= action_types[t->a[bit].type].destructive;
		/* What these do is itself an event of that tracer: the rule would go round in a circle. */
		if ((r->rule->tracers >> TR_ACTION & 1) &&
		    (action_types[t->a[bit].type].destructive || t->a[bit].type == ACTION_EXEC || action_is_net(&t->a[bit]))) {
			snprintf(why, room, "[%s]: action %s is not for events of what actions did", r->name, a->name);
			return IPC_INVALID_ARGUMENT;
		}
		for (uint32_t s = a->min_severity; s < N_SEVERITIES; s++)
			r->actions[s] |= 1ULL << bit;
	}
	return IPC_OK;
}

/* The rule before may come later, so this is no error. */
void
rules_warn_after(const struct rules *rs, struct api_rule *r)
{
	const struct api_rule *before;
	bool any = false;

	if (!rules_active(r) || !r->rule->after[0])
		return;
	TAILQ_FOREACH(before, &rs->all, link) {
		if (!rules_active(before) || strcmp(before->name, r->rule->after) != 0)
			continue;
		any = true;
		for (unsigned int t = 1; t < N_TRACERS; t++)
			for (uint32_t i = 0; (before->rule->tracers >> t & 1) && i < r->rule->sequence.n_keys; i++)
				if (!field_find(t, r->rule->sequence.keys[i]))
					rules_problem(r, true, "after: tracer %s of rule %s has no field %s, so that this "
						"rule never follows its events", ipc_tracer_name(t), before->name,
						r->rule->sequence.keys[i]);
	}
	if (!any)
		rules_problem(r, true, "after: there is no rule %s in use, so that this one never matches",
			r->rule->after);
}

enum ipc_code
rules_admit(struct api_rule *r, const struct config *cfg, const struct action_table *actions,
	const struct rule_by *by, char *why, size_t room)
{
	bool destructive = false;
	bool trusted = by->origin == RULE_FROM_FILE || (by->uid == 0 && cfg->actions_api_allow_enforce);
	enum ipc_code code = rules_admit_tracers(r->rule->tracers, cfg,
		by->origin == RULE_FROM_FILE ? CONFIG_ADMIN : by->role, why, room);

	if (!code)
		code = admit_actions(r, actions, &destructive, why, room);
	if (!code && enforce_verbs(r->rule) && enforce_decisions(r) < 0)
		code = IPC_RESOURCE_EXHAUSTED;
	if (code)
		return code;
	r->enforce = r->rule->mode == RULE_ENFORCE && trusted && cfg->actions_allow_enforce;
	if (!destructive || r->rule->mode != RULE_ENFORCE || r->enforce)
		return IPC_OK;
	if (!trusted && by->uid != 0)
		rules_problem(r, true, "enforce: by the API only root may enforce, so what its actions "
			"would do is only said");
	else if (!trusted)
		rules_problem(r, true, "enforce: not by the API without actions.api_allow_enforce, so what "
			"its actions would do is only said");
	else
		rules_problem(r, true, "enforce: not without actions.allow_enforce in bpfd.toml, so what its "
			"actions would do is only said");
	return IPC_OK;
}
