/* SPDX-License-Identifier: Apache-2.0 */
/* Format 2: the keys of a rule file. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

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
read_tracers(struct parser *p, const char *key, const struct toml_value *v)
{
	parser_strings(p, key, v, add_tracer, NULL);
}

static void
read_lists(struct parser *p, const char *key, const struct toml_value *v)
{
	parse_lists(p, v);
}

static void
read_macros(struct parser *p, const char *key, const struct toml_value *v)
{
	parse_macros(p, v);
}

static void
read_name(struct parser *p, const char *key, const struct toml_value *v)
{
	parser_name(p, key, v, p->r->name, sizeof(p->r->name));
}

static void
read_description(struct parser *p, const char *key, const struct toml_value *v)
{
	if (!parser_kind(p, key, v, TOML_STRING))
		return;
	if (memchr(v->text, '\0', v->len) || v->len > 4096) {
		parser_say(p, v->at, "", "description is at most 4096 bytes of text");
		return;
	}
	free(p->r->description);
	p->r->description = strdup(v->text);
	p->no_memory |= !p->r->description;
}

static void
read_severity(struct parser *p, const char *key, const struct toml_value *v)
{
	int s = v->kind == TOML_STRING ? severity_by_name(v->text) : -1;

	if (s >= 0)
		p->r->severity = (uint32_t)s;
	else
		parser_say(p, v->at, "", "severity is one of debug, info, notice, low, medium, high, critical");
}

static void
read_mode(struct parser *p, const char *key, const struct toml_value *v)
{
	bool enforce = v->kind == TOML_STRING && strcmp(v->text, "enforce") == 0;

	if (!enforce && (v->kind != TOML_STRING || strcmp(v->text, "observe") != 0))
		parser_say(p, v->at, "", "mode is observe or enforce");
	p->r->mode = enforce ? RULE_ENFORCE : RULE_OBSERVE;
}

static void
read_bool(struct parser *p, const char *key, const struct toml_value *v, bool *out)
{
	if (parser_kind(p, key, v, TOML_BOOL))
		*out = v->number;
}

static void
read_enabled(struct parser *p, const char *key, const struct toml_value *v)
{
	read_bool(p, key, v, &p->r->enabled);
}

static void
read_stop(struct parser *p, const char *key, const struct toml_value *v)
{
	read_bool(p, key, v, &p->r->stop);
}

static void
read_urgent(struct parser *p, const char *key, const struct toml_value *v)
{
	read_bool(p, key, v, &p->r->urgent);
}

static void
read_order(struct parser *p, const char *key, const struct toml_value *v)
{
	if (!parser_kind(p, key, v, TOML_INTEGER))
		return;
	if (v->number < 0 || v->number > 1000000)
		parser_say(p, v->at, "", "order is from 0 to 1000000; it is 1000 where it is not given");
	else
		p->r->order = (uint32_t)v->number;
}

/* ---- words ---- */

static void
add_word(struct parser *p, char **words, const struct toml_value *v)
{
	size_t len = 0;
	char *more;

	while (*words && (*words)[len])
		len += strlen(*words + len) + 1;
	more = realloc(*words, len + v->len + 2);
	if (!more) {
		p->no_memory = true;
		return;
	}
	memcpy(more + len, v->text, v->len + 1);
	more[len + v->len + 1] = '\0';
	*words = more;
}

static void
add_tag(struct parser *p, void *arg, const struct toml_value *v)
{
	char tag[64];

	if (parser_name(p, "a tag", v, tag, sizeof(tag)))
		add_word(p, &p->r->tags, v);
}

static void
read_tags(struct parser *p, const char *key, const struct toml_value *v)
{
	parser_strings(p, key, v, add_tag, NULL);
}

static bool
digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)s[i]))
			return false;
	return true;
}

/* T1003, T1003.008, TA0006 */
static bool
is_mitre(const char *s)
{
	size_t len = strlen(s);

	if (len == 6 && strncmp(s, "TA", 2) == 0)
		return digits(s + 2, 4);
	if ((len != 5 && len != 9) || s[0] != 'T' || !digits(s + 1, 4))
		return false;
	return len == 5 || (s[5] == '.' && digits(s + 6, 3));
}

static void
add_mitre(struct parser *p, void *arg, const struct toml_value *v)
{
	if (is_mitre(v->text) && strlen(v->text) == v->len)
		add_word(p, &p->r->mitre, v);
	else
		parser_say(p, v->at, "", "\"%.20s\" is no id of MITRE ATT&CK: T1003, T1003.008 or TA0006", v->text);
}

static void
read_mitre(struct parser *p, const char *key, const struct toml_value *v)
{
	parser_strings(p, key, v, add_mitre, NULL);
}

static void
add_runtime(struct parser *p, void *arg, const struct toml_value *v)
{
	char why[400];

	parser_ok(p, v->at, seed_runtime(p->r, v->text, arg, why, sizeof(why)), why);
}

