/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int
out_format_from_name(const char *name)
{
	static const char *const names[] = {
		[OUT_TABLE] = "table", [OUT_WIDE] = "wide", [OUT_JSON] = "json",
		[OUT_YAML] = "yaml", [OUT_KV] = "kv",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			return (int)i;
	return -EINVAL;
}

static void
open_nest(struct out *o, const char *key, enum out_nest nest, const struct schema *schema)
{
	o->w->open(o, key, nest, schema);
	o->level[o->depth].n++;
	o->depth++;
	o->level[o->depth].nest = nest;
	o->level[o->depth].n = 0;
}

static void
close_nest(struct out *o, enum out_nest nest)
{
	o->depth--;
	o->w->close(o, nest);
}

static void
value(struct out *o, const struct field *f, enum out_leaf leaf, const char *text, size_t len,
	bool attention)
{
	o->w->value(o, f, leaf, text, len, attention);
	o->level[o->depth].n++;
}

static void
number(struct out *o, const struct field *f, const char *fmt, int64_t v)
{
	char text[32];
	int len;

	if (fmt[0] == 'd')
		len = snprintf(text, sizeof(text), "%" PRId64, v);
	else
		len = snprintf(text, sizeof(text), "%" PRIu64, (uint64_t)v);
	value(o, f, OUT_NUMBER, text, (size_t)len, false);
}

/* An id of 0 names nothing: tables show that, data keeps the number. */
static void
id_number(struct out *o, const struct field *f, uint64_t v)
{
	if (v == 0 && o->w->flat)
		value(o, f, OUT_NULL, "", 0, false);
	else
		number(o, f, "u", (int64_t)v);
}

static void
time_value(struct out *o, const struct field *f, int64_t ns)
{
	time_t s = (time_t)(ns / 1000000000);
	char text[64] = "";
	struct tm tm;
	size_t len = 0;

	if (ns > 0 && o->w->flat && localtime_r(&s, &tm))
		len = strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	else if (ns > 0 && !o->w->flat && gmtime_r(&s, &tm)) {
		len = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &tm);
		len += (size_t)snprintf(text + len, sizeof(text) - len, ".%09" PRId64 "Z",
			ns % 1000000000);
	}
	value(o, f, len ? OUT_STRING : OUT_NULL, text, len, false);
}

static void
pair_value(struct buf *b, const struct field *f, const void *pair, const char **key)
{
	const struct field_hexpair *h = pair;
	const struct field_pair *p = pair;

	*key = p->key;
	if (f->type == FIELD_HEXMAP)
		buf_hex(b, h->value.data, h->value.len);
	else
		buf_str(b, p->value);
}

/* map<string, ...>: an object, or "key=value key=value". */
static void
map_value(struct out *o, const struct field *f, const void *const *pairs, size_t n)
{
	AUTO(buf) struct buf all = { 0 };

	if (!o->w->flat)
		open_nest(o, f->key, OUT_OBJECT, NULL);
	for (size_t i = 0; i < n; i++) {
		AUTO(buf) struct buf one = { 0 };
		struct field entry = { 0 };

		pair_value(&one, f, pairs[i], &entry.key);
		if (o->w->flat)
			buf_printf(&all, "%s%s=%s", i ? " " : "", entry.key, buf_text(&one));
		else
			value(o, &entry, OUT_STRING, buf_text(&one), one.len, false);
	}
	if (!o->w->flat)
		close_nest(o, OUT_OBJECT);
	else
		value(o, f, all.len ? OUT_STRING : OUT_NULL, buf_text(&all), all.len, false);
}

/* Repeated numbers: a list, or "1,2,3". */
static void
numbers_value(struct out *o, const struct field *f, const void *values, size_t n)
{
	AUTO(buf) struct buf all = { 0 };

	if (!o->w->flat)
		open_nest(o, f->key, OUT_LIST, NULL);
	for (size_t i = 0; i < n; i++) {
		uint64_t v = f->type == FIELD_U32S ? ((const uint32_t *)values)[i] :
						     ((const uint64_t *)values)[i];

		if (o->w->flat)
			buf_printf(&all, "%s%" PRIu64, i ? "," : "", v);
		else
			number(o, NULL, "u", (int64_t)v);
	}
	if (!o->w->flat)
		close_nest(o, OUT_LIST);
	else
		value(o, f, all.len ? OUT_STRING : OUT_NULL, buf_text(&all), all.len, false);
}

/* Repeated sentences: a list, or a line each. */
static void
strings_value(struct out *o, const struct field *f, char *const *values, size_t n)
{
	struct field more = *f;

	if (!o->w->flat)
		open_nest(o, f->key, OUT_LIST, NULL);
	more.head = "";
	for (size_t i = 0; i < n; i++)
		value(o, o->w->flat ? (i ? &more : f) : NULL, OUT_STRING, values[i],
			strlen(values[i]), false);
	if (!o->w->flat)
		close_nest(o, OUT_LIST);
}

