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
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/parser.h"

enum token { END, WORD, TEXT, OP, PUNCT };

struct scan {
	struct parser *p;
	struct parser_where where;	/* of the token */
	struct toml_place at;
	const char *pos, *end;
	enum token token;
	char *word;			/* the token's text, with a NUL; room for all of the condition */
	size_t len;
	bool failed;
};

static void parse_any(struct scan *s, struct rule_node *to);

static void __attribute__((format(printf, 2, 3)))
say(struct scan *s, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	if (s->failed)
		return;			/* the first mistake; what follows is not understood any more */
	s->failed = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	parser_say(s->p, s->at, "", "%s", text);
}

/* ---- tokens ---- */

static bool
ends_word(char c, bool value)
{
	return isspace((unsigned char)c) || strchr("(){},\"'", c) || (!value && strchr("=!<>", c));
}

static void
take(struct scan *s, enum token token, const char *from, size_t len)
{
	s->token = token;
	memcpy(s->word, from, len);
	s->word[len] = '\0';
	s->len = len;
}

/* In "" a backslash is before a quote or a backslash; in '' there is none. */
static void
take_quoted(struct scan *s)
{
	char quote = *s->pos++;

	s->token = TEXT;
	s->len = 0;
	for (; s->pos < s->end && *s->pos != quote; s->pos++) {
		if (quote == '"' && *s->pos == '\\' && ++s->pos < s->end && *s->pos != '"' && *s->pos != '\\') {
			say(s, "in \"\" a backslash stands before \" or \\ only; '' takes every character as it is");
			return;
		}
		if (s->pos < s->end)
			s->word[s->len++] = *s->pos;
	}
	s->word[s->len] = '\0';
	if (s->pos >= s->end)
		say(s, "the quoted text has no end");
	else
		s->pos++;
}

/* The next token; value: a word may have = ! < > in it, but not at its beginning. */
static void
next(struct scan *s, bool value)
{
	const char *from;

	while (s->pos < s->end && isspace((unsigned char)*s->pos))
		s->pos++;
	from = s->where.pos = s->pos;
	s->len = 0;
	s->word[0] = '\0';
	if (s->failed || from >= s->end) {
		s->token = END;
		return;
	}
	if (*from == '"' || *from == '\'') {
		take_quoted(s);
	} else if (strchr("(){},", *from)) {
		take(s, PUNCT, s->pos++, 1);
	} else if (strchr("=!<>", *from)) {
		s->pos += 1 + (s->pos + 1 < s->end && s->pos[1] == '=');
		take(s, OP, from, (size_t)(s->pos - from));
	} else {
		while (s->pos < s->end && !ends_word(*s->pos, value))
			s->pos++;
		take(s, WORD, from, (size_t)(s->pos - from));
	}
}

static bool
is(const struct scan *s, enum token token, const char *text)
{
	return !s->failed && s->token == token && strcmp(s->word, text) == 0;
}

static const char *
shown(const struct scan *s)
{
	return s->token == END ? "the end" : s->word;
}

static bool
expect(struct scan *s, const char *punct, bool value)
{
	if (!is(s, PUNCT, punct)) {
		say(s, "expected %s, not %.40s", punct, shown(s));
		return false;
	}
	next(s, value);
	return true;
}

static struct toml_value
as_value(const struct scan *s)
{
	return (struct toml_value){ .kind = TOML_STRING, .at = s->at, .text = s->word, .len = s->len };
}

/* ---- values ---- */

static bool
is_keyword(const char *word)
{
	return strcmp(word, "and") == 0 || strcmp(word, "or") == 0 || strcmp(word, "not") == 0;
}

