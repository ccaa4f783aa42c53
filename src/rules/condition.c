/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions in one line, and macros, which are such lines with a name:
 *
 *	any    = all { "or" all }
 *	all    = one { "and" one }
 *	one    = { "not" } ( "(" any ")" | test | NAME )
 *	test   = field [ "not" ] op [ values ]
 *	field  = NAME | function "(" NAME ")"
 *	values = value | "{" value { "," value } "}" | "field" "(" NAME ")"
 *	value  = WORD | '"' text '"' | "'" text "'" | "$" NAME
 *
 * They become the same tree as tables of [match], and are checked by the same functions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/scan.h"

static void parse_any(struct scan *s, struct rule_node *to);

/* ---- values ---- */

static bool
is_keyword(const char *word)
{
	return strcmp(word, "and") == 0 || strcmp(word, "or") == 0 || strcmp(word, "not") == 0;
}

static void
parse_value(struct scan *s, struct parser_test *t)
{
	struct toml_value v = scan_value(s);

	if ((s->token != TOKEN_WORD && s->token != TOKEN_TEXT) || (s->token == TOKEN_WORD && is_keyword(s->word))) {
		scan_say(s, "expected a value, not %.40s", scan_shown(s));
		return;
	}
	if (s->token == TOKEN_WORD && s->word[0] == '$') {
		v.text++;
		v.len--;
		test_list(s->p, t, &v);
	} else {
		test_value(t, &v);
	}
}

static void
parse_ref(struct scan *s, struct parser_test *t)
{
	struct toml_value v;

	scan_next(s, false);
	if (!scan_expect(s, "(", false))
		return;
	v = scan_value(s);
	if (s->token != TOKEN_WORD)
		scan_say(s, "expected the name of a field, not %.40s", scan_shown(s));
	else if (parser_name(s->p, "field", &v, t->node.ref, sizeof(t->node.ref)))
		scan_next(s, false);
	if (!s->failed)
		scan_expect(s, ")", false);
}

/* The token after the operator is read as a value. */
static void
parse_values(struct scan *s, struct parser_test *t)
{
	bool more = true;

	if (scan_is(s, TOKEN_WORD, "field") && s->pos < s->end && *s->pos == '(') {
		parse_ref(s, t);
		return;
	}
	if (!scan_is(s, TOKEN_PUNCT, "{")) {
		parse_value(s, t);
		scan_next(s, false);
		return;
	}
	while (more && !s->failed) {
		scan_next(s, true);
		parse_value(s, t);
		scan_next(s, true);
		more = scan_is(s, TOKEN_PUNCT, ",");
	}
	if (!s->failed)
		scan_expect(s, "}", false);
}

/* ---- tests ---- */

