/* SPDX-License-Identifier: Apache-2.0 */
/* [lists] and [macros]: names for values and conditions that several rules share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/closest.h"
#include "rules/parser.h"

struct reading { struct parser *p; struct rule_list *list; };

/* "FILE:3:7: text": a mistake as others tell of it. */
static char *
mistake(const struct parser *p, size_t i)
{
	const struct rule_problem *q = i < p->out->n_problems ? &p->out->problems[i] : NULL;
	char *text = NULL;

	if (!q)
		return strdup("it has mistakes");
	if (asprintf(&text, "%s:%u:%u: %s", p->file ? p->file : p->stem, q->line, q->column, q->text) < 0)
		return NULL;
	return text;
}

/* Remembers the first mistake since there were so many. */
static void
mark(struct parser *p, char **wrong, unsigned int errors, size_t n_problems)
{
	if (p->errors == errors || *wrong)
		return;
	*wrong = mistake(p, n_problems);
	p->no_memory |= !*wrong;
}

static bool
name_ok(struct parser *p, const char *what, const char *name, struct toml_place at)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t len = strlen(name);

	if (len && len < LIST_NAME_MAX && !name[strspn(name, letters)])
		return true;
	parser_say(p, at, "", "the name of a %s has 1 to %d letters, digits, dots, dashes and underscores", what,
		LIST_NAME_MAX - 1);
	return false;
}

/* ---- lists ---- */

static int
read_value(void *arg, const struct toml_value *v)
{
	struct reading *r = arg;

	if (r->list->values.n_values == r->p->own.values_max) {
		parser_say(r->p, v->at, "", "list %s: more than %u values", r->list->name, r->p->own.values_max);
		return 1;
	}
	parser_value(r->p, r->list->name, v, &r->list->values);
	return 0;
}

static struct rule_list *
find_list(const struct rule_lists *in, const char *name)
{
	for (size_t i = 0; in && i < in->n; i++)
		if (strcmp(in->list[i].name, name) == 0)
			return &in->list[i];
	return NULL;
}

static int
read_list(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct reading *r = arg;
	struct parser *p = r->p;
	struct rule_lists *to = &p->own;
	struct rule_list *all, *same = find_list(to, key);
	unsigned int errors = p->errors;
	size_t n_problems = p->out->n_problems;

	if (same) {
		parser_say(p, at, "", "there is a list \"%s\" already", key);
		mark(p, &same->wrong, errors, n_problems);
		return 0;
	}
	if (!name_ok(p, "list", key, at))
		return 0;
	all = reallocarray(to->list, to->n + 1, sizeof(*all));
	if (!all) {
		p->no_memory = true;
		return 0;
	}
	to->list = all;
	r->list = &all[to->n++];
	memset(r->list, 0, sizeof(*r->list));
	strcpy(r->list->name, key);
	if (parser_kind(p, key, v, TOML_ARRAY))
		toml_items(v->node, read_value, r);
	mark(p, &r->list->wrong, errors, n_problems);
	return 0;
}

void
parse_lists(struct parser *p, const struct toml_value *v)
{
	struct reading r = { .p = p };

	if (parser_kind(p, "lists", v, TOML_TABLE))
		toml_each(NULL, v->node, read_list, &r);
}

/* ---- macros ---- */

static struct rule_macro *
find_macro(const struct rule_lists *in, const char *name)
{
	for (size_t i = 0; in && i < in->n_macros; i++)
		if (strcmp(in->macro[i].name, name) == 0)
			return &in->macro[i];
	return NULL;
}

static struct rule_macro *
new_macro(struct parser *p, const char *name, const struct toml_value *v)
{
	struct rule_lists *to = &p->own;
	struct rule_macro *all = reallocarray(to->macro, to->n_macros + 1, sizeof(*all)), *m;

	if (!all) {
		p->no_memory = true;
		return NULL;
	}
	to->macro = all;
	m = &all[to->n_macros];
	memset(m, 0, sizeof(*m));
	strcpy(m->name, name);
	m->len = v->kind == TOML_STRING ? v->len : 0;
	m->text = strndup(m->len ? v->text : "", m->len);
	if (!m->text || asprintf(&m->place, "%s:%u:%u", p->file ? p->file : p->stem, v->at.line, v->at.column) < 0) {
		free(m->text);
		p->no_memory = true;
		return NULL;
	}
	to->n_macros++;
	return m;
}

static int
read_macro(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct parser *p = arg;
	struct rule_macro *m = find_macro(&p->own, key);
	unsigned int errors = p->errors;
	size_t n_problems = p->out->n_problems;

	if (m) {
		parser_say(p, at, "", "there is a macro \"%s\" already", key);
		mark(p, &m->wrong, errors, n_problems);
		return 0;
	}
	if (!name_ok(p, "macro", key, at))
		return 0;
	m = new_macro(p, key, v);
	if (!m)
		return 0;
	if (parser_kind(p, key, v, TOML_STRING)) {
		if (memchr(v->text, '\0', v->len))
			parser_say(p, v->at, "", "macro %s: has a NUL", key);
		else
			parse_macro_check(p, m, v->at);
	}
	mark(p, &m->wrong, errors, n_problems);
	return 0;
}

