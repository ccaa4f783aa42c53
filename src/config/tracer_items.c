/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a file of tracers.d: its fields and its filters. */
#include "config/tracer_reader.h"

#include <string.h>

#include "common/auto.h"
#include "common/closest.h"
#include "ipc/chan.h"

void
tracer_text(struct tracer_reader *r, const char *key, const struct toml_value *v, char *out, size_t size)
{
	if (!v->len || v->len >= size || !ipc_str_ok(v->text, v->len + 1) || strlen(v->text) != v->len)
		mistake(&r->mistakes, v->at, "%s is 1 to %zu bytes of text without control characters", key, size - 1);
	else
		memcpy(out, v->text, v->len + 1);
}

/* ---- fields ---- */

enum { FIELD_NAME, FIELD_VALUE, FIELD_TYPE, FIELD_HELP };

static void
take_field(struct tracer_reader *r)
{
	struct declared_probe *p = &r->d.probe;
	const char *type = r->has[FIELD_TYPE] ? r->v[FIELD_TYPE].text : "";
	char why[700];

	if (p->n_fields == DECLARED_FIELDS_MAX) {
		mistake(&r->mistakes, r->at, "a tracer has at most %d fields", DECLARED_FIELDS_MAX);
		return;
	}
	tracer_text(r, "name", &r->v[FIELD_NAME], r->d.fields[p->n_fields].name, DECLARED_NAME_MAX);
	if (!declared_name_ok(r->v[FIELD_NAME].text))
		mistake(&r->mistakes, r->v[FIELD_NAME].at, "a name has small letters, digits, _ and -, a letter in front");
	if (r->has[FIELD_HELP])
		tracer_text(r, "help", &r->v[FIELD_HELP], r->d.fields[p->n_fields].help, DECLARED_HELP_MAX);
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
find_field(struct tracer_reader *r, const char *name)
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

/* What a field of so many bytes, at least one, makes of a number. */
static int64_t
as_field(int64_t number, const struct declared_read *f)
{
	const unsigned int spare = 64 - 8u * f->size;
	const uint64_t high = (uint64_t)number << spare;

	return f->type == DECLARED_SIGNED ? (int64_t)high >> spare : (int64_t)(high >> spare);
}

/* As it is in a record, or nothing could ever be equal to it. */
static void
take_number(struct tracer_reader *r, const struct declared_read *f, struct declared_filter *out)
{
	const struct toml_value *v = &r->v[FILTER_EQUALS];
	const bool may_be_negative = f->type == DECLARED_SIGNED || f->type == DECLARED_HEX;

	out->value = (uint64_t)v->number;
	if (!declared_is_number(f->type) || (v->kind != TOML_INTEGER && v->kind != TOML_BOOL))
		mistake(&r->mistakes, v->at, "equals is an integer or a boolean, of a field that is one");
	else if (as_field(v->number, f) != v->number || (!may_be_negative && v->number < 0))
		mistake(&r->mistakes, v->at, "the field, of %d bytes, is never %lld", f->size, (long long)v->number);
}

static void
take_prefix(struct tracer_reader *r, const struct declared_read *f, struct declared_filter *out)
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
take_filter(struct tracer_reader *r)
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
	struct tracer_reader *r = arg;
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
	struct tracer_reader *r = arg;
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

void
tracer_fields(struct tracer_reader *r, const char *key, const struct toml_value *v)
{
	r->item = &field;
	toml_items(v->node, read_item, r);
}

void
tracer_filters(struct tracer_reader *r, const char *key, const struct toml_value *v)
{
	r->item = &filter;
	toml_items(v->node, read_item, r);
}
