/* SPDX-License-Identifier: Apache-2.0 */
/* tracers.d/NAME.toml: one tracer that root declares in each file. */
#include "config/tracers.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/closest.h"
#include "config/toml.h"
#include "config/tracer_reader.h"
#include "ipc/bundle.h"
#include "ipc/tracers.h"
#include "rules/rule.h"

/* ---- where it looks ---- */

static void
read_help(struct tracer_reader *r, const char *key, const struct toml_value *v)
{
	tracer_text(r, key, v, r->d.help, sizeof(r->d.help));
}

static void
read_flag(struct tracer_reader *r, const char *key, const struct toml_value *v)
{
	const uint32_t flag = key[0] == 'e' ? DECLARED_ENABLED : key[0] == 'r' ? DECLARED_AT_RETURN : DECLARED_SENSITIVE;

	r->d.flags |= v->number ? flag : 0;
}

static void
take_kind(struct tracer_reader *r, enum declared_kind kind, const struct toml_value *v)
{
	if (r->d.kind != DECLARED_NONE)
		mistake(&r->mistakes, v->at, "a tracer has a tracepoint or a path, not both");
	r->d.kind = kind;
}

static void
read_tracepoint(struct tracer_reader *r, const char *key, const struct toml_value *v)
{
	const char *colon = strchr(v->text, ':');
	struct toml_value name = *v;
	char why[300];

	if (colon) {	/* its group is for people: the kernel has no two of one name */
		name.text = colon + 1;
		name.len -= (size_t)(name.text - v->text);
	}
	take_kind(r, DECLARED_TRACEPOINT, v);
	tracer_text(r, key, &name, r->d.target, sizeof(r->d.target));
	if (r->d.target[0] && traced_tracepoint(&r->btf, r->d.target, &r->traced, why, sizeof(why)))
		mistake(&r->mistakes, v->at, "%s", why);
}

static void
read_path(struct tracer_reader *r, const char *key, const struct toml_value *v)
{
	take_kind(r, DECLARED_UPROBE, v);
	tracer_text(r, key, v, r->d.path, sizeof(r->d.path));
	if (v->text[0] != '/' && strchr(v->text, '/'))
		mistake(&r->mistakes, v->at, "path is absolute, or the name of a library");
}

static void
read_function(struct tracer_reader *r, const char *key, const struct toml_value *v)
{
	tracer_text(r, key, v, r->d.target, sizeof(r->d.target));
	if (strpbrk(v->text, "*?,"))
		mistake(&r->mistakes, v->at, "function is the name of one, not a pattern");
}

static void
read_offset(struct tracer_reader *r, const char *key, const struct toml_value *v)
{
	if (v->number <= 0)
		mistake(&r->mistakes, v->at, "offset is a place in the file, from 1 on");
	else
		r->d.offset = (uint64_t)v->number;
}

/* ---- a file ---- */

/* A field needs to know what it is of, and a filter the fields: a file is gone through three times. */
enum { STEP_PLACE, STEP_FIELDS, STEP_FILTERS, N_STEPS };

static const struct {
	const char *name;
	enum toml_kind kind;
	unsigned int step;
	void (*read)(struct tracer_reader *r, const char *key, const struct toml_value *v);
} keys[] = {
	{ "enabled", TOML_BOOL, STEP_PLACE, read_flag },
	{ "fields", TOML_ARRAY, STEP_FIELDS, tracer_fields },
	{ "filters", TOML_ARRAY, STEP_FILTERS, tracer_filters },
	{ "function", TOML_STRING, STEP_PLACE, read_function },
	{ "help", TOML_STRING, STEP_PLACE, read_help },
	{ "offset", TOML_INTEGER, STEP_PLACE, read_offset },
	{ "path", TOML_STRING, STEP_PLACE, read_path },
	{ "return", TOML_BOOL, STEP_PLACE, read_flag },
	{ "sensitive", TOML_BOOL, STEP_PLACE, read_flag },
	{ "tracepoint", TOML_STRING, STEP_PLACE, read_tracepoint },
};

static int
read_key(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct tracer_reader *r = arg;
	struct closest near;

	closest_init(&near, key);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		closest_offer(&near, keys[i].name);
		if (strcmp(keys[i].name, key) != 0)
			continue;
		if (keys[i].step != r->step)
			return 0;
		if (v->kind != keys[i].kind)
			mistake(&r->mistakes, v->at, "%s is %s, not %s", key, toml_kind_name(keys[i].kind),
				toml_kind_name(v->kind));
		else
			keys[i].read(r, key, v);
		return 0;
	}
	if (r->step == STEP_PLACE)
		mistake(&r->mistakes, at, "a tracer has no key \"%.60s\"%s", key, CLOSEST_TEXT(&near));
	return 0;
}

