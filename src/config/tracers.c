/* SPDX-License-Identifier: Apache-2.0 */
/* tracers.d/NAME.toml: one tracer that root declares in each file. */
#include "config/tracers.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/closest.h"
#include "config/mistakes.h"
#include "config/toml.h"
#include "config/traced.h"
#include "ipc/bundle.h"
#include "ipc/chan.h"
#include "ipc/tracers.h"
#include "rules/rule.h"

#define ITEM_KEYS 4

struct reader;

/* A table within an array: a field, or a filter. */
struct item_key { const char *name; enum toml_kind kind; bool needed; };
struct item {
	const char *what;
	struct item_key keys[ITEM_KEYS];	/* name NULL ends */
	void (*take)(struct reader *r);
};

struct reader {
	struct kbtf btf;
	struct declared_table *table;
	struct declared_table before;		/* a reload leaves those that are the same where they are */
	struct declared d;			/* of the file that is read */
	struct traced traced;
	const struct item *item;		/* that is read, with what it says */
	struct toml_value v[ITEM_KEYS];
	bool has[ITEM_KEYS];
	struct toml_place at;
	unsigned int step;			/* of the file: see keys[] */
	struct mistakes mistakes;
};

/* Text for an array of a struct. */
static void
take_text(struct reader *r, const char *key, const struct toml_value *v, char *out, size_t size)
{
	if (!v->len || v->len >= size || !ipc_str_ok(v->text, v->len + 1) || strlen(v->text) != v->len)
		mistake(&r->mistakes, v->at, "%s is 1 to %zu bytes of text without control characters", key, size - 1);
	else
		memcpy(out, v->text, v->len + 1);
}

/* ---- where it looks ---- */

static void
read_help(struct reader *r, const char *key, const struct toml_value *v)
{
	take_text(r, key, v, r->d.help, sizeof(r->d.help));
}

static void
read_flag(struct reader *r, const char *key, const struct toml_value *v)
{
	const uint32_t flag = key[0] == 'e' ? DECLARED_ENABLED : key[0] == 'r' ? DECLARED_AT_RETURN : DECLARED_SENSITIVE;

	r->d.flags |= v->number ? flag : 0;
}

static void
take_kind(struct reader *r, enum declared_kind kind, const struct toml_value *v)
{
	if (r->d.kind != DECLARED_NONE)
		mistake(&r->mistakes, v->at, "a tracer has a tracepoint or a path, not both");
	r->d.kind = kind;
}

static void
read_tracepoint(struct reader *r, const char *key, const struct toml_value *v)
{
	const char *colon = strchr(v->text, ':');
	struct toml_value name = *v;
	char why[300];

	if (colon) {	/* its group is for people: the kernel has no two of one name */
		name.text = colon + 1;
		name.len -= (size_t)(name.text - v->text);
	}
	take_kind(r, DECLARED_TRACEPOINT, v);
	take_text(r, key, &name, r->d.target, sizeof(r->d.target));
	if (r->d.target[0] && traced_tracepoint(&r->btf, r->d.target, &r->traced, why, sizeof(why)))
		mistake(&r->mistakes, v->at, "%s", why);
}

static void
read_path(struct reader *r, const char *key, const struct toml_value *v)
{
	take_kind(r, DECLARED_UPROBE, v);
	take_text(r, key, v, r->d.path, sizeof(r->d.path));
	if (v->text[0] != '/' && strchr(v->text, '/'))
		mistake(&r->mistakes, v->at, "path is absolute, or the name of a library");
}

static void
read_function(struct reader *r, const char *key, const struct toml_value *v)
{
	take_text(r, key, v, r->d.target, sizeof(r->d.target));
	if (strpbrk(v->text, "*?,"))
		mistake(&r->mistakes, v->at, "function is the name of one, not a pattern");
}

static void
read_offset(struct reader *r, const char *key, const struct toml_value *v)
{
	if (v->number <= 0)
		mistake(&r->mistakes, v->at, "offset is a place in the file, from 1 on");
	else
		r->d.offset = (uint64_t)v->number;
}

/* ---- fields ---- */

enum { FIELD_NAME, FIELD_VALUE, FIELD_TYPE, FIELD_HELP };

