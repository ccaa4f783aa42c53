/* SPDX-License-Identifier: Apache-2.0 */
/* [match] and [[exceptions]]: conditions as a tree. */
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
	struct rule_node test;
	struct toml_place at, at_field, at_op;
	struct toml_value list;		/* names of lists; read last, when the operator is known */
	bool has_field, has_op, has_list, has_values, negate;
	unsigned int depth;
};

static void read_cond(struct parser *p, const struct toml_value *v, struct rule_node *to, unsigned int depth);

/* "exe" or "basename(exe)" */
static void
read_field(struct parser *p, const struct toml_value *v, struct rule_node *test)
{
	char name[96], *open;
	size_t len;

	if (!parser_name(p, "field", v, name, sizeof(name)))
		return;
	open = strchr(name, '(');
	len = strlen(name);
	if (open && name[len - 1] == ')') {
		*open = '\0';
		name[len - 1] = '\0';
		for (uint32_t i = 1; i <= FN_LEN; i++)
			if (strcmp(fn_names[i], name) == 0)
				test->fn = i;
		if (!test->fn)
			parser_say(p, v->at, "", "there is no function %s(): basename, lower, len", name);
		memmove(name, open + 1, strlen(open + 1) + 1);
	}
	if ((size_t)snprintf(test->field, sizeof(test->field), "%s", name) >= sizeof(test->field))
		parser_say(p, v->at, "", "there is no field \"%s\"", name);
}

static void
read_op(struct parser *p, const struct toml_value *v, enum rule_op *out)
{
	struct closest near;

	if (!parser_kind(p, "op", v, TOML_STRING))
		return;
	*out = op_by_name(v->text);
	if (*out != OP_NONE)
		return;
	closest_init(&near, v->text);
	for (unsigned int i = 1; i < N_OPS; i++)
		closest_offer(&near, op_names[i]);
	parser_say(p, v->at, "", "there is no operator \"%.40s\"%s", v->text, CLOSEST_TEXT(&near));
}

static bool
fields_known(const struct parser *p, const struct rule_node *test)
{
	for (unsigned int t = 1; t < N_TRACERS; t++)
		if ((p->r->tracers >> t & 1) && !field_find(t, test->field))
			return false;
	return true;
}

static int
add_value(void *arg, const struct toml_value *v)
{
	struct cond *c = arg;
	uint32_t had = c->test.n_values;
	char why[400];

	parser_value(c->p, "values", v, &c->test);
	if (c->test.n_values == had || c->test.op == OP_NONE)
		return 0;
	if (check_test_value(&c->test, &c->test.values[had], c->p->r->tracers, c->p->r->format, why, sizeof(why)))
		parser_say(c->p, v->at, "", "%s", why);
	return 0;
}

static void
add_list(struct parser *p, void *arg, const struct toml_value *v)
{
	const struct rule_list *l = parser_list(p, v->text);
	const struct rule_lists *both[] = { &p->own, p->lists };
	struct cond *c = arg;
	struct closest near;
	int err = 0;

	if (!l) {
		closest_init(&near, v->text);
		for (size_t k = 0; k < ARRAY_SIZE(both); k++)
			for (size_t i = 0; both[k] && i < both[k]->n; i++)
				closest_offer(&near, both[k]->list[i].name);
		parser_say(p, v->at, "", "there is no list \"%.60s\"%s", v->text, CLOSEST_TEXT(&near));
		return;
	}
	for (uint32_t i = 0; i < l->values.n_values && !err; i++)
		err = node_add_value(&c->test, l->values.values[i].data, l->values.values[i].len);
	parser_ok(p, v->at, err, "more than 65536 values");
}

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
		c->negate = v->number;
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
unknown_key(struct parser *p, const char *key, struct toml_place at)
{
	static const char *const known[] = { "all", "any", "not", "field", "op", "value", "values", "list", "ref" };
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
		c->at_field = v->at;
		read_field(p, v, &c->test);
	} else if (strcmp(key, "op") == 0) {
		c->has_op = true;
		c->at_op = v->at;
		read_op(p, v, &c->test.op);
	} else if (strcmp(key, "value") == 0) {
		c->has_values = true;
		add_value(c, v);
	} else if (strcmp(key, "values") == 0) {
		c->has_values = true;
		if (parser_kind(p, key, v, TOML_ARRAY))
			toml_items(v->node, add_value, c);
	} else if (strcmp(key, "list") == 0) {
		c->has_list = true;
		c->list = *v;
	} else if (strcmp(key, "ref") == 0) {
		parser_name(p, key, v, c->test.ref, sizeof(c->test.ref));
	} else if (strcmp(key, "condition") == 0 || strcmp(key, "macro") == 0) {
		parser_say(p, at, "", "%s is not supported yet", key);
	} else {
		unknown_key(p, key, at);
	}
	return 0;
}