static void
words_value(struct out *o, const struct field *f, char *const *values, size_t n)
{
	AUTO(buf) struct buf all = { 0 };

	if (!o->w->flat) {
		strings_value(o, f, values, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		buf_printf(&all, "%s%s", i ? "," : "", values[i]);
	value(o, f, all.len ? OUT_STRING : OUT_NULL, buf_text(&all), all.len, false);
}

static bool
is_expected(const char *state)
{
	return strcmp(state, "loaded") == 0 || strcmp(state, "active") == 0 || strcmp(state, "attached") == 0 ||
		strcmp(state, "foreign") == 0 || strcmp(state, "waiting") == 0;
}

static void
field_value(struct out *o, const struct field *f, const void *msg)
{
	const char *p = (const char *)msg + f->off;
	size_t n = f->n_off ? *(const size_t *)((const char *)msg + f->n_off) : 0;
	const char *s;

	switch (f->type) {
	case FIELD_U32:
		return number(o, f, "u", *(const uint32_t *)p);
	case FIELD_U64:
		return number(o, f, "u", (int64_t)*(const uint64_t *)p);
	case FIELD_I32:
		return number(o, f, "d", *(const int32_t *)p);
	case FIELD_FLAG:
		if (o->w->flat && !*(const protobuf_c_boolean *)p)
			return value(o, f, OUT_NULL, "", 0, false);
		/* fall through */
	case FIELD_BOOL:
		s = *(const protobuf_c_boolean *)p ? "true" : "false";
		return value(o, f, OUT_BOOL, s, strlen(s), false);
	case FIELD_ID32:
		return id_number(o, f, *(const uint32_t *)p);
	case FIELD_ID64:
		return id_number(o, f, *(const uint64_t *)p);
	case FIELD_STR:
	case FIELD_STATE:
		s = *(const char *const *)p ? *(const char *const *)p : "";
		return value(o, f, OUT_STRING, s, strlen(s),
			f->type == FIELD_STATE && !is_expected(s));
	case FIELD_TIME:
		return time_value(o, f, *(const int64_t *)p);
	case FIELD_U32S:
	case FIELD_U64S:
		return numbers_value(o, f, *(const void *const *)p, n);
	case FIELD_STRS:
		return strings_value(o, f, *(char *const *const *)p, n);
	case FIELD_WORDS:
		return words_value(o, f, *(char *const *const *)p, n);
	case FIELD_MAP:
	case FIELD_HEXMAP:
		return map_value(o, f, *(const void *const *const *)p, n);
	}
}

static void
fields(struct out *o, const struct schema *schema, const void *msg)
{
	for (size_t i = 0; i < schema->n; i++)
		field_value(o, &schema->fields[i], msg);
}

void
out_object(struct out *o, const char *key, const struct schema *schema, const void *msg)
{
	if (key)
		open_nest(o, key, OUT_OBJECT, NULL);
	fields(o, schema, msg);
	if (key)
		close_nest(o, OUT_OBJECT);
}

void
out_list(struct out *o, const char *key, const struct schema *schema, const void *const *msgs,
	size_t n, enum field_show show)
{
	if (o->w->flat && show > (o->style.format == OUT_WIDE ? SHOW_WIDE : SHOW_TABLE))
		return;
	open_nest(o, key, OUT_LIST, schema);
	for (size_t i = 0; i < n; i++) {
		open_nest(o, NULL, OUT_OBJECT, NULL);
		fields(o, schema, msgs[i]);
		close_nest(o, OUT_OBJECT);
	}
	close_nest(o, OUT_LIST);
}

int
out_print(struct out *o, FILE *f)
{
	close_nest(o, OUT_OBJECT);
	if (o->text.failed || o->path.failed)
		return -ENOMEM;
	if (o->text.len && fwrite(o->text.data, 1, o->text.len, f) != o->text.len)
		return errno ? -errno : -EIO;
	if (fflush(f) != 0)
		return -errno;
	return 0;
}

int
out_new(const struct out_style *style, struct out **out)
{
	static const struct out_writer *const writers[] = {
		[OUT_TABLE] = &out_writer_table, [OUT_WIDE] = &out_writer_table,
		[OUT_JSON] = &out_writer_json, [OUT_YAML] = &out_writer_yaml,
		[OUT_KV] = &out_writer_kv,
	};
	AUTO(out) struct out *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->style = *style;
	o->w = writers[style->format];
	if (o->w->flat && !(o->table = out_table_new()))
		return -ENOMEM;
	open_nest(o, NULL, OUT_OBJECT, NULL);
	*out = TAKE_PTR(o);
	return 0;
}

void
out_free(struct out *o)
{
	if (!o)
		return;
	buf_free(&o->text);
	buf_free(&o->path);
	out_table_free(o->table);
	free(o);
}
