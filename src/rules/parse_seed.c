/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format 1: files of the first bpfd as they are, with the meaning that its README gives them.
 *   W001  containerRuntimes or actions inside filterEvents: TOML puts them there when they follow
 *         its header; they are read as the rule's
 *   W002  an older name of a key   W003  a key that has no meaning
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/closest.h"
#include "rules/check.h"
#include "rules/parser.h"
#include "rules/seed.h"

static const struct toml_place nowhere;

static void
add_tracer(struct parser *p, void *arg, const struct toml_value *v)
{
	char why[400];

	parser_ok(p, v->at, seed_tracer(v->text, &p->r->tracers, why, sizeof(why)), why);
}

static void
add_runtime(struct parser *p, void *arg, const struct toml_value *v)
{
	char why[400];

	parser_ok(p, v->at, seed_runtime(p->r, v->text, arg, why, sizeof(why)), why);
}

static void
add_action(struct parser *p, void *arg, const struct toml_value *v)
{
	char why[200];

	parser_ok(p, v->at, seed_action(p->r, v->text, why, sizeof(why)), why);
}

/* The two keys that are found at three places. */
static bool
common_key(struct parser *p, const char *key, const struct toml_value *v)
{
	bool any = false;

	if (strcasecmp(key, "actions") == 0) {
		parser_strings(p, key, v, add_action, NULL);
		return true;
	}
	if (strcasecmp(key, "containerRuntimes") != 0)
		return false;
	parser_strings(p, key, v, add_runtime, &any);
	if (any)
		p->r->runtimes = 0;
	return true;
}

struct filter { struct parser *p; struct rule_node *test; struct toml_place at; };

static int
read_value(void *arg, const struct toml_value *v)
{
	struct filter *f = arg;

	parser_value(f->p, f->test->field, v, f->test);
	return 0;
}

static int
read_filter(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct filter *f = arg;

	if (strcasecmp(key, "values") == 0) {
		if (v->kind == TOML_ARRAY)
			toml_items(v->node, read_value, f);
		else
			read_value(f, v);
		if (!f->test->n_values)
			parser_say(f->p, v->at, "", "values of %s has to have at least one", f->test->field);
	} else if (common_key(f->p, key, v)) {
		parser_say(f->p, at, "W001", "%s stands inside filterEvents.%s; it is read as the rule's",
			key, f->test->field);
	} else {
		parser_say(f->p, at, "W003", "the key %.80s in filterEvents.%s has no meaning", key, f->test->field);
	}
	return 0;
}

static void
check_filter(struct parser *p, const struct rule_node *test, struct toml_place at)
{
	char why[400];

	for (unsigned int t = 1; t < N_TRACERS; t++) {
		if ((p->r->tracers >> t & 1) && !check_field(t, test->field, why, sizeof(why))) {
			parser_say(p, at, "", "%s", why);
			return;
		}
	}
	if (!test->n_values && !p->errors)
		parser_say(p, at, "", "filterEvents.%s has no values", test->field);
}

static int
read_filters(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct parser *p = arg;
	struct filter f = { .p = p, .at = at };

	if (v->kind != TOML_TABLE && common_key(p, key, v)) {
		parser_say(p, at, "W001", "%s stands inside filterEvents; it is read as the rule's", key);
		return 0;
	}
	if (!parser_kind(p, key, v, TOML_TABLE))
		return 0;
	if (!p->r->match)
		p->r->match = calloc(1, sizeof(*p->r->match));
	if (p->r->match)
		p->r->match->kind = NODE_ANY;
	f.test = p->r->match ? node_add(p->r->match, NODE_TEST) : NULL;
	if (!f.test) {
		p->no_memory = true;
		return 0;
	}
	f.test->op = OP_contains;
	if ((size_t)snprintf(f.test->field, sizeof(f.test->field), "%s", key) >= sizeof(f.test->field)) {
		parser_say(p, at, "", "the key %.80s is too long", key);
		return 0;
	}
	toml_each(NULL, v->node, read_filter, &f);
	check_filter(p, f.test, at);
	return 0;
}

/* First of all: the fields depend on it. */
static int
read_tracer(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct parser *p = arg;
	bool old = strcasecmp(key, "program") == 0;

	if (!old && strcasecmp(key, "tracer") != 0)
		return 0;
	if (old)
		parser_say(p, at, "W002", "program is read as tracer");
	if (parser_kind(p, key, v, TOML_STRING))
		add_tracer(p, NULL, v);
	return 0;
}

static void
read_how(struct parser *p, const struct toml_value *v, bool *all)
{
	if (!parser_kind(p, "match", v, TOML_STRING))
		return;
	*all = strcasecmp(v->text, "all") == 0;
	if (!*all && strcasecmp(v->text, "any") != 0)
		parser_say(p, v->at, "", "match is \"any\" or \"all\"; conditions as in format 2 need version = 2");
}

static void
unknown_key(struct parser *p, const char *key, struct toml_place at)
{
	static const char *const known[] = { "name", "tracer", "actions", "containerRuntimes", "filterEvents", "match" };
	struct closest near;

	closest_init(&near, key);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		closest_offer(&near, known[i]);
	parser_say(p, at, "W003", "the key %.80s has no meaning in format 1%s", key, CLOSEST_TEXT(&near));
}

struct top { struct parser *p; bool all; };

static int
read_top(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct top *t = arg;
	struct parser *p = t->p;
	bool old = strcasecmp(key, "searchEvents") == 0;

	if (strcasecmp(key, "name") == 0) {
		parser_name(p, "name", v, p->r->name, sizeof(p->r->name));
	} else if (old || strcasecmp(key, "filterEvents") == 0) {
		if (old)
			parser_say(p, at, "W002", "searchEvents is read as filterEvents");
		if (parser_kind(p, key, v, TOML_TABLE))
			toml_each(NULL, v->node, read_filters, p);
	} else if (strcasecmp(key, "match") == 0) {
		read_how(p, v, &t->all);
	} else if (!common_key(p, key, v) && strcasecmp(key, "version") != 0 &&
		   strcasecmp(key, "tracer") != 0 && strcasecmp(key, "program") != 0) {
		unknown_key(p, key, at);
	}
	return 0;
}

void
parse_seed(struct parser *p, const struct toml_doc *doc)
{
	struct top t = { .p = p };

	toml_each(doc, NULL, read_tracer, p);
	if (!p->r->tracers && !p->errors)
		parser_say(p, nowhere, "", "rule tracer cannot be empty");
	toml_each(doc, NULL, read_top, &t);
	if (t.all && p->r->match)
		p->r->match->kind = NODE_ALL;
}