static enum rule_op
symbol_op(const char *symbol)
{
	static const struct { const char *symbol; enum rule_op op; } all[] = {
		{ "=", OP_eq }, { "==", OP_eq }, { "!=", OP_ne }, { "<", OP_lt }, { "<=", OP_le },
		{ ">", OP_gt }, { ">=", OP_ge },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (strcmp(all[i].symbol, symbol) == 0)
			return all[i].op;
	return OP_NONE;
}

static void
parse_op(struct scan *s, struct parser_test *t)
{
	struct toml_value v;

	if (scan_is(s, TOKEN_WORD, "not")) {
		t->negate = true;
		scan_next(s, false);
	}
	v = scan_value(s);
	if (s->token == TOKEN_OP) {
		t->node.op = symbol_op(s->word);
		if (t->node.op == OP_NONE)
			scan_say(s, "there is no operator %s", s->word);
	} else if (s->token == TOKEN_WORD && !is_keyword(s->word)) {
		test_op(s->p, &v, &t->node.op);
	} else {
		scan_say(s, "expected an operator behind the field, not %.40s", scan_shown(s));
	}
}

/* Macros of macros are many conditions in few bytes. */
static void
count(struct scan *s)
{
	if (!s->failed && ++s->p->n_tests > RULE_PREDICATES_MAX)
		scan_say(s, "more than %d conditions", RULE_PREDICATES_MAX);
}

/* field: "exe" or "basename(exe)"; the token is the operator. */
static void
parse_test(struct scan *s, const struct toml_value *field, const char *from, struct rule_node *to)
{
	struct parser_test t = { .p = s->p, .at = s->at, .at_field = s->at, .node = { .kind = NODE_TEST } };
	unsigned int errors = s->p->errors;
	const char *here = s->where.pos;

	s->where.pos = from;
	test_field(s->p, field, &t.node);
	s->where.pos = here;
	parse_op(s, &t);
	if (!s->failed && s->p->errors == errors && t.node.op != OP_exists) {
		scan_next(s, true);
		parse_values(s, &t);
	} else {
		scan_next(s, false);
	}
	here = s->where.pos;
	s->where.pos = from;
	count(s);
	if (!s->failed && s->p->errors == errors)
		test_end(&t, to, errors);
	s->where.pos = here;
	s->failed |= s->p->errors != errors;
	node_clear(&t.node);
}

/* A name alone: a macro, or a field that is true or false. */
static void
parse_name(struct scan *s, const char *name, const char *from, struct rule_node *to)
{
	struct parser_test t = { .p = s->p, .at = s->at, .at_field = s->at,
		.node = { .kind = NODE_TEST, .op = OP_eq } };
	struct toml_value v = { .kind = TOML_STRING, .at = s->at, .text = name, .len = strlen(name) };
	unsigned int errors = s->p->errors;
	const char *here = s->where.pos;

	s->where.pos = from;
	if (parser_macro(s->p, name) || !parser_is_bool(s->p, name)) {
		parse_macro(s->p, &v, to);
	} else {
		count(s);
		test_field(s->p, &v, &t.node);
		test_value(&t, &(struct toml_value){ .kind = TOML_BOOL, .at = s->at, .number = 1 });
		test_end(&t, to, errors);
		node_clear(&t.node);
	}
	s->where.pos = here;
	s->failed |= s->p->errors != errors;
}

/* A field with its function is one word here: "basename" "(" "exe" ")". */
static void
parse_word(struct scan *s, struct rule_node *to)
{
	struct toml_value field = { .kind = TOML_STRING, .at = s->at };
	const char *from = s->where.pos;
	char name[160];
	int n = snprintf(name, sizeof(name), "%s", s->word);

	if (s->token != TOKEN_WORD || is_keyword(s->word) || n >= 96) {
		scan_say(s, "expected a condition, not %.40s", scan_shown(s));
		return;
	}
	scan_next(s, false);
	if (scan_is(s, TOKEN_PUNCT, "(")) {
		scan_next(s, false);
		if (s->token != TOKEN_WORD || s->len > 60)
			scan_say(s, "expected the name of a field, not %.40s", scan_shown(s));
		else
			n += snprintf(name + n, sizeof(name) - (size_t)n, "(%s)", s->word);
		scan_next(s, false);
		if (s->failed || !scan_expect(s, ")", false))
			return;
	} else if (s->token == TOKEN_END || s->token == TOKEN_PUNCT || scan_is(s, TOKEN_WORD, "and") || scan_is(s, TOKEN_WORD, "or")) {
		parse_name(s, name, from, to);
		return;
	}
	field.text = name;
	field.len = (size_t)n;
	parse_test(s, &field, from, to);
}

/* ---- the tree ---- */

static struct rule_node *
add(struct scan *s, struct rule_node *to, enum node_kind kind)
{
	struct rule_node *n = s->failed ? NULL : node_add(to, kind);

	if (!n && !s->failed) {
		s->p->no_memory = true;
		s->failed = true;
	}
	return n;
}

static void
parse_one(struct scan *s, struct rule_node *to)
{
	bool negate = false;

	for (; scan_is(s, TOKEN_WORD, "not"); scan_next(s, false))
		negate = !negate;
	if (negate)
		to = add(s, to, NODE_NOT);
	if (to && negate)
		to = add(s, to, NODE_ALL);
	if (!to || s->failed)
		return;
	if (!scan_is(s, TOKEN_PUNCT, "(")) {
		parse_word(s, to);
		return;
	}
	if (++s->p->depth > RULE_GROUPS_MAX) {
		scan_say(s, "conditions are nested too deeply");
		return;
	}
	scan_next(s, false);
	parse_any(s, to);
	if (!s->failed)
		scan_expect(s, ")", false);
	s->p->depth--;
}

static void
parse_all(struct scan *s, struct rule_node *to)
{
	struct rule_node *all = add(s, to, NODE_ALL);

	while (all && !s->failed) {
		parse_one(s, all);
		if (!scan_is(s, TOKEN_WORD, "and"))
			break;
		scan_next(s, false);
	}
}

static void
parse_any(struct scan *s, struct rule_node *to)
{
	struct rule_node *any = add(s, to, NODE_ANY);

	while (any && !s->failed) {
		parse_all(s, any);
		if (!scan_is(s, TOKEN_WORD, "or"))
			break;
		scan_next(s, false);
	}
}

/* what: for people, "condition" or the macro with its place. */
static void
parse_text(struct parser *p, struct toml_place at, const char *what, const char *text, size_t len, struct rule_node *to)
{
	struct scan s = { .p = p, .at = at, .pos = text, .end = text + len,
		.where = { .what = what, .text = text, .pos = text } };
	const struct parser_where *outer = p->where;
	unsigned int depth = p->depth;

	s.word = malloc(len + 1);
	if (!s.word) {
		p->no_memory = true;
		return;
	}
	p->where = &s.where;
	p->depth += outer != NULL;
	scan_next(&s, false);
	parse_any(&s, to);
	if (!s.failed && s.token != TOKEN_END)
		scan_say(&s, "expected and, or, or the end, not %.40s", scan_shown(&s));
	p->depth = depth;
	p->where = outer;
	free(s.word);
}

void
parse_condition(struct parser *p, const struct toml_value *v, struct rule_node *to)
{
	if (!parser_kind(p, "condition", v, TOML_STRING))
		return;
	if (memchr(v->text, '\0', v->len))
		parser_say(p, v->at, "", "condition: has a NUL");
	else
		parse_text(p, v->at, "condition", v->text, v->len, to);
}

void
parse_macro(struct parser *p, const struct toml_value *v, struct rule_node *to)
{
	const struct rule_macro *m = parser_macro_or_say(p, v);
	char what[600];

	if (!m)
		return;
	if (p->depth >= RULE_GROUPS_MAX) {
		parser_say(p, v->at, "", "macros are nested too deeply, or in a circle");
		return;
	}
	snprintf(what, sizeof(what), "macro %s (%s)", m->name, m->place);
	parse_text(p, v->at, what, m->text, m->len, to);
}

void
parse_macro_check(struct parser *p, const struct rule_macro *m, struct toml_place at)
{
	struct rule none = { .format = 2 }, *r = p->r;
	struct rule_node tree = { .kind = NODE_ALL };
	char what[LIST_NAME_MAX + 8];

	p->r = &none;
	p->checking_macro = true;
	snprintf(what, sizeof(what), "macro %s", m->name);
	parse_text(p, at, what, m->text, m->len, &tree);
	p->checking_macro = false;
	p->r = r;
	p->n_tests = 0;
	node_clear(&tree);
}