static void
parse_value(struct scan *s, struct parser_test *t)
{
	struct toml_value v = as_value(s);

	if ((s->token != WORD && s->token != TEXT) || (s->token == WORD && is_keyword(s->word))) {
		say(s, "expected a value, not %.40s", shown(s));
		return;
	}
	if (s->token == WORD && s->word[0] == '$') {
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

	next(s, false);
	if (!expect(s, "(", false))
		return;
	v = as_value(s);
	if (s->token != WORD)
		say(s, "expected the name of a field, not %.40s", shown(s));
	else if (parser_name(s->p, "field", &v, t->node.ref, sizeof(t->node.ref)))
		next(s, false);
	if (!s->failed)
		expect(s, ")", false);
}

/* The token after the operator is read as a value. */
static void
parse_values(struct scan *s, struct parser_test *t)
{
	bool more = true;

	if (is(s, WORD, "field") && s->pos < s->end && *s->pos == '(') {
		parse_ref(s, t);
		return;
	}
	if (!is(s, PUNCT, "{")) {
		parse_value(s, t);
		next(s, false);
		return;
	}
	while (more && !s->failed) {
		next(s, true);
		parse_value(s, t);
		next(s, true);
		more = is(s, PUNCT, ",");
	}
	if (!s->failed)
		expect(s, "}", false);
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

	if (is(s, WORD, "not")) {
		t->negate = true;
		next(s, false);
	}
	v = as_value(s);
	if (s->token == OP) {
		t->node.op = symbol_op(s->word);
		if (t->node.op == OP_NONE)
			say(s, "there is no operator %s", s->word);
	} else if (s->token == WORD && !is_keyword(s->word)) {
		test_op(s->p, &v, &t->node.op);
	} else {
		say(s, "expected an operator behind the field, not %.40s", shown(s));
	}
}

/* Macros of macros are many conditions in few bytes. */
static void
count(struct scan *s)
{
	if (!s->failed && ++s->p->n_tests > RULE_PREDICATES_MAX)
		say(s, "more than %d conditions", RULE_PREDICATES_MAX);
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
		next(s, true);
		parse_values(s, &t);
	} else {
		next(s, false);
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

	if (s->token != WORD || is_keyword(s->word) || n >= 96) {
		say(s, "expected a condition, not %.40s", shown(s));
		return;
	}
	next(s, false);
	if (is(s, PUNCT, "(")) {
		next(s, false);
		if (s->token != WORD || s->len > 60)
			say(s, "expected the name of a field, not %.40s", shown(s));
		else
			n += snprintf(name + n, sizeof(name) - (size_t)n, "(%s)", s->word);
		next(s, false);
		if (s->failed || !expect(s, ")", false))
			return;
	} else if (s->token == END || s->token == PUNCT || is(s, WORD, "and") || is(s, WORD, "or")) {
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

	for (; is(s, WORD, "not"); next(s, false))
		negate = !negate;
	if (negate)
		to = add(s, to, NODE_NOT);
	if (to && negate)
		to = add(s, to, NODE_ALL);
	if (!to || s->failed)
		return;
	if (!is(s, PUNCT, "(")) {
		parse_word(s, to);
		return;
	}
	if (++s->p->depth > RULE_GROUPS_MAX) {
		say(s, "conditions are nested too deeply");
		return;
	}
	next(s, false);
	parse_any(s, to);
	if (!s->failed)
		expect(s, ")", false);
	s->p->depth--;
}

static void
parse_all(struct scan *s, struct rule_node *to)
{
	struct rule_node *all = add(s, to, NODE_ALL);

	while (all && !s->failed) {
		parse_one(s, all);
		if (!is(s, WORD, "and"))
			break;
		next(s, false);
	}
}

static void
parse_any(struct scan *s, struct rule_node *to)
{
	struct rule_node *any = add(s, to, NODE_ANY);

	while (any && !s->failed) {
		parse_all(s, any);
		if (!is(s, WORD, "or"))
			break;
		next(s, false);
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
	next(&s, false);
	parse_any(&s, to);
	if (!s.failed && s.token != END)
		say(&s, "expected and, or, or the end, not %.40s", shown(&s));
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