/* What the test says as a whole, at the place that it is about. */
static void
check_whole(struct cond *c)
{
	struct parser *p = c->p;
	char why[400];

	for (unsigned int t = 1; t < N_TRACERS; t++) {
		if (!(p->r->tracers >> t & 1) || !check_test(&c->test, t, p->r->format, why, sizeof(why)))
			continue;
		parser_say(p, !fields_known(p, &c->test) ? c->at_field : c->has_op ? c->at_op : c->at, "", "%s", why);
		return;
	}
}

static void
end_test(struct cond *c, unsigned int errors)
{
	struct rule_node *to = c->to;

	if (!c->has_field) {
		if (c->has_op || c->has_values || c->has_list || c->test.ref[0] || c->negate)
			parser_say(c->p, c->at, "", "a condition needs a field");
		return;
	}
	if (c->has_list)
		parser_strings(c->p, "list", &c->list, add_list, c);
	if (c->p->errors == errors)
		check_whole(c);
	if (c->negate)
		to = node_add(to, NODE_NOT);
	to = to ? node_add(to, NODE_TEST) : NULL;
	if (!to) {
		c->p->no_memory = true;
		return;
	}
	*to = c->test;
	memset(&c->test, 0, sizeof(c->test));
}

static void
read_cond(struct parser *p, const struct toml_value *v, struct rule_node *to, unsigned int depth)
{
	struct cond c = { .p = p, .to = to, .at = v->at, .depth = depth };
	unsigned int errors = p->errors;

	if (depth >= RULE_DEPTH_MAX / 2) {
		parser_say(p, v->at, "", "conditions are nested too deeply");
		return;
	}
	c.test.kind = NODE_TEST;
	c.test.op = OP_eq;
	toml_each(NULL, v->node, read_key, &c);
	end_test(&c, errors);
	node_clear(&c.test);
	if (!to->n_children && p->errors == errors)
		parser_say(p, v->at, "", "a condition has a field, or all, any, not");
}

static struct rule_node *
root_of(struct parser *p)
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
	struct rule_node *root = root_of(p);

	if (root && parser_kind(p, "match", v, TOML_TABLE))
		read_cond(p, v, root, 0);
}

/* ---- exceptions ---- */

#define EXCEPTION_FIELDS 16

struct exception {
	struct parser *p;
	struct rule_node tests[EXCEPTION_FIELDS];	/* without values */
	uint32_t n_fields, n_ops;
	struct toml_place at, at_fields[EXCEPTION_FIELDS];
	struct toml_value rows;
	bool has_rows;
};

static void
add_field(struct parser *p, void *arg, const struct toml_value *v)
{
	struct exception *x = arg;

	if (x->n_fields == EXCEPTION_FIELDS) {
		parser_say(p, v->at, "", "more than %d fields", EXCEPTION_FIELDS);
		return;
	}
	x->at_fields[x->n_fields] = v->at;
	read_field(p, v, &x->tests[x->n_fields++]);
}

