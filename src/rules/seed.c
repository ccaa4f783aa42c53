/* SPDX-License-Identifier: Apache-2.0 */
/* A rule of the first bpfd as it comes in a request of its API. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/closest.h"
#include "rules/check.h"
#include "rules/model.h"
#include "rules/runtimes.h"
#include "rules/seed.h"

int
seed_tracer(const char *name, uint64_t *tracers, char *why, size_t room)
{
	unsigned int t = tracer_by_name(name);
	struct closest near;

	if (t) {
		*tracers |= 1ULL << t;
		return 0;
	}
	closest_init(&near, name);
	for (unsigned int i = 1; i < N_TRACERS; i++)
		if (tracer_info(i))
			closest_offer(&near, tracer_info(i)->name);
	snprintf(why, room, "%.80s is not a valid tracer%s", name, CLOSEST_TEXT(&near));
	return -EINVAL;
}

int
seed_runtime(struct rule *r, const char *name, bool *any, char *why, size_t room)
{
	int rt = runtime_by_name(name);
	struct closest near;

	if (strcasecmp(name, "any") == 0) {
		*any = true;
		return 0;
	}
	if (rt >= 0) {
		r->runtimes |= 1ULL << rt;
		return 0;
	}
	closest_init(&near, name);
	for (unsigned int i = 0; i < N_RUNTIMES; i++)
		closest_offer(&near, runtime_names[i]);
	snprintf(why, room, "%.80s is not a valid container runtime%s", name, CLOSEST_TEXT(&near));
	return -EINVAL;
}

int
seed_action(struct rule *r, const char *name, char *why, size_t room)
{
	if (!check_action_name(name)) {
		snprintf(why, room, "%.80s is not a valid action", name);
		return -EINVAL;
	}
	if (r->n_actions == RULE_ACTIONS_MAX) {
		snprintf(why, room, "more than %d actions", RULE_ACTIONS_MAX);
		return -E2BIG;
	}
	snprintf(r->actions[r->n_actions++].name, RULE_ACTION_NAME_MAX, "%s", name);
	return 0;
}

static int
add_filter(struct rule *r, const struct rule_seed_filter *f, char *why, size_t room)
{
	struct rule_node *n = node_add(r->match, NODE_TEST);
	int err = n ? 0 : -ENOMEM;

	if (err)
		return err;
	n->op = OP_contains;
	if ((size_t)snprintf(n->field, sizeof(n->field), "%s", f->key) >= sizeof(n->field)) {
		snprintf(why, room, "the key %.80s is too long", f->key);
		return -EINVAL;
	}
	for (size_t i = 0; i < f->n_values && !err; i++)
		err = node_add_value(n, f->values[i], strlen(f->values[i]));
	return err;
}

static int
add_filters(struct rule *r, const struct rule_seed *in, char *why, size_t room)
{
	int err = 0;

	for (size_t i = 0; i < in->n_filters && !err; i++) {
		if (!r->match)
			r->match = calloc(1, sizeof(*r->match));
		if (!r->match)
			return -ENOMEM;
		r->match->kind = NODE_ANY;
		err = add_filter(r, &in->filters[i], why, room);
	}
	return err;
}

int
rule_from_seed(const struct rule_seed *in, struct rule **out, char *why, size_t room)
{
	AUTO(rule) struct rule *r = calloc(1, sizeof(*r));
	const char *name = in->name ? in->name : "";
	bool any = false;
	int err = 0;

	if (!r)
		return -ENOMEM;
	if (!name[0] || strlen(name) >= sizeof(r->name)) {
		snprintf(why, room, "rule name cannot be %s", name[0] ? "that long" : "empty");
		return -EINVAL;
	}
	if (!in->tracer || !in->tracer[0]) {
		snprintf(why, room, "rule tracer cannot be empty");
		return -EINVAL;
	}
	strcpy(r->name, name);
	r->format = 1;
	r->enabled = true;
	r->mode = RULE_OBSERVE;
	r->severity = SEV_NOTICE;
	/* The first bpfd's words: "[name]: X is not a valid ...". */
	if (snprintf(why, room, "[%s]: ", name) < (int)room) {
		size_t len = strlen(why);

		err = seed_tracer(in->tracer, &r->tracers, why + len, room - len);
		for (size_t i = 0; i < in->n_runtimes && !err; i++)
			err = seed_runtime(r, in->runtimes[i], &any, why + len, room - len);
		for (size_t i = 0; i < in->n_actions && !err; i++)
			err = seed_action(r, in->actions[i], why + len, room - len);
		if (any)
			r->runtimes = 0;
		if (!err)
			err = add_filters(r, in, why + len, room - len);
		if (!err)
			err = rule_check(r, why + len, room - len);
	}
	if (err)
		return err;
	*out = TAKE_PTR(r);
	return 0;
}
