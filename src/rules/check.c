/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/closest.h"
#include "rules/enforce.h"
#include "rules/model.h"
#include "rules/regex.h"
#include "rules/runtimes.h"
#include "rules/value.h"

#define REGEX_PATTERN_MAX 4096

static bool
tracers_known(uint64_t tracers)
{
	for (unsigned int t = 0; t < 64; t++)
		if ((tracers >> t & 1) && !tracer_info(t))
			return false;
	return true;
}

/* What a request or file may have besides the fields: a name for people and log lines. */
static bool
name_ok(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

static int
unknown_field(unsigned int tracer, const char *name, char *why, size_t room)
{
	const struct tracer_info *t = tracer_info(tracer);
	struct closest near;

	closest_init(&near, name);
	for (const struct field *f = t ? t->fields : NULL; f && f->name; f++)
		closest_offer(&near, f->name);
	for (const struct field *f = common_fields; f->name; f++)
		closest_offer(&near, f->name);
	snprintf(why, room, "tracer %s has no field \"%.60s\"%s", t ? t->name : "?", name, CLOSEST_TEXT(&near));
	return -EINVAL;
}

const struct field *
check_field(unsigned int tracer, const char *name, char *why, size_t room)
{
	const struct field *f = field_find(tracer, name);

	if (!f)
		unknown_field(tracer, name, why, room);
	return f;
}

static bool
ref_fits(enum rule_op op)
{
	switch (op) {
	case OP_eq: case OP_ne: case OP_lt: case OP_le: case OP_gt: case OP_ge:
	case OP_prefix: case OP_suffix: case OP_contains: case OP_pathprefix:
		return true;
	case OP_NONE: case OP_inrange: case OP_in: case OP_notin: case OP_icontains: case OP_glob:
	case OP_regex: case OP_cidr: case OP_hasall: case OP_hasany: case OP_hasnone:
	case OP_exists: case N_OPS:
		break;
	}
	return false;
}

static int
check_ref(const struct rule_node *n, unsigned int tracer, enum field_type t, char *why, size_t room)
{
	const struct field *ref = check_field(tracer, n->ref, why, room);

	if (!ref)
		return -EINVAL;
	if (!ref_fits(n->op) || n->n_values) {
		snprintf(why, room, "operator %s does not compare two fields", op_names[n->op]);
		return -EINVAL;
	}
	if ((value_is_text(t) && value_is_text(ref->type)) ||
	    (value_is_number(t) && value_is_number(ref->type)) || t == ref->type)
		return 0;
	snprintf(why, room, "fields %s and %s are of different kinds", n->field, n->ref);
	return -EINVAL;
}

static int
check_count(const struct rule_node *n, char *why, size_t room)
{
	bool one = n->op == OP_lt || n->op == OP_le || n->op == OP_gt || n->op == OP_ge;

	if (n->op == OP_exists ? n->n_values == 0 : one ? n->n_values == 1 : n->n_values > 0)
		return 0;
	snprintf(why, room, "field %s: operator %s takes %s", n->field, op_names[n->op],
		n->op == OP_exists ? "no value" : one ? "one value" : "at least one value");
	return -EINVAL;
}

static int
check_value(const struct rule_node *n, const struct rule_value *v, const struct field *f,
	uint32_t format, char *why, size_t room)
{
	bool text = format == 1 && n->op == OP_contains;
	struct regex *re = NULL;
	struct typed typed;
	int err = value_read(f, (enum rule_fn)n->fn, n->op, v, text, &typed, why, room);

	if (!err && (n->op == OP_hasall || n->op == OP_hasany || n->op == OP_hasnone) && f->type == F_FLAGS && !typed.u) {
		snprintf(why, room, "field %s: \"%.60s\" is no flag: it has no bit", n->field, v->data);
		return -EINVAL;
	}
	if (err || n->op != OP_regex)
		return err;
	if (v->len > REGEX_PATTERN_MAX) {
		snprintf(why, room, "regular expression: longer than %d bytes", REGEX_PATTERN_MAX);
		return -EINVAL;
	}
	err = regex_new(v->data, v->len, &re, why, room);
	regex_free(re);
	return err;
}

int
check_test(const struct rule_node *n, unsigned int tracer, uint32_t format, char *why, size_t room)
{
	const struct field *f = check_field(tracer, n->field, why, room);
	enum field_type t;
	int err;

	if (!f)
		return -EINVAL;
	if (n->fn != FN_NONE && (!value_is_text(f->type) || (n->fn == FN_BASENAME && f->type == F_LIST))) {
		snprintf(why, room, "%s() takes a text field, not %s", fn_names[n->fn], n->field);
		return -EINVAL;
	}
	t = value_type(f, (enum rule_fn)n->fn);
	if (n->op == OP_NONE || !op_fits(n->op, t, format)) {
		snprintf(why, room, "operator %s does not fit field %s", op_names[n->op], n->field);
		return -EINVAL;
	}
	if (n->ref[0])
		return check_ref(n, tracer, t, why, room);
	err = check_count(n, why, room);
	for (uint32_t i = 0; i < n->n_values && !err; i++)
		err = check_value(n, &n->values[i], f, format, why, room);
	return err;
}

int
check_test_value(const struct rule_node *n, const struct rule_value *v, uint64_t tracers,
	uint32_t format, char *why, size_t room)
{
	int err = 0;

	for (unsigned int t = 1; t < N_TRACERS && !err; t++) {
		const struct field *f = tracers >> t & 1 ? field_find(t, n->field) : NULL;

		if (f && op_fits(n->op, value_type(f, (enum rule_fn)n->fn), format))
			err = check_value(n, v, f, format, why, room);
	}
	return err;
}

struct checking { const struct rule *r; uint32_t n_tests; char *why; size_t room; };

static int
refuse(struct checking *c, const char *text)
{
	snprintf(c->why, c->room, "%s", text);
	return -EINVAL;
}

static int
check_node(struct checking *c, const struct rule_node *n, unsigned int depth)
{
	int err = 0;

	if (depth >= RULE_DEPTH_MAX)
		return refuse(c, "conditions are nested too deeply");
	if (n->kind != NODE_TEST) {
		if (n->kind == NODE_NOT ? n->n_children != 1 : n->n_children == 0)
			return refuse(c, "all, any and not need something to hold");
		for (uint32_t i = 0; i < n->n_children && !err; i++)
			err = check_node(c, &n->children[i], depth + 1);
		return err;
	}
	if (++c->n_tests > RULE_PREDICATES_MAX)
		return refuse(c, "more than 256 conditions");
	for (unsigned int t = 1; t < N_TRACERS && !err; t++)
		if (c->r->tracers >> t & 1)
			err = check_test(n, t, c->r->format, c->why, c->room);
	return err;
}

static int
check_keys(struct checking *c, const struct rule_limit *l)
{
	if (l->n_keys > ARRAY_SIZE(l->keys))
		return refuse(c, "more than 8 keys");
	for (uint32_t i = 0; i < l->n_keys; i++)
		for (unsigned int t = 1; t < N_TRACERS; t++)
			if ((c->r->tracers >> t & 1) && !check_field(t, l->keys[i], c->why, c->room))
				return -EINVAL;
	return 0;
}

bool
check_redact(const char *item, uint64_t tracers)
{
	for (unsigned int t = 1; t < N_TRACERS; t++)
		if ((tracers >> t & 1) && redact_item_ok(item, t))
			return true;
	return false;
}

bool
check_action_name(const char *s)
{
	if (!*s || strlen(s) >= RULE_ACTION_NAME_MAX)
		return false;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0';
}

static bool
rate_ok(const struct rule_limit *l)
{
	return !l->rate_per_hour || (l->burst && l->burst <= RULE_BURST_MAX && l->rate_per_hour <= 3600ULL * 1000000000);
}

int
rule_check(const struct rule *r, char *why, size_t room)
{
	struct checking c = { .r = r, .why = why, .room = room };
	int err;

	if (!name_ok(r->name))
		return refuse(&c, "a rule's name is text without control characters");
	if (r->format != 1 && r->format != 2)
		return refuse(&c, "rules are of format 1 or 2");
	if (r->mode > RULE_ENFORCE || r->severity >= N_SEVERITIES)
		return refuse(&c, "mode or severity out of range");
	if (!r->tracers || !tracers_known(r->tracers))
		return refuse(&c, "a rule names at least one tracer that there is");
	if (r->runtimes >> N_RUNTIMES)
		return refuse(&c, "unknown container runtime");
	if (r->n_actions > RULE_ACTIONS_MAX)
		return refuse(&c, "more than 16 actions");
	for (uint32_t i = 0; i < r->n_actions; i++)
		if (!check_action_name(r->actions[i].name) || r->actions[i].min_severity >= N_SEVERITIES)
			return refuse(&c, "an action's name has letters, digits, dot, dash and underscore");
	if (!rate_ok(&r->ratelimit) || !rate_ok(&r->budget))
		return refuse(&c, "a rate limit is at most 1000000000/s with a burst of 1 to 1000000");
	if (r->dedup.window_ns > RULE_WINDOW_MAX_NS)
		return refuse(&c, "a window of dedup is at most 30 days");
	if (!r->after[0] != !r->sequence.window_ns || !r->after[0] != !r->sequence.n_keys ||
	    r->sequence.window_ns > RULE_WITHIN_MAX_NS)
		return refuse(&c, "after, within (at most a day) and by belong together");
	if (r->after[0] && (!name_ok(r->after) || strcmp(r->after, r->name) == 0))
		return refuse(&c, "after is the name of another rule");
	for (uint32_t i = 0; i < r->n_redact; i++)
		if (!check_redact(r->redact[i], r->tracers))
			return refuse(&c, "redact takes fields of text that are not who it was, or text and *");
	err = check_keys(&c, &r->ratelimit);
	if (!err)
		err = check_keys(&c, &r->sequence);
	if (!err)
		err = check_keys(&c, &r->dedup);
	if (!err && r->match)
		err = check_node(&c, r->match, 0);
	if (!err && (r->budget.rate_per_hour || r->fail_closed) && !enforce_verbs(r))
		return refuse(&c, "budget and fail are for rules with the action deny or kernel_kill");
	return err ? err : enforce_check(r, why, room);
}