static void
take_name(struct tracer_reader *r, const char *path)
{
	const struct toml_place first = { 1, 1 };
	char stem[NAME_MAX + 1];

	rule_stem(path, stem, sizeof(stem));
	if (strlen(stem) >= sizeof(r->d.name) || !declared_name_ok(stem))
		mistake(&r->mistakes, first, "the file's name is the tracer's: at most %zu small letters, digits, _ and -, "
			"a letter in front", sizeof(r->d.name) - 1);
	else if (ipc_tracer_builtin(stem))
		mistake(&r->mistakes, first, "bpfd has a tracer of this name already");
	else
		strcpy(r->d.name, stem);
}

/* Where it looks is known: what fields may be of it. */
static void
check_place(struct tracer_reader *r)
{
	const struct toml_place first = { 1, 1 };

	r->traced.at_return = r->d.flags & DECLARED_AT_RETURN;
	if (r->d.kind == DECLARED_NONE)
		mistake(&r->mistakes, first, "the tracer has neither a tracepoint nor a path");
	else if (r->d.kind == DECLARED_UPROBE && !r->d.target[0] == !r->d.offset)
		mistake(&r->mistakes, first, "besides path there is either function or offset");
	else if (r->d.kind == DECLARED_UPROBE && r->traced.at_return && !r->d.target[0])
		mistake(&r->mistakes, first, "return is of a function, not of an offset");
	else if (r->d.kind == DECLARED_TRACEPOINT && (r->d.offset || r->traced.at_return))
		mistake(&r->mistakes, first, "a tracepoint has neither offset nor return");
}

static void
read_doc(struct tracer_reader *r, const struct bundle_file *f)
{
	struct toml_doc *doc = mistakes_toml(&r->mistakes, f->text, f->text_len);

	if (!doc)
		return;
	take_name(r, f->path);
	for (r->step = 0; r->step < N_STEPS && !r->mistakes.n; r->step++) {
		toml_each(doc, NULL, read_key, r);
		if (r->step == STEP_PLACE && !r->mistakes.n)
			check_place(r);
	}
	toml_free(doc);
}

/* Into the table, when nothing is wrong. */
static void
settle(struct tracer_reader *r)
{
	const struct toml_place first = { 1, 1 };
	int place = declared_place(r->table, &r->before, r->d.name);
	char why[300];

	if (!r->d.help[0])
		snprintf(r->d.help, sizeof(r->d.help), "%.16s%s%.70s", r->d.kind == DECLARED_TRACEPOINT ? "tracepoint " :
			r->d.path, r->d.kind == DECLARED_UPROBE ? " " : "", r->d.target);
	if (declared_check(&r->d, why, sizeof(why)))
		mistake(&r->mistakes, first, "%s", why);
	else if (place < 0)
		mistake(&r->mistakes, first, place == -EEXIST ? "there is another one of this name" :
			"more than %d tracers are declared", DECLARED_MAX);
	if (r->mistakes.n)
		return;
	declared_seal(&r->d, (unsigned int)place);
	r->table->d[place] = r->d;
}

static int
take(void *arg, const struct bundle_file *f)
{
	struct tracer_reader *r = arg;

	if (f->kind != BUNDLE_TRACER)
		return 0;
	r->mistakes.file = f->path;
	r->mistakes.n = 0;
	memset(&r->d, 0, sizeof(r->d));
	memset(&r->traced, 0, sizeof(r->traced));
	if (f->refused) {
		fprintf(r->mistakes.to, "%s: %.*s\n", f->path, (int)f->text_len, f->text);
		return 0;
	}
	read_doc(r, f);
	if (!r->mistakes.n)
		settle(r);
	return 0;
}

static int
take_before(void *arg, const struct bundle_file *f)
{
	struct tracer_reader *r = arg;

	if (f->kind == BUNDLE_DECLARED && f->text_len == sizeof(r->before)) {
		memcpy(&r->before, f->text, sizeof(r->before));
		if (!declared_table_ok(&r->before))
			memset(&r->before, 0, sizeof(r->before));
	}
	return 0;
}

int
tracers_read_bundle(struct names *names, const void *bytes, size_t len, FILE *errors, struct declared_table *out)
{
	struct tracer_reader r = { .table = out, .mistakes.to = errors };
	int err;

	memset(out, 0, sizeof(*out));
	if (names->btf && kbtf_read(names->btf, names->btf_size, &r.btf))
		memset(&r.btf, 0, sizeof(r.btf));	/* a tracepoint says that it cannot be found */
	err = bundle_each(bytes, len, take_before, &r);
	if (!err)
		err = bundle_each(bytes, len, take, &r);
	kbtf_close(&r.btf);
	return err;
}
