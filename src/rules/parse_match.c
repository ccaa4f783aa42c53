/* SPDX-License-Identifier: Apache-2.0 */
/* [match]: conditions as a tree. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/closest.h"
#include "rules/check.h"
#include "rules/parser.h"
#include "rules/value.h"

/* One condition { field, op, values, ... } or group { all, any, not }. */
struct cond {
	struct parser *p;
	struct rule_node *to;		/* of kind NODE_ALL: what is read is added to it */
	struct parser_test test;
	struct toml_value list;		/* names of lists; read last, when the operator is known */
	bool has_field, has_op, has_list, has_values;
	unsigned int depth;
};

static void read_cond(struct parser *p, const struct toml_value *v, struct rule_node *to, unsigned int depth);

/* An array of conditions, joined by kind. */
struct group { struct parser *p; struct rule_node *to; unsigned int depth; };

static int
read_member(void *arg, const struct toml_value *v)
{
	struct group *g = arg;
	struct rule_node *n;

	if (!parser_kind(g->p, "a condition", v, TOML_TABLE))
		return 0;
	n = node_add(g->to, NODE_ALL);
	if (n)
		read_cond(g->p, v, n, g->depth);
	else
		g->p->no_memory = true;
	return 0;
}

static void
read_group(struct cond *c, const char *key, const struct toml_value *v, enum node_kind kind)
{
	struct rule_node *n = node_add(c->to, kind);
	struct group g = { c->p, n, c->depth + 1 };

	if (!n) {
		c->p->no_memory = true;
		return;
	}
	if (!parser_kind(c->p, key, v, TOML_ARRAY))
		return;
	toml_items(v->node, read_member, &g);
	if (!n->n_children)
		parser_say(c->p, v->at, "", "%s has to hold at least one condition", key);
}

static void
read_not(struct cond *c, const struct toml_value *v)
{
	struct rule_node *n, *all;

	if (v->kind == TOML_BOOL) {
		c->test.negate = v->number;
		return;
	}
	if (!parser_kind(c->p, "not", v, TOML_TABLE))
		return;
	n = node_add(c->to, NODE_NOT);
	all = n ? node_add(n, NODE_ALL) : NULL;
	if (all)
		read_cond(c->p, v, all, c->depth + 1);
	else
		c->p->no_memory = true;
}

static void
add_macro(struct parser *p, void *arg, const struct toml_value *v)
{
	parse_macro(p, v, arg);
}

static void
unknown_key(struct parser *p, const char *key, struct toml_place at)
{
	static const char *const known[] = { "all", "any", "not", "field", "op", "value", "values", "list", "ref",
		"condition", "macro" };
	struct closest near;

	closest_init(&near, key);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		closest_offer(&near, known[i]);
	parser_say(p, at, "", "there is no key \"%.60s\" in a condition%s", key, CLOSEST_TEXT(&near));
}

/* The keys come in their alphabetical order: field and op before values. */
static int
read_key(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct cond *c = arg;
	struct parser *p = c->p;

	if (strcmp(key, "all") == 0) {
		read_group(c, key, v, NODE_ALL);
	} else if (strcmp(key, "any") == 0) {
		read_group(c, key, v, NODE_ANY);
	} else if (strcmp(key, "not") == 0) {
		read_not(c, v);
	} else if (strcmp(key, "field") == 0) {
		c->has_field = true;
		c->test.at_field = v->at;
		test_field(p, v, &c->test.node);
	} else if (strcmp(key, "op") == 0) {
		c->has_op = true;
		c->test.at_op = v->at;
		test_op(p, v, &c->test.node.op);
	} else if (strcmp(key, "value") == 0) {
		c->has_values = true;
		test_value(&c->test, v);
	} else if (strcmp(key, "values") == 0) {
		c->has_values = true;
		if (parser_kind(p, key, v, TOML_ARRAY))
			toml_items(v->node, test_value, &c->test);
	} else if (strcmp(key, "list") == 0) {
		c->has_list = true;
		c->list = *v;
	} else if (strcmp(key, "ref") == 0) {
		parser_name(p, key, v, c->test.node.ref, sizeof(c->test.node.ref));
	} else if (strcmp(key, "condition") == 0) {
		parse_condition(p, v, c->to);
	} else if (strcmp(key, "macro") == 0) {
		parser_strings(p, key, v, add_macro, c->to);
	} else {
		unknown_key(p, key, at);
	}
	return 0;
}

static void
end_test(struct cond *c, unsigned int errors)
{
	if (!c->has_field) {
		if (c->has_op || c->has_values || c->has_list || c->test.node.ref[0] || c->test.negate)
			parser_say(c->p, c->test.at, "", "a condition needs a field");
		return;
	}
	if (c->has_list)
		parser_strings(c->p, "list", &c->list, test_list, &c->test);
	test_end(&c->test, c->to, errors);
}

static void
read_cond(struct parser *p, const struct toml_value *v, struct rule_node *to, unsigned int depth)
{
	struct cond c = { .p = p, .to = to, .depth = depth,
		.test = { .p = p, .node = { .kind = NODE_TEST, .op = OP_eq }, .at = v->at } };
	unsigned int errors = p->errors;

	if (depth >= RULE_GROUPS_MAX) {
		parser_say(p, v->at, "", "conditions are nested too deeply");
		return;
	}
	toml_each(NULL, v->node, read_key, &c);
	end_test(&c, errors);
	node_clear(&c.test.node);
	if (!to->n_children && p->errors == errors)
		parser_say(p, v->at, "", "a condition has a field, or all, any, not");
}

struct rule_node *
parser_root(struct parser *p)
{
	if (!p->r->match)
		p->r->match = calloc(1, sizeof(*p->r->match));
	if (!p->r->match)
		p->no_memory = true;
	return p->r->match;
}

void
parse_match(struct parser *p, const struct toml_value *v)
{
	struct rule_node *root = parser_root(p);

	if (root && parser_kind(p, "match", v, TOML_TABLE))
		read_cond(p, v, root, 0);
}
