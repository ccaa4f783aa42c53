/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One condition of a rule against an event.  A string that was cut on its way is known in its
 * beginning only: what that decides is decided, the rest is unknown.
 */
#include <strings.h>

#include "common/glob.h"
#include "rules/matcher.h"

static enum truth
truth(bool b)
{
	return b ? IS_TRUE : IS_FALSE;
}

/* v->len bytes at the beginning of the text; of a text that ends earlier nobody knows. */
static enum truth
begins(const struct slot *s, const struct atom_value *v)
{
	if (s->len >= v->len)
		return truth(memcmp(s->data, v->data, v->len) == 0);
	return s->cut && memcmp(s->data, v->data, s->len) == 0 ? IS_UNKNOWN : IS_FALSE;
}

static enum truth
equals(const struct slot *s, const struct atom_value *v)
{
	if (!s->cut)
		return truth(s->len == v->len && memcmp(s->data, v->data, v->len) == 0);
	return s->len <= v->len && memcmp(s->data, v->data, s->len) == 0 ? IS_UNKNOWN : IS_FALSE;
}

static enum truth
ends(const struct slot *s, const struct atom_value *v)
{
	if (s->cut)
		return IS_UNKNOWN;
	return truth(s->len >= v->len && memcmp(s->data + s->len - v->len, v->data, v->len) == 0);
}

/* v is without slashes at its end: "" is the root. */
static enum truth
below(const struct slot *s, const struct atom_value *v)
{
	if (s->len > v->len)
		return truth(memcmp(s->data, v->data, v->len) == 0 && s->data[v->len] == '/');
	if (s->cut)
		return memcmp(s->data, v->data, s->len) == 0 ? IS_UNKNOWN : IS_FALSE;
	return truth(v->len && s->len == v->len && memcmp(s->data, v->data, v->len) == 0);
}

static enum truth
contains(const struct slot *s, const struct atom_value *v)
{
	if (memmem(s->data, s->len, v->data, v->len))
		return IS_TRUE;
	return s->cut ? IS_UNKNOWN : IS_FALSE;
}

static enum truth
icontains(const struct slot *s, const struct atom_value *v)
{
	for (size_t i = 0; i + v->len <= s->len; i++)
		if (strncasecmp(s->data + i, v->data, v->len) == 0)
			return IS_TRUE;
	return s->cut ? IS_UNKNOWN : IS_FALSE;
}

static enum truth
in_network(const struct slot *s, const struct atom_value *v)
{
	uint32_t whole = v->bits / 8, rest = v->bits % 8;

	if (s->len != 16 || memcmp(s->data, v->data, whole) != 0)
		return IS_FALSE;
	return truth(!rest || !((s->data[whole] ^ v->data[whole]) >> (8 - rest)));
}

static enum truth
has_item(const struct slot *s, const struct atom_value *v)
{
	const char *p = s->data, *end = s->data + s->len;

	while (p < end) {
		size_t len = strnlen(p, (size_t)(end - p));

		if (len == v->len && memcmp(p, v->data, len) == 0)
			return IS_TRUE;
		p += len + 1;
	}
	return s->cut ? IS_UNKNOWN : IS_FALSE;
}

static enum truth
by_regex(struct matcher *m, const struct slot *s, const struct atom_value *v)
{
	int n = regex_match(m->engine, v->regex, s->data ? s->data : "", s->len);

	if (n < 0)
		m->stats.regex_limits++;
	return s->cut ? IS_UNKNOWN : truth(n == 1);
}

static bool
less(const struct atom *a, uint64_t x, uint64_t y)
{
	return a->is_signed ? (int64_t)x < (int64_t)y : x < y;
}

static enum truth
one(struct matcher *m, const struct atom *a, const struct slot *s, const struct atom_value *v)
{
	switch (a->kind) {
	case ATOM_NUMBER:
		return truth(s->u == v->u);
	case ATOM_RANGE:
		return truth(!less(a, s->u, v->u) && !less(a, v->hi, s->u));
	case ATOM_ALL_BITS:
	case ATOM_ANY_BITS:
		return truth((s->u & v->u) == v->u);
	case ATOM_BYTES:
		return equals(s, v);
	case ATOM_PREFIX:
		return begins(s, v);
	case ATOM_SUFFIX:
		return ends(s, v);
	case ATOM_PATH_PREFIX:
		return below(s, v);
	case ATOM_CIDR:
		return in_network(s, v);
	case ATOM_CONTAINS:
		return contains(s, v);
	case ATOM_ICONTAINS:
		return icontains(s, v);
	case ATOM_LIST_ALL:
	case ATOM_LIST_ANY:
		return has_item(s, v);
	case ATOM_GLOB:
		return s->cut ? IS_UNKNOWN : truth(glob_match(v->data, v->len, s->data, s->len, a->path));
	case ATOM_REGEX:
		return by_regex(m, s, v);
	case ATOM_EXISTS:
	case ATOM_REF:
		break;
	}
	return IS_FALSE;
}

