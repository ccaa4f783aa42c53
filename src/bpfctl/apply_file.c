/* SPDX-License-Identifier: Apache-2.0 */
/* A file for `apply`: the document and its rules. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/apply_reader.h"

#define FORMAT_VERSION 1

static void
file_version(struct apply_reader *r, const struct toml_value *v)
{
	if (v->number != FORMAT_VERSION)
		apply_say(r, v->at, "version %lld is not known here, only %d is", (long long)v->number,
			FORMAT_VERSION);
}

/* on_set() has read it. */
static void
file_set(struct apply_reader *r, const struct toml_value *v)
{
}

/* ---- rules ---- */

static void
new_rule(struct apply_reader *r, struct toml_place at)
{
	AUTO(mem) struct apply_rule *rule = calloc(1, sizeof(*rule));

	r->rule = NULL;
	if (!rule || spec_append(&r->w->rules, &r->w->n_rules, rule)) {
		r->no_memory = true;
		return;
	}
	rule->at = (struct apply_place){ r->file, at.line, at.column };
	r->rule = TAKE_PTR(rule);
}

static void
finish_rule(struct apply_reader *r)
{
	if (!r->rule->set)
		r->rule->set = strdup(r->set);
	if (!r->rule->set || apply_add_set(r->w, r->rule->set))
		r->no_memory = true;
}

static void
rule_set(struct apply_reader *r, const struct toml_value *v)
{
	if (!r->fixed_set)
		apply_name(r, v, &r->rule->set);
}

static void
rule_file(struct apply_reader *r, const struct toml_value *v)
{
	AUTO(mem) char *path = NULL;

	apply_text(r, v, &path);
	if (!path)
		return;
	free(r->rule->path);
	r->rule->path = apply_path(r, path);
}

static void
rule_name(struct apply_reader *r, const struct toml_value *v)
{
	char *file = NULL;

	apply_name(r, v, &r->rule->name);
	if (!r->rule->name)
		return;
	if (asprintf(&file, "%s.toml", r->rule->name) < 0) {
		r->no_memory = true;
		return;
	}
	free(r->rule->file);
	r->rule->file = file;
}

/* On which line of the file the text's first one is; 0 when its lines are not lines of the file. */
static unsigned int
text_line(const struct apply_reader *r, struct toml_place at)
{
	const char *p = r->text, *end = r->text + r->len;

	for (unsigned int line = 1; line < at.line && p; line++) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : NULL;
	}
	/* Columns are counted in characters: the quotes are looked for from the left. */
	while (p && p + 3 < end && *p != '\n' && memcmp(p, "'''", 3) != 0 && memcmp(p, "\"\"\"", 3) != 0)
		p++;
	if (!p || p + 3 >= end || *p == '\n')
		return 0;
	return at.line + (p[3] == '\n' || (p[3] == '\r' && p + 4 < end && p[4] == '\n'));
}

static void
rule_text(struct apply_reader *r, const struct toml_value *v)
{
	apply_text(r, v, &r->rule->text);
	r->rule->line = text_line(r, v->at);
}

static const struct apply_key rule_keys[] = {
	{ "set", TOML_STRING, rule_set },
	{ "name", TOML_STRING, rule_name },
	{ "file", TOML_STRING, rule_file },
	{ "text", TOML_STRING, rule_text },
};

static int
on_rule(void *arg, const struct toml_value *v)
{
	struct apply_reader *r = arg;
	struct apply_rule *rule;
	AUTO(mem) char *text = NULL;

	if (v->kind != TOML_TABLE) {
		apply_say(r, v->at, "rule is [[rule]], tables");
		return 0;
	}
	new_rule(r, v->at);
	rule = r->rule;
	if (!rule)
		return 0;
	apply_keys(r, NULL, v->node, "a rule", rule_keys, ARRAY_SIZE(rule_keys));
	finish_rule(r);
	if (!rule->text == !rule->path)
		apply_say(r, v->at, "a rule has either text or file");
	if (rule->path && rule->name)
		apply_say(r, v->at, "name is for a rule with text: the file names its own");
	if (rule->text && !rule->file)
		rule->file = strdup("rule.toml");
	free(rule->name);		/* the text may say another */
	rule->name = NULL;
	text = rule->text;
	rule->text = NULL;
	if (r->no_memory || (text && (!rule->file || apply_rule_text(rule, text, strlen(text)))))
		r->no_memory = true;
	return 0;
}