void
parse_macros(struct parser *p, const struct toml_value *v)
{
	if (parser_kind(p, "macros", v, TOML_TABLE))
		toml_each(NULL, v->node, read_macro, p);
}

/* ---- a file of them ---- */

static int
lists_key(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct parser *p = arg;

	if (strcmp(key, "lists") == 0)
		parse_lists(p, v);
	else if (strcmp(key, "macros") == 0)
		parse_macros(p, v);
	else if (strcmp(key, "version") != 0)
		parser_say(p, at, "", "there is no key \"%.80s\" in a file of lists: [lists], [macros]", key);
	return 0;
}

struct rule_lists *
rule_lists_new(uint32_t values_max)
{
	struct rule_lists *l = calloc(1, sizeof(*l));

	if (l)
		l->values_max = values_max;
	return l;
}

int
rule_lists_read(struct rule_lists *lists, const char *file, const char *text, size_t len, struct rules_parsed *out)
{
	struct parser p = { .stem = "", .file = file, .out = out, .own = *lists };
	struct toml_doc *doc;

	memset(out, 0, sizeof(*out));
	doc = parser_open(&p, text, len, RULE_LISTS_TEXT_MAX);
	if (doc) {
		toml_each(doc, NULL, lists_key, &p);
		toml_free(doc);
	} else {
		mark(&p, &p.own.unread, 0, 0);
	}
	*lists = p.own;
	return p.no_memory ? -ENOMEM : 0;
}

int
rule_lists_refused(struct rule_lists *lists, const char *file, const char *why)
{
	if (!lists->unread && asprintf(&lists->unread, "%s: %s", file, why) < 0) {
		lists->unread = NULL;
		return -ENOMEM;
	}
	return 0;
}

void
parser_lists_clear(struct rule_lists *lists)
{
	for (size_t i = 0; i < lists->n; i++) {
		node_clear(&lists->list[i].values);
		free(lists->list[i].wrong);
	}
	for (size_t i = 0; i < lists->n_macros; i++) {
		free(lists->macro[i].text);
		free(lists->macro[i].place);
		free(lists->macro[i].wrong);
	}
	free(lists->list);
	free(lists->macro);
	free(lists->unread);
	memset(lists, 0, sizeof(*lists));
}

void
rule_lists_free(struct rule_lists *lists)
{
	if (lists)
		parser_lists_clear(lists);
	free(lists);
}

/* ---- by name ---- */

static void
say_none(struct parser *p, const struct toml_value *name, const char *what, const struct closest *near)
{
	const char *unread = p->lists ? p->lists->unread : NULL;

	if (unread)
		parser_say(p, name->at, "", "there is no %s \"%.60s\"; it may be in a file that cannot be used: %s", what,
			name->text, unread);
	else
		parser_say(p, name->at, "", "there is no %s \"%.60s\"%s", what, name->text, CLOSEST_TEXT(near));
}

/* The rule is to be read again when they are others. */
static void
note_shared(const struct parser *p)
{
	if (p->r)
		p->r->shared = true;
}

const struct rule_list *
parser_list(struct parser *p, const struct toml_value *name)
{
	const struct rule_lists *both[] = { &p->own, p->lists };
	const struct rule_list *l = find_list(both[0], name->text);
	struct closest near;

	if (p->checking_macro)
		return NULL;
	if (!l) {
		l = find_list(both[1], name->text);
		if (l)
			note_shared(p);
	}
	if (l && l->wrong) {
		parser_say(p, name->at, "", "list %s cannot be used: %s", l->name, l->wrong);
		return NULL;
	}
	if (l)
		return l;
	closest_init(&near, name->text);
	for (size_t k = 0; k < ARRAY_SIZE(both); k++)
		for (size_t i = 0; both[k] && i < both[k]->n; i++)
			closest_offer(&near, both[k]->list[i].name);
	say_none(p, name, "list", &near);
	return NULL;
}

const struct rule_macro *
parser_macro(const struct parser *p, const char *name)
{
	const struct rule_macro *m = find_macro(&p->own, name);

	if (m)
		return m;
	m = find_macro(p->lists, name);
	if (m)
		note_shared(p);
	return m;
}

static bool
is_field(const struct parser *p, const char *name)
{
	for (unsigned int t = 1; t < N_TRACERS; t++)
		if ((p->r->tracers >> t & 1) && field_find(t, name))
			return true;
	return false;
}

const struct rule_macro *
parser_macro_or_say(struct parser *p, const struct toml_value *name)
{
	const struct rule_lists *both[] = { &p->own, p->lists };
	const struct rule_macro *m = parser_macro(p, name->text);
	struct closest near;

	if (p->checking_macro)
		return NULL;
	if (m && m->wrong)
		parser_say(p, name->at, "", "macro %s cannot be used: %s", m->name, m->wrong);
	if (m)
		return m->wrong ? NULL : m;
	if (is_field(p, name->text)) {
		parser_say(p, name->at, "", "field %s is not true or false: an operator has to follow", name->text);
		return NULL;
	}
	closest_init(&near, name->text);
	for (size_t k = 0; k < ARRAY_SIZE(both); k++)
		for (size_t i = 0; both[k] && i < both[k]->n_macros; i++)
			closest_offer(&near, both[k]->macro[i].name);
	say_none(p, name, "macro, and no field that is true or false,", &near);
	return NULL;
}