static int
found(void *arg, uint32_t id)
{
	*(bool *)arg = true;
	return 1;
}

/* More values than one looks at in turn: the atom's own table or patterns. */
static enum truth
in_many(const struct atom *a, const struct slot *s)
{
	bool yes = false;

	if (a->kind == ATOM_NUMBER)
		return truth(table_find(&a->set, hash_number(s->u), NULL, 0));
	if (a->kind == ATOM_BYTES)
		return truth(table_find(&a->set, hash_bytes(s->data, s->len, 0), s->data, s->len));
	grams_scan(&a->grams, s->data, s->len, found, &yes);
	return truth(yes);
}

static enum truth
any_value(struct matcher *m, const struct atom *a, const struct slot *s)
{
	enum truth result = IS_FALSE;

	for (uint32_t i = 0; i < a->n; i++) {
		enum truth t = one(m, a, s, &a->values[i]);

		if (t == IS_TRUE)
			return t;
		if (t == IS_UNKNOWN)
			result = t;
	}
	return result;
}

static enum truth
all_values(struct matcher *m, const struct atom *a, const struct slot *s)
{
	enum truth result = IS_TRUE;

	for (uint32_t i = 0; i < a->n; i++) {
		enum truth t = one(m, a, s, &a->values[i]);

		if (t == IS_FALSE)
			return t;
		if (t == IS_UNKNOWN)
			result = t;
	}
	return result;
}

static enum truth
compare_fields(const struct atom *a, const struct slot *s, const struct slot *r)
{
	struct atom_value v = { .u = r->u, .data = r->data, .len = (uint32_t)r->len };

	if (!r->present)
		return IS_FALSE;
	if (!s->data)
		switch (a->op) {
		case OP_lt:
			return truth(less(a, s->u, r->u));
		case OP_le:
			return truth(!less(a, r->u, s->u));
		case OP_gt:
			return truth(less(a, r->u, s->u));
		case OP_ge:
			return truth(!less(a, s->u, r->u));
		default:
			return truth(s->u == r->u);
		}
	if (s->cut || r->cut)
		return IS_UNKNOWN;
	switch (a->op) {
	case OP_prefix:
		return begins(s, &v);
	case OP_suffix:
		return ends(s, &v);
	case OP_contains:
		return contains(s, &v);
	case OP_pathprefix:
		while (v.len && v.data[v.len - 1] == '/')
			v.len--;
		return below(s, &v);
	default:
		return equals(s, &v);
	}
}

enum truth
atom_test(struct matcher *m, struct tracer_set *t, const struct atom *a, const struct event *e)
{
	const struct slot *s = slot_get(t, a->slot, e);

	if (a->anchor && !s->cut)
		return truth(t->stamps[a - t->atoms] == t->epoch);
	if (!s->present)
		return IS_FALSE;
	if (s->headless && (a->kind == ATOM_BYTES || a->kind == ATOM_PREFIX || a->kind == ATOM_PATH_PREFIX))
		return IS_UNKNOWN;
	if (s->cut && (s->view == VIEW_BASENAME || s->view == VIEW_LEN || s->view == VIEW_TEXT))
		return IS_UNKNOWN;
	if (a->anchor && a->kind == ATOM_CONTAINS)
		return t->stamps[a - t->atoms] == t->epoch ? IS_TRUE : IS_UNKNOWN;
	if (a->kind == ATOM_EXISTS)
		return !s->data || s->len ? IS_TRUE : s->cut ? IS_UNKNOWN : IS_FALSE;
	if (a->kind == ATOM_REF)
		return compare_fields(a, s, slot_get(t, a->ref, e));
	if (a->kind == ATOM_ALL_BITS || a->kind == ATOM_LIST_ALL)
		return all_values(m, a, s);
	if (a->n > ATOM_SCAN_MAX && !s->cut &&
	    (a->kind == ATOM_NUMBER || a->kind == ATOM_BYTES || a->kind == ATOM_CONTAINS))
		return in_many(a, s);
	return any_value(m, a, s);
}
