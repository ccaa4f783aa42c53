/* SPDX-License-Identifier: Apache-2.0 */
/* [[exceptions]]: rows of values, any of which keeps an event from matching. */
#include <string.h>

#include "rules/parser.h"

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
	test_field(p, v, &x->tests[x->n_fields++]);
}

static void
add_op(struct parser *p, void *arg, const struct toml_value *v)
{
	struct exception *x = arg;

	if (x->n_ops == EXCEPTION_FIELDS)
		parser_say(p, v->at, "", "more than %d operators", EXCEPTION_FIELDS);
	else
		test_op(p, v, &x->tests[x->n_ops++].op);
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
	struct parser_test t = { .p = x->p, .at = v->at, .at_op = v->at };
	unsigned int errors = x->p->errors;

	if (r->n >= x->n_fields) {
		r->n++;
		return 0;
	}
	t.node = x->tests[r->n];
	t.node.kind = NODE_TEST;
	t.node.op = t.node.op == OP_NONE ? OP_eq : t.node.op;
	t.at_field = x->at_fields[r->n++];
	if (v->kind == TOML_ARRAY)
		toml_items(v->node, test_value, &t);
	else if (t.node.op != OP_exists)
		test_value(&t, v);
	test_end(&t, r->all, errors);
	node_clear(&t.node);
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
	struct rule_node *root = parser_root(p), *not, *any;

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
