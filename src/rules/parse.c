/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/parser.h"

#define PROBLEMS_MAX 200

static size_t
say_where(const struct parser_where *w, char *out, size_t room)
{
	unsigned int line = 1, column = 1;
	int n;

	for (const char *c = w->text; c < w->pos; c++) {
		column = *c == '\n' ? 1 : column + 1;
		line += *c == '\n';
	}
	n = snprintf(out, room, "%s, line %u, column %u: ", w->what, line, column);
	return (size_t)n < room ? (size_t)n : room - 1;
}

void
parser_say(struct parser *p, struct toml_place at, const char *code, const char *fmt, ...)
{
	struct rules_parsed *out = p->out;
	struct rule_problem *all, *one;
	size_t used = 0;
	va_list ap;

	p->errors += !code[0];
	if (out->n_problems >= PROBLEMS_MAX)
		return;
	all = reallocarray(out->problems, out->n_problems + 1, sizeof(*all));
	if (!all) {
		p->no_memory = true;
		return;
	}
	out->problems = all;
	one = &all[out->n_problems++];
	memset(one, 0, sizeof(*one));
	one->line = at.line;
	one->column = at.column;
	one->warning = code[0];
	snprintf(one->code, sizeof(one->code), "%s", code);
	if (p->where)
		used = say_where(p->where, one->text, sizeof(one->text) / 2);
	va_start(ap, fmt);
	vsnprintf(one->text + used, sizeof(one->text) - used, fmt, ap);
	va_end(ap);
}

bool
parser_ok(struct parser *p, struct toml_place at, int err, const char *why)
{
	if (err == -ENOMEM)
		p->no_memory = true;
	else if (err)
		parser_say(p, at, "", "%s", why);
	return err == 0;
}

bool
parser_kind(struct parser *p, const char *what, const struct toml_value *v, enum toml_kind kind)
{
	if (v->kind == kind)
		return true;
	parser_say(p, v->at, "", "%s is %s, not %s", what,
		kind == TOML_ARRAY ? "an array" : toml_kind_name(kind),
		v->kind == TOML_ARRAY ? "an array" : toml_kind_name(v->kind));
	return false;
}

static bool
is_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

bool
parser_name(struct parser *p, const char *what, const struct toml_value *v, char *out, size_t size)
{
	if (!parser_kind(p, what, v, TOML_STRING))
		return false;
	if (!v->len || v->len >= size || !is_plain(v->text, v->len)) {
		parser_say(p, v->at, "", "%s is 1 to %zu bytes of text without control characters", what, size - 1);
		return false;
	}
	memcpy(out, v->text, v->len + 1);
	return true;
}

struct strings { struct parser *p; const char *what; parser_item *fn; void *arg; };

static int
each_string(void *arg, const struct toml_value *v)
{
	struct strings *s = arg;

	if (v->kind == TOML_STRING)
		s->fn(s->p, s->arg, v);
	else
		parser_say(s->p, v->at, "", "%s is an array of strings, this item is %s", s->what,
			toml_kind_name(v->kind));
	return 0;
}

void
parser_strings(struct parser *p, const char *what, const struct toml_value *v, parser_item *fn, void *arg)
{
	struct strings s = { p, what, fn, arg };

	if (v->kind == TOML_STRING)
		fn(p, arg, v);
	else if (parser_kind(p, what, v, TOML_ARRAY))
		toml_items(v->node, each_string, &s);
}

void
parser_value(struct parser *p, const char *what, const struct toml_value *v, struct rule_node *to)
{
	char number[32];
	const char *text = v->text;
	size_t len = v->len;
	int err;

	if (v->kind == TOML_INTEGER)
		len = (size_t)snprintf(number, sizeof(number), "%" PRId64, v->number);
	else if (v->kind == TOML_BOOL)
		len = (size_t)snprintf(number, sizeof(number), "%s", v->number ? "true" : "false");
	else if (v->kind != TOML_STRING) {
		parser_say(p, v->at, "", "%s: a value is a string, an integer or true or false", what);
		return;
	}
	if (v->kind != TOML_STRING)
		text = number;
	if (memchr(text, '\0', len)) {
		parser_say(p, v->at, "", "%s: a value cannot have a NUL", what);
		return;
	}
	err = node_add_value(to, text, len);
	parser_ok(p, v->at, err, "more than 262144 values");
}

static int
find_version(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	if (strcasecmp(key, "version") == 0)
		*(struct toml_value *)arg = *v;
	return 0;
}

static void
parse_doc(struct parser *p, const struct toml_doc *doc)
{
	struct toml_value version = { .kind = TOML_INTEGER, .number = 1 };
	char why[400];

	toml_each(doc, NULL, find_version, &version);
	if (!parser_kind(p, "version", &version, TOML_INTEGER))
		return;
	p->r->format = (uint32_t)version.number;
	p->r->enabled = true;
	p->r->severity = SEV_NOTICE;
	p->r->order = 1000;
	snprintf(p->r->name, sizeof(p->r->name), "%s", p->stem);
	if (version.number == 1)
		parse_seed(p, doc);
	else if (version.number == 2)
		parse_rule(p, doc);
	else
		parser_say(p, version.at, "", "version is 1 or 2");
	if (p->r->match)
		node_simplify(p->r->match);
	/* What no single key can tell. */
	if (!p->errors && !p->no_memory && rule_check(p->r, why, sizeof(why)))
		parser_say(p, (struct toml_place){ 0, 0 }, "", "%s", why);
}

struct toml_doc *
parser_open(struct parser *p, const char *text, size_t len, size_t max)
{
	struct toml_place at = { 0, 0 };
	struct toml_doc *doc = NULL;
	char why[300];

	if (len > max) {
		parser_say(p, at, "", "a file is at most %zu bytes", max);
		return NULL;
	}
	doc = toml_read(text, len, why, sizeof(why), &at);
	if (!doc)
		parser_say(p, at, "", "%s", why);
	return doc;
}

int
rules_parse(const char *stem, const char *text, size_t len, const struct rule_lists *lists,
	struct rules_parsed *out)
{
	struct parser p = { .stem = stem, .lists = lists, .out = out,
		.own.values_max = lists ? lists->values_max : RULE_LIST_DEFAULT };
	AUTO(rule) struct rule *r = calloc(1, sizeof(*r));
	struct toml_doc *doc;

	memset(out, 0, sizeof(*out));
	if (!r)
		return -ENOMEM;
	p.r = r;
	doc = parser_open(&p, text, len, RULE_TEXT_MAX);
	if (doc) {
		parse_doc(&p, doc);
		toml_free(doc);
	}
	parser_lists_clear(&p.own);
	if (p.no_memory) {
		rules_parsed_free(out);
		return -ENOMEM;
	}
	if (!p.errors)
		out->rule = TAKE_PTR(r);
	return 0;
}

void
rules_parsed_free(struct rules_parsed *p)
{
	rule_free(p->rule);
	free(p->problems);
	memset(p, 0, sizeof(*p));
}