static void
take_field(struct reader *r)
{
	struct declared_probe *p = &r->d.probe;
	const char *type = r->has[FIELD_TYPE] ? r->v[FIELD_TYPE].text : "";
	char why[700];

	if (p->n_fields == DECLARED_FIELDS_MAX) {
		mistake(&r->mistakes, r->at, "a tracer has at most %d fields", DECLARED_FIELDS_MAX);
		return;
	}
	take_text(r, "name", &r->v[FIELD_NAME], r->d.fields[p->n_fields].name, DECLARED_NAME_MAX);
	if (!declared_name_ok(r->v[FIELD_NAME].text))
		mistake(&r->mistakes, r->v[FIELD_NAME].at, "a name has small letters, digits, _ and -, a letter in front");
	if (r->has[FIELD_HELP])
		take_text(r, "help", &r->v[FIELD_HELP], r->d.fields[p->n_fields].help, DECLARED_HELP_MAX);
	else
		snprintf(r->d.fields[p->n_fields].help, DECLARED_HELP_MAX, "%.80s", r->v[FIELD_VALUE].text);
	if (traced_read(&r->traced, r->v[FIELD_VALUE].text, type, &p->fields[p->n_fields], why, sizeof(why)))
		mistake(&r->mistakes, r->v[FIELD_VALUE].at, "%s", why);
	p->n_fields++;
}

static const struct item field = { "a field", {
	[FIELD_NAME] = { "name", TOML_STRING, true },
	[FIELD_VALUE] = { "value", TOML_STRING, true },
	[FIELD_TYPE] = { "type", TOML_STRING, false },
	[FIELD_HELP] = { "help", TOML_STRING, false },
}, take_field };

/* ---- filters ---- */

enum { FILTER_FIELD, FILTER_EQUALS, FILTER_PREFIX };

static int
find_field(struct reader *r, const char *name)
{
	struct closest near;

	closest_init(&near, name);
	for (uint32_t i = 0; i < r->d.probe.n_fields; i++) {
		if (strcmp(r->d.fields[i].name, name) == 0)
			return (int)i;
		closest_offer(&near, r->d.fields[i].name);
	}
	mistake(&r->mistakes, r->v[FILTER_FIELD].at, "there is no field \"%.60s\"%s", name, CLOSEST_TEXT(&near));
	return -1;
}

/* As it is in a record, or nothing could ever be equal to it. */
static void
take_number(struct reader *r, const struct declared_read *f, struct declared_filter *out)
{
	const struct toml_value *v = &r->v[FILTER_EQUALS];
	const unsigned int spare = 64 - 8u * f->size;
	const bool is_signed = f->type == DECLARED_SIGNED;
	const int64_t back = is_signed ? (int64_t)((uint64_t)v->number << spare) >> spare :
		(int64_t)((uint64_t)v->number << spare >> spare);

	out->value = (uint64_t)v->number;
	if (!declared_is_number(f->type) || (v->kind != TOML_INTEGER && v->kind != TOML_BOOL))
		mistake(&r->mistakes, v->at, "equals is an integer or a boolean, of a field that is one");
	else if (back != v->number || (!is_signed && v->number < 0 && f->type != DECLARED_HEX))
		mistake(&r->mistakes, v->at, "the field, of %d bytes, is never %lld", f->size, (long long)v->number);
}

static void
take_prefix(struct reader *r, const struct declared_read *f, struct declared_filter *out)
{
	const struct toml_value *v = &r->v[FILTER_PREFIX];

	if (!declared_is_string(f->type) || !v->len || v->len > DECLARED_PREFIX_MAX || memchr(v->text, '\0', v->len)) {
		mistake(&r->mistakes, v->at, "prefix is 1 to %d bytes, of a field that is a string", DECLARED_PREFIX_MAX);
		return;
	}
	out->prefix_len = (uint32_t)v->len;
	memcpy(out->prefix, v->text, v->len);
}

