/* SPDX-License-Identifier: Apache-2.0 */
#include "api/enforce.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/ctl_loader.h"
#include "ipc/tracers.h"
#include "rules/check.h"

/* Keys that a decision does not have are left out: then one of them is for more. */
static void
keep_keys(struct rule_limit *l)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->n_keys; i++)
		if (field_find(TR_ENFORCE, l->keys[i]))
			memmove(l->keys[n++], l->keys[i], sizeof(l->keys[0]));
	l->n_keys = n;
}

static void
keep_redacted(struct rule *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n_redact; i++)
		if (check_redact(r->redact[i], r->tracers))
			memmove(r->redact[n++], r->redact[i], sizeof(r->redact[0]));
	r->n_redact = n;
}

int
enforce_decisions(struct api_rule *r)
{
	struct rule_value name = { r->name, strlen(r->name) };
	struct rule_node match = { .kind = NODE_TEST, .op = OP_eq, .field = "rule", .n_values = 1, .values = &name };
	struct rule decisions = *r->rule;

	decisions.tracers = 1ULL << TR_ENFORCE;
	decisions.match = &match;
	decisions.n_actions = 0;	/* the bits of r->actions count */
	decisions.fail_closed = false;
	memset(&decisions.budget, 0, sizeof(decisions.budget));
	keep_keys(&decisions.ratelimit);
	keep_keys(&decisions.dedup);
	keep_redacted(&decisions);
	return rule_pack(&decisions, &r->decisions, &r->decisions_len);
}

static const char *
kind_missing(const struct api *api, const char *name)
{
	size_t n;
	const struct attach_kind *kinds = ctl_loader_kinds(api->loader, &n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(kinds[i].kind.name, name) == 0 && kinds[i].kind.unavailable[0])
			return kinds[i].kind.unavailable;
	return NULL;
}

bool
enforce_missing(const struct api *api, const struct rule *r, char *why, size_t room)
{
	uint32_t hooks = enforce_hooks_needed(enforce_hooks(r));

	if (!(ipc_tracers_allowed(api->cfg) >> TR_ENFORCE & 1)) {
		snprintf(why, room, "the kernel does not decide it: tracers.deny names enforce");
		return true;
	}
	for (unsigned int i = 0; i < N_ENF_HOOKS; i++) {
		const char *missing = hooks >> i & 1 ? kind_missing(api, enforce_hook_kinds[i]) : NULL;

		if (!missing)
			continue;
		snprintf(why, room, "the kernel cannot decide %s: %.400s; %s", enforce_hook_names[i], missing,
			r->fail_closed ? "fail is closed, so the rule is not in use" : "the rule only observes");
		return true;
	}
	why[0] = '\0';
	return false;
}

static void
without(struct api_rule *r, const char *why)
{
	free(r->kernel_why);
	r->kernel_why = why ? strdup(why) : NULL;
	r->in_kernel = false;
}

/* Rules with a smaller order are looked at first, of equal ones those that stand first. */
static void
insert(struct api_rule **rules, size_t n, struct api_rule *r)
{
	for (; n > 0 && rules[n - 1]->rule->order > r->rule->order; n--)
		rules[n] = rules[n - 1];
	rules[n] = r;
}

static size_t
collect(struct api *api, struct api_rule **out)
{
	char why[IPC_TEXT_MAX];
	struct api_rule *r;
	size_t n = 0;

	TAILQ_FOREACH(r, &api->rules.all, link) {
		without(r, NULL);
		if (!rules_active(r) || !r->decisions)
			continue;
		if (enforce_missing(api, r->rule, why, sizeof(why)))
			without(r, why);
		else
			insert(out, n++, r);
	}
	return n;
}

static int
compile(struct api *api, struct api_rule **rules, size_t n, struct enf_table *table)
{
	AUTO(mem) struct enforce_source *sources = calloc(n, sizeof(*sources));
	const char *names[CONFIG_PATTERNS_MAX];
	const struct conf_PATTERNS *p = &api->cfg->actions_protect;
	char why[IPC_TEXT_MAX] = "";
	int err;

	if (!sources)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sources[i] = (struct enforce_source){ .rule = rules[i]->rule, .enforce = rules[i]->enforce,
			.kills_per_minute = api->cfg->actions_kills_per_minute };
	for (uint32_t i = 0; i < p->n; i++)
		names[i] = p->glob[i];
	err = enforce_compile(sources, n, &(struct enforce_protect){ names, p->n }, table, why, sizeof(why));
	for (size_t i = 0; i < n; i++) {
		rules[i]->in_kernel = !err && !sources[i].left_out;
		if (err == -EINVAL)
			without(rules[i], why);
		else if (sources[i].left_out)
			without(rules[i], "the kernel's table has no room for it: there are too many rules that deny or kill, "
				"or they compare too much");
	}
	return err == -EINVAL ? 0 : err;
}

int
enforce_build(struct api *api, struct enf_table **out)
{
	AUTO(mem) struct api_rule **rules = calloc(api->rules.n + 1, sizeof(*rules));
	AUTO(mem) struct enf_table *table = NULL;
	size_t n;
	int err;

	*out = NULL;
	if (!rules)
		return -ENOMEM;
	n = collect(api, rules);
	if (!n)
		return 0;
	table = malloc(sizeof(*table));
	if (!table)
		return -ENOMEM;
	err = compile(api, rules, n, table);
	if (!err && table->n_rows)
		*out = TAKE_PTR(table);
	return err;
}
