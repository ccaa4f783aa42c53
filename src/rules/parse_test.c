/* SPDX-License-Identifier: Apache-2.0 */
/* One condition: its field, operator and values, whichever way they are written. */
#include <stdio.h>
#include <string.h>

#include "common/closest.h"
#include "rules/check.h"
#include "rules/parser.h"

/* "exe" or "basename(exe)" */
void
test_field(struct parser *p, const struct toml_value *v, struct rule_node *test)
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

void
test_op(struct parser *p, const struct toml_value *v, enum rule_op *out)
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

int
test_value(void *arg, const struct toml_value *v)
{
	struct parser_test *t = arg;
	uint32_t had = t->node.n_values;
	char why[400];

	parser_value(t->p, "values", v, &t->node);
	if (t->node.n_values == had || t->node.op == OP_NONE)
		return 0;
	if (check_test_value(&t->node, &t->node.values[had], t->p->r->tracers, t->p->r->format, why, sizeof(why)))
		parser_say(t->p, v->at, "", "%s", why);
	return 0;
}

void
test_list(struct parser *p, void *arg, const struct toml_value *v)
{
	const struct rule_list *l = parser_list(p, v);
	struct parser_test *t = arg;
	int err = 0;

	for (uint32_t i = 0; l && i < l->values.n_values && !err; i++)
		err = node_add_value(&t->node, l->values.values[i].data, l->values.values[i].len);
	parser_ok(p, v->at, err, "more than 262144 values");
}

/* What the test says as a whole, at the place that it is about. */
static void
check_whole(struct parser_test *t)
{
	struct parser *p = t->p;
	char why[400];

	for (unsigned int i = 1; i < N_TRACERS; i++) {
		if (!(p->r->tracers >> i & 1) || !check_test(&t->node, i, p->r->format, why, sizeof(why)))
			continue;
		parser_say(p, !fields_known(p, &t->node) ? t->at_field : t->at_op.line ? t->at_op : t->at, "", "%s", why);
		return;
	}
}

void
test_end(struct parser_test *t, struct rule_node *to, unsigned int errors)
{
	if (t->p->errors == errors)
		check_whole(t);
	if (t->negate)
		to = node_add(to, NODE_NOT);
	to = to ? node_add(to, NODE_TEST) : NULL;
	if (!to) {
		t->p->no_memory = true;
		return;
	}
	*to = t->node;
	memset(&t->node, 0, sizeof(t->node));
}

bool
parser_is_bool(const struct parser *p, const char *field)
{
	for (unsigned int t = 1; t < N_TRACERS; t++) {
		const struct field *f = p->r->tracers >> t & 1 ? field_find(t, field) : NULL;

		if (f && f->type == F_BOOL)
			return true;
	}
	return false;
}
