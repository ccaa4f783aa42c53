/* SPDX-License-Identifier: Apache-2.0 */
#include "events/redact.h"

#include <string.h>

#include "events/tables.h"

static const char stars[3] = "***";

/*
 * Strings that lie in a record behind their struct ev_str.  Not those that an action goes by: which
 * program, which container.
 */
static bool
is_own(const struct field *f)
{
	return f && !f->get && f->size == sizeof(struct ev_str) &&
		(f->type == F_STR || f->type == F_PATH || f->type == F_LIST);
}

static bool
is_common(const struct field *f)
{
	return f && (strcmp(f->name, "args") == 0 || strcmp(f->name, "cwd") == 0);
}

static size_t
pattern_len(const char *item)
{
	size_t len = strlen(item);

	return len >= 3 && len < REDACT_ITEM_MAX && item[len - 1] == '*' ? len - 1 : 0;
}

bool
redact_item_ok(const char *item, unsigned int tracer)
{
	if (pattern_len(item) || is_common(common_find(0, item)))
		return true;
	for (unsigned int t = 1; t < N_TRACERS; t++)
		if ((!tracer || t == tracer) && tracer_info(t) && is_own(schema_own(t, item)))
			return true;
	return false;
}

bool
redact_item_init(struct redact_item *item, const char *text, unsigned int tracer)
{
	memset(item, 0, sizeof(*item));
	item->len = pattern_len(text);
	for (size_t i = 0; i < item->len; i++)
		item->text[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
	if (item->len)
		return true;
	item->own = schema_own(tracer, text);
	item->common = common_find(0, text);
	if (!is_own(item->own))
		item->own = NULL;
	if (!is_common(item->common))
		item->common = NULL;
	return item->own || item->common;
}

/* ---- one string ---- */

struct string { char *data; struct ev_str *ref; bool list; };

static bool
all_of(const struct string *s)
{
	size_t len = s->ref->len, left = len < sizeof(stars) ? len : sizeof(stars);

	if (!len)
		return false;
	memset(s->data, 0, len);
	if (s->list && left == len)
		left--;			/* the item's NUL */
	memcpy(s->data, stars, left);
	s->ref->len = (uint16_t)(left + s->list);
	return true;
}

static char
folded(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c ? c : ' ');
}

static bool
begins(const char *p, size_t left, const struct redact_item *item)
{
	if (left < item->len)
		return false;
	for (size_t i = 0; i < item->len; i++)
		if (folded(p[i]) != item->text[i])
			return false;
	return true;
}

/* Bytes of the secret at p. */
static size_t
secret_len(const char *p, size_t left, bool list)
{
	char quote = left && (p[0] == '"' || p[0] == '\'') ? p[0] : 0;
	size_t i = quote != 0;

	if (list)
		return strnlen(p, left);
	while (i < left && (quote ? p[i] != quote : p[i] != ' ' && p[i] != '\t'))
		i++;
	return i + (quote && i < left);
}

/* What was read is at from, what is kept goes to the same place or before it. */
static bool
parts_of(const struct string *s, const struct redact_item *item)
{
	size_t len = s->ref->len, from = 0, to = 0;
	bool any = false;

	while (from < len) {
		size_t secret, left;

		if (!begins(s->data + from, len - from, item)) {
			s->data[to++] = s->data[from++];
			continue;
		}
		memmove(s->data + to, s->data + from, item->len);
		from += item->len;
		to += item->len;
		secret = secret_len(s->data + from, len - from, s->list);
		left = secret < sizeof(stars) ? secret : sizeof(stars);
		memcpy(s->data + to, stars, left);
		from += secret;
		to += left;
		any |= secret > 0;
	}
	memset(s->data + to, 0, len - to);
	s->ref->len = (uint16_t)to;
	return any;
}

/* ---- a record ---- */

static bool
one(const struct redact_item *item, void *base, const struct field *f)
{
	struct string s = { .ref = (void *)((char *)base + f->off), .list = f->type == F_LIST };

	s.data = (char *)base + s.ref->off;
	return item->len ? parts_of(&s, item) : all_of(&s);
}

static bool
may_have_secrets(const struct field *f)
{
	return is_own(f) && (f->type == F_LIST || f->flags & (FIELD_UNTRUSTED | FIELD_SENSITIVE));
}

bool
redact_run(const struct redact_item *item, struct ev_hdr *ev, struct rec_ctx *ctx)
{
	const struct field *args = item->len ? common_find(0, "args") : NULL;
	bool any = false;

	if (item->own)
		any |= one(item, ev, item->own);
	if (item->common)
		any |= one(item, ctx, item->common);
	for (const struct field *f = tracer_info(ev->tracer)->fields; item->len && f->name; f++)
		if (may_have_secrets(f))
			any |= one(item, ev, f);
	if (args)
		any |= one(item, ctx, args);
	if (any)
		ev->flags |= EV_REDACTED;
	return any;
}