static void
one_file(struct apply_reader *r, const struct toml_value *v)
{
	new_rule(r, v->at);
	if (!r->rule)
		return;
	r->rule->path = apply_path(r, v->text);
	finish_rule(r);
}

static void
file_rules(struct apply_reader *r, const struct toml_value *v)
{
	apply_strings(r, v, one_file);
}

static void
file_rule(struct apply_reader *r, const struct toml_value *v)
{
	toml_items(v->node, on_rule, r);
}

/* ---- the document ---- */

static int
on_load(void *arg, const struct toml_value *v)
{
	struct apply_reader *r = arg;

	if (v->kind == TOML_TABLE)
		apply_read_load(r, v);
	else
		apply_say(r, v->at, "load is [[load]], tables");
	return 0;
}

static void
file_load(struct apply_reader *r, const struct toml_value *v)
{
	toml_items(v->node, on_load, r);
}

static const struct apply_key file_keys[] = {
	{ "version", TOML_INTEGER, file_version },
	{ "set", TOML_STRING, file_set },
	{ "load", TOML_ARRAY, file_load },
	{ "rule", TOML_ARRAY, file_rule },
	{ "rules", TOML_ARRAY, file_rules },
};

/* The rest of the file depends on its set, wherever it stands. */
static int
on_set(void *arg, const char *name, struct toml_place at, const struct toml_value *v)
{
	struct apply_reader *r = arg;

	if (strcmp(name, "set") == 0 && v->kind == TOML_STRING)
		apply_name(r, v, &r->set);
	return 0;
}

static void
find_set(struct apply_reader *r, const struct toml_doc *doc, bool is_stdin)
{
	char stem[APPLY_NAME_MAX + 2];
	const char *slash = strrchr(r->file, '/'), *name = slash ? slash + 1 : r->file;
	size_t len = strlen(name);

	if (!r->set)
		toml_each(doc, NULL, on_set, r);
	if (r->set)
		return;
	if (len > 5 && strcmp(name + len - 5, ".toml") == 0)
		len -= 5;
	snprintf(stem, sizeof(stem), "%.*s", (int)len, is_stdin ? "" : name);
	if (!apply_name_ok(stem))
		apply_say(r, (struct toml_place){ 0 }, "which set is this? say set = \"NAME\" in it, or --set NAME");
	r->set = strdup(stem);
}

static void
read_document(struct apply_reader *r, const struct toml_doc *doc, bool is_stdin)
{
	find_set(r, doc, is_stdin);
	if (!r->set || apply_add_set(r->w, r->set))
		r->no_memory = true;
	else
		apply_keys(r, doc, NULL, "a file", file_keys, ARRAY_SIZE(file_keys));
}

/* The folder of a file, which paths in it are relative to. */
static char *
dir_of(const char *file, bool is_stdin)
{
	const char *slash = is_stdin ? NULL : strrchr(file, '/');

	if (!slash)
		return strdup(".");
	return slash == file ? strdup("") : strndup(file, (size_t)(slash - file));
}

int
apply_read(struct apply_want *w, const char *file, bool is_stdin, const char *set, const char *text, size_t len)
{
	struct apply_reader r = { .w = w, .text = text, .len = len, .fixed_set = set != NULL,
		.set = set ? strdup(set) : NULL };
	AUTO(mem) char *dir = dir_of(file, is_stdin);
	AUTO(mem) char *name = strdup(file);
	struct toml_place at = { 0 };
	struct toml_doc *doc;
	char why[400];

	r.file = name;
	r.dir = dir;
	if (!dir || (set && !r.set) || !name || spec_append(&w->files, &w->n_files, name)) {
		free(r.set);
		return -ENOMEM;
	}
	(void)TAKE_PTR(name);
	doc = toml_read(text, len, why, sizeof(why), &at);
	if (doc)
		read_document(&r, doc, is_stdin);
	else
		apply_say(&r, at, "%s", why);
	toml_free(doc);
	free(r.set);
	return r.no_memory || w->problems.failed ? -ENOMEM : 0;
}