static void
add_op(struct parser *p, void *arg, const struct toml_value *v)
{
	struct exception *x = arg;

	if (x->n_ops == EXCEPTION_FIELDS)
		parser_say(p, v->at, "", "more than %d operators", EXCEPTION_FIELDS);
	else
		read_op(p, v, &x->tests[x->n_ops++].op);
}

static int
read_exception_key(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct exception *x = arg;
	char name[RULE_NAME_MAX];

	if (strcmp(key, "name") == 0) {
		parser_name(x->p, key, v, name, sizeof(name));
	} else if (strcmp(key, "fields") == 0) {
		parser_strings(x->p, key, v, add_field, x);
	} else if (strcmp(key, "ops") == 0) {
		parser_strings(x->p, key, v, add_op, x);
	} else if (strcmp(key, "values") == 0) {
		x->has_rows = parser_kind(x->p, key, v, TOML_ARRAY);
		x->rows = *v;
	} else {
		parser_say(x->p, at, "", "there is no key \"%.60s\" in exceptions: name, fields, ops, values", key);
	}
	return 0;
}

/* One row: a value, or an array of them, for each field. */
struct row { struct exception *x; struct rule_node *all; uint32_t n; };

static int
read_cell(void *arg, const struct toml_value *v)
{
	struct row *r = arg;
	struct exception *x = r->x;
	struct cond c = { .p = x->p, .to = r->all, .at = v->at, .at_op = v->at };
	unsigned int errors = x->p->errors;

	if (r->n >= x->n_fields) {
		r->n++;
		return 0;
	}
	c.test = x->tests[r->n];
	c.test.kind = NODE_TEST;
	c.test.op = c.test.op == OP_NONE ? OP_eq : c.test.op;
	c.at_field = x->at_fields[r->n++];
	c.has_field = true;
	if (v->kind == TOML_ARRAY)
		toml_items(v->node, add_value, &c);
	else if (c.test.op != OP_exists)
		add_value(&c, v);
	end_test(&c, errors);
	node_clear(&c.test);
	return 0;
}

struct rows { struct exception *x; struct rule_node *any; };

static int
read_row(void *arg, const struct toml_value *v)
{
	struct rows *rows = arg;
	struct parser *p = rows->x->p;
	struct row r = { .x = rows->x };

	r.all = node_add(rows->any, NODE_ALL);
	if (!r.all) {
		p->no_memory = true;
		return 0;
	}
	if (v->kind == TOML_ARRAY)
		toml_items(v->node, read_cell, &r);
	else
		read_cell(&r, v);	/* one field: the rows are values */
	if (r.n != rows->x->n_fields)
		parser_say(p, v->at, "", "the row has %u values for %u fields", r.n, rows->x->n_fields);
	return 0;
}

static int
read_exception(void *arg, const struct toml_value *v)
{
	struct parser *p = arg;
	struct exception x = { .p = p, .at = v->at };
	struct rule_node *root = root_of(p), *not, *any;

	if (!root || !parser_kind(p, "exceptions", v, TOML_TABLE))
		return 0;
	toml_each(NULL, v->node, read_exception_key, &x);
	if (!x.n_fields || !x.has_rows) {
		parser_say(p, v->at, "", "an exception needs fields and rows of values");
		return 0;
	}
	not = node_add(root, NODE_NOT);
	any = not ? node_add(not, NODE_ANY) : NULL;
	if (!any) {
		p->no_memory = true;
		return 0;
	}
	toml_items(x.rows.node, read_row, &(struct rows){ &x, any });
	if (!any->n_children)
		parser_say(p, x.rows.at, "", "an exception needs at least one row");
	return 0;
}

void
parse_exceptions(struct parser *p, const struct toml_value *v)
{
	if (parser_kind(p, "exceptions", v, TOML_ARRAY))
		toml_items(v->node, read_exception, p);
}