static void
take_filter(struct reader *r)
{
	struct declared_probe *p = &r->d.probe;
	struct declared_filter *out = &p->filters[p->n_filters];
	int i = find_field(r, r->v[FILTER_FIELD].text);

	if (p->n_filters == DECLARED_FILTERS_MAX)
		mistake(&r->mistakes, r->at, "a tracer has at most %d filters", DECLARED_FILTERS_MAX);
	else if (r->has[FILTER_EQUALS] == r->has[FILTER_PREFIX])
		mistake(&r->mistakes, r->at, "a filter has equals or prefix");
	if (i < 0 || p->n_filters == DECLARED_FILTERS_MAX)
		return;
	out->field = (uint32_t)i;
	if (r->has[FILTER_PREFIX])
		take_prefix(r, &p->fields[i], out);
	else
		take_number(r, &p->fields[i], out);
	p->n_filters++;
}

static const struct item filter = { "a filter", {
	[FILTER_FIELD] = { "field", TOML_STRING, true },
	[FILTER_EQUALS] = { "equals", TOML_OTHER, false },
	[FILTER_PREFIX] = { "prefix", TOML_STRING, false },
}, take_filter };

/* ---- tables within arrays ---- */

static int
read_item_key(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct reader *r = arg;
	struct closest near;

	closest_init(&near, key);
	for (size_t i = 0; i < ITEM_KEYS && r->item->keys[i].name; i++) {
		const struct item_key *k = &r->item->keys[i];

		closest_offer(&near, k->name);
		if (strcmp(k->name, key) != 0)
			continue;
		r->v[i] = *v;
		r->has[i] = k->kind == TOML_OTHER || v->kind == k->kind;
		if (!r->has[i])
			mistake(&r->mistakes, v->at, "%s is %s, not %s", key, toml_kind_name(k->kind), toml_kind_name(v->kind));
		return 0;
	}
	mistake(&r->mistakes, at, "%s has no key \"%.60s\"%s", r->item->what, key, CLOSEST_TEXT(&near));
	return 0;
}

static int
read_item(void *arg, const struct toml_value *v)
{
	struct reader *r = arg;
	const unsigned int before = r->mistakes.n;

	memset(r->has, 0, sizeof(r->has));
	r->at = v->at;
	if (v->kind != TOML_TABLE)
		mistake(&r->mistakes, v->at, "%s is a table, not %s", r->item->what, toml_kind_name(v->kind));
	else
		toml_each(NULL, v->node, read_item_key, r);
	for (size_t i = 0; i < ITEM_KEYS && r->item->keys[i].name && r->mistakes.n == before; i++)
		if (r->item->keys[i].needed && !r->has[i])
			mistake(&r->mistakes, v->at, "%s needs %s", r->item->what, r->item->keys[i].name);
	if (r->mistakes.n == before)
		r->item->take(r);
	return 0;
}

static void
read_fields(struct reader *r, const char *key, const struct toml_value *v)
{
	r->item = &field;
	toml_items(v->node, read_item, r);
}

static void
read_filters(struct reader *r, const char *key, const struct toml_value *v)
{
	r->item = &filter;
	toml_items(v->node, read_item, r);
}

/* ---- a file ---- */

/* A field needs to know what it is of, and a filter the fields: a file is gone through three times. */
enum { STEP_PLACE, STEP_FIELDS, STEP_FILTERS, N_STEPS };

static const struct {
	const char *name;
	enum toml_kind kind;
	unsigned int step;
	void (*read)(struct reader *r, const char *key, const struct toml_value *v);
} keys[] = {
	{ "enabled", TOML_BOOL, STEP_PLACE, read_flag },
	{ "fields", TOML_ARRAY, STEP_FIELDS, read_fields },
	{ "filters", TOML_ARRAY, STEP_FILTERS, read_filters },
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
	struct reader *r = arg;
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
take_name(struct reader *r, const char *path)
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
check_place(struct reader *r)
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
read_doc(struct reader *r, const struct bundle_file *f)
{
	struct toml_place at = { 0, 0 };
	char why[300];
	struct toml_doc *doc = toml_read(f->text, f->text_len, why, sizeof(why), &at);

	if (!doc) {
		mistake(&r->mistakes, at, "%s", why);
		return;
	}
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
settle(struct reader *r)
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
	struct reader *r = arg;

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
	struct reader *r = arg;

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
	struct reader r = { .table = out, .mistakes.to = errors };
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
