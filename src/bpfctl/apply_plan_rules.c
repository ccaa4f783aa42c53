/* SPDX-License-Identifier: Apache-2.0 */
/* The planner's part about rules. */
#include <string.h>

#include "bpfctl/apply_parts.h"

static bool
is_of_set(const Bpfd__V1__Rule *r, const char *set)
{
	size_t len, body;
	const char *marked = apply_rule_set(r->text, &len, &body);

	return marked && strlen(set) == len && memcmp(marked, set, len) == 0;
}

static bool
same_body(const char *a, const char *b)
{
	size_t len, body_a, body_b;

	apply_rule_set(a, &len, &body_a);
	apply_rule_set(b, &len, &body_b);
	return body_a == body_b && memcmp(a, b, body_a) == 0;
}

/* Of that name: the set's own that is as wanted, else one of the set's own, else any. */
static const Bpfd__V1__Rule *
find_rule(const struct planner *p, const struct apply_rule *want)
{
	const Bpfd__V1__Rule *found = NULL;
	bool own = false;

	for (size_t i = 0; i < p->a->n_rules; i++) {
		const Bpfd__V1__Rule *r = p->a->rules[i];

		if (strcmp(r->name, want->name) != 0 || (own && !is_of_set(r, want->set)))
			continue;
		if (is_of_set(r, want->set) && same_body(r->text, want->text))
			return r;
		found = r;
		own = is_of_set(r, want->set);
	}
	return found;
}

static struct apply_step *
step_rule(struct planner *p, enum apply_phase phase, enum apply_act act, char sign, const char *name,
	const char *why)
{
	struct apply_step *s = planner_add(p, phase, act, sign);

	s->name = planner_text(p, "%s", name);
	s->what = planner_text(p, "rule");
	s->why = planner_text(p, "%s", why);
	return s;
}

static void
plan_rule(struct planner *p, struct apply_rule *want)
{
	const Bpfd__V1__Rule *r = find_rule(p, want);
	struct apply_step *s;

	/* Others of the name are of other tracers, from a run that came to no end. */
	for (size_t i = 0; i < p->a->n_rules; i++)
		if (p->a->rules[i] != r && strcmp(p->a->rules[i]->name, want->name) == 0 &&
		    is_of_set(p->a->rules[i], want->set)) {
			s = step_rule(p, PHASE_RULE, APPLY_UNRULE, '-', want->name, "replaced");
			s->set = want->set;
			s->old = p->a->rules[i];
		}
	if (r && same_body(r->text, want->text) && (is_of_set(r, want->set) || !strstr(r->text, APPLY_RULE_MARK)))
		return;
	if (r && !is_of_set(r, want->set)) {
		apply_problem(p->w, &want->at, "there is a rule %s already, which is not of set %s%s%s: remove it, "
			"or call this one something else", r->name, want->set, *r->source ? " but of " : "", r->source);
		p->conflict = true;
		return;
	}
	s = step_rule(p, PHASE_RULE, APPLY_RULE, r ? '~' : '+', want->name, r ? "its text" : "");
	s->set = want->set;
	s->rule = want;
	s->old = r;
}

static void
plan_twice(struct planner *p, const struct apply_rule *want)
{
	for (size_t i = 0; p->w->rules[i] != want; i++)
		if (strcmp(p->w->rules[i]->name, want->name) == 0) {
			apply_problem(p->w, &want->at, "a rule %s is there already: %s:%u", want->name,
				p->w->rules[i]->at.file, p->w->rules[i]->at.line);
			return;
		}
}

/* The name of a set as the files have it: the mark ends with its text. */
static const char *
set_of(const struct planner *p, const Bpfd__V1__Rule *r)
{
	for (size_t i = 0; i < p->w->n_sets; i++)
		if (is_of_set(r, p->w->sets[i]))
			return p->w->sets[i];
	return NULL;
}

static bool
is_wanted(const struct planner *p, const Bpfd__V1__Rule *r, const char *set)
{
	for (size_t i = 0; i < p->w->n_rules; i++)
		if (strcmp(p->w->rules[i]->name, r->name) == 0 && strcmp(p->w->rules[i]->set, set) == 0)
			return true;
	return false;
}

void
planner_rules(struct planner *p)
{
	for (size_t i = 0; i < p->w->n_rules; i++) {
		plan_twice(p, p->w->rules[i]);
		plan_rule(p, p->w->rules[i]);
	}
	for (size_t i = 0; i < p->a->n_rules; i++) {
		const Bpfd__V1__Rule *r = p->a->rules[i];
		const char *set = strcmp(r->origin, "api") == 0 ? set_of(p, r) : NULL;
		struct apply_step *s;

		if (!set || is_wanted(p, r, set))
			continue;
		s = step_rule(p, p->prune ? PHASE_RULE : PHASE_KEEP, p->prune ? APPLY_UNRULE : APPLY_KEEP,
			p->prune ? '-' : ' ', r->name, p->prune ? "not in the files" :
			"not in the files, kept; --prune removes it");
		s->set = set;
		s->old = r;
	}
}