static void
read_runtimes(struct parser *p, const char *key, const struct toml_value *v)
{
	bool any = false;

	parser_strings(p, key, v, add_runtime, &any);
	if (any)
		p->r->runtimes = 0;
}

/* ---- the rest ---- */

static void
read_ratelimit(struct parser *p, const char *key, const struct toml_value *v)
{
	parse_limit(p, key, v, &p->r->ratelimit);
}

static void
read_dedup(struct parser *p, const char *key, const struct toml_value *v)
{
	parse_limit(p, key, v, &p->r->dedup);
}

static void
read_budget(struct parser *p, const char *key, const struct toml_value *v)
{
	parse_limit(p, key, v, &p->r->budget);
}

static void
read_fail(struct parser *p, const char *key, const struct toml_value *v)
{
	p->r->fail_closed = v->kind == TOML_STRING && strcmp(v->text, "closed") == 0;
	if (!p->r->fail_closed && (v->kind != TOML_STRING || strcmp(v->text, "open") != 0))
		parser_say(p, v->at, "", "fail is open or closed");
}

static void
read_match(struct parser *p, const char *key, const struct toml_value *v)
{
	parse_match(p, v);
}

static void
read_condition(struct parser *p, const char *key, const struct toml_value *v)
{
	struct rule_node *root = parser_root(p);

	if (root)
		parse_condition(p, v, root);
}

static void
read_exceptions(struct parser *p, const char *key, const struct toml_value *v)
{
	parse_exceptions(p, v);
}

static void
read_after(struct parser *p, const char *key, const struct toml_value *v)
{
	parser_name(p, key, v, p->r->after, sizeof(p->r->after));
}

static void
read_within(struct parser *p, const char *key, const struct toml_value *v)
{
	parse_within(p, v);
}

static void
read_by(struct parser *p, const char *key, const struct toml_value *v)
{
	parse_by(p, v);
}

static void
add_redact(struct parser *p, void *arg, const struct toml_value *v)
{
	struct rule *r = p->r;

	if (r->n_redact == ARRAY_SIZE(r->redact)) {
		parser_say(p, v->at, "", "at most %zu things are redacted", ARRAY_SIZE(r->redact));
		return;
	}
	if (!parser_name(p, "redact", v, r->redact[r->n_redact], sizeof(r->redact[0])))
		return;
	if (check_redact(r->redact[r->n_redact], r->tracers))
		r->n_redact++;
	else
		parser_say(p, v->at, "", "\"%s\" cannot be redacted: args, cwd, a field of text of the tracer's own, or "
			"text and *", v->text);
}

static void
read_redact(struct parser *p, const char *key, const struct toml_value *v)
{
	parser_strings(p, key, v, add_redact, NULL);
}

static void
read_nothing(struct parser *p, const char *key, const struct toml_value *v)
{
}

/* What others depend on is read first. */
static const struct parser_key first_keys[] = {
	{ "tracer", read_tracers }, { "tracers", read_tracers }, { "lists", read_lists },
	{ "macros", read_macros },
};
static const struct parser_key keys[] = {
	{ "version", read_nothing },
	{ "name", read_name },
	{ "enabled", read_enabled },
	{ "severity", read_severity },
	{ "description", read_description },
	{ "tags", read_tags },
	{ "mitre", read_mitre },
	{ "runtimes", read_runtimes },
	{ "actions", parse_actions },
	{ "mode", read_mode },
	{ "order", read_order },
	{ "stop", read_stop },
	{ "urgent", read_urgent },
	{ "ratelimit", read_ratelimit },
	{ "dedup", read_dedup },
	{ "budget", read_budget },
	{ "fail", read_fail },
	{ "match", read_match },
	{ "exceptions", read_exceptions },
	{ "condition", read_condition },
	{ "after", read_after },
	{ "within", read_within },
	{ "by", read_by },
	{ "redact", read_redact },
};

static const struct parser_key *
find_key(const struct parser_key *all, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].name, key) == 0)
			return &all[i];
	return NULL;
}

static int
read_first(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	const struct parser_key *k = find_key(first_keys, ARRAY_SIZE(first_keys), key);

	if (k)
		k->read(arg, key, v);
	return 0;
}

static int
read_rest(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	const struct parser_key *k = find_key(keys, ARRAY_SIZE(keys), key);
	struct closest near;

	if (k) {
		k->read(arg, key, v);
	} else if (!find_key(first_keys, ARRAY_SIZE(first_keys), key)) {
		closest_init(&near, key);
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			closest_offer(&near, keys[i].name);
		for (size_t i = 0; i < ARRAY_SIZE(first_keys); i++)
			closest_offer(&near, first_keys[i].name);
		parser_say(arg, at, "", "there is no key \"%.80s\" in a rule%s", key, CLOSEST_TEXT(&near));
	}
	return 0;
}

void
parse_rule(struct parser *p, const struct toml_doc *doc)
{
	toml_each(doc, NULL, read_first, p);
	if (!p->r->tracers && !p->errors)
		parser_say(p, nowhere, "", "the rule has no tracer");
	toml_each(doc, NULL, read_rest, p);
}
