/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "rules/matcher.h"
#include "rules/value.h"

static enum view
view_of(const struct field *f, const struct nnf *test, uint32_t format)
{
	enum rule_op op = test->op;

	switch ((enum rule_fn)test->test->fn) {
	case FN_LEN:
		return VIEW_LEN;
	case FN_BASENAME:
		return VIEW_BASENAME;
	case FN_LOWER:
		return VIEW_LOWER;
	case FN_NONE:
		break;
	}
	if (op == OP_icontains)
		return VIEW_LOWER;
	if (format == 1 && op == OP_contains && !value_is_text(f->type))
		return VIEW_TEXT;
	if (f->type == F_LIST && op != OP_hasall && op != OP_hasany && op != OP_exists)
		return VIEW_JOINED;
	return VIEW_PLAIN;
}

static bool
is_own(unsigned int tracer, const struct field *f)
{
	for (const struct field *own = tracer_info(tracer)->fields; own->name; own++)
		if (own == f)
			return true;
	return false;
}

static int
find_slot(struct matcher *m, unsigned int tracer, const struct field *f, enum view view, uint32_t *out)
{
	struct tracer_set *t = &m->tracers[tracer];
	struct slot *s;

	for (uint32_t i = 0; i < t->n_slots; i++) {
		if (t->slots[i].field == f && t->slots[i].view == view) {
			*out = i;
			return 0;
		}
	}
	s = reallocarray(t->slots, t->n_slots + 1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	t->slots = s;
	s = &t->slots[t->n_slots];
	*s = (struct slot){ .field = f, .view = view, .text = value_is_text(f->type), .own = is_own(tracer, f) };
	*out = t->n_slots++;
	if (view == VIEW_JOINED || view == VIEW_TEXT || view == VIEW_LOWER) {
		s->scratch = malloc(SLOT_ROOM);
		if (!s->scratch)
			return -ENOMEM;
	}
	return 0;
}

static enum atom_kind
kind_of(enum rule_op op, enum field_type t, bool text)
{
	switch (op) {
	case OP_eq:
		return value_is_number(t) && !text ? ATOM_NUMBER : ATOM_BYTES;
	case OP_lt: case OP_le: case OP_gt: case OP_ge: case OP_inrange:
		return ATOM_RANGE;
	case OP_prefix:
		return ATOM_PREFIX;
	case OP_suffix:
		return ATOM_SUFFIX;
	case OP_contains:
		return ATOM_CONTAINS;
	case OP_pathprefix:
		return ATOM_PATH_PREFIX;
	case OP_glob:
		return ATOM_GLOB;
	case OP_regex:
		return ATOM_REGEX;
	case OP_cidr:
		return ATOM_CIDR;
	case OP_hasall:
		return t == F_LIST ? ATOM_LIST_ALL : ATOM_ALL_BITS;
	case OP_hasany:
		return t == F_LIST ? ATOM_LIST_ANY : ATOM_ANY_BITS;
	case OP_icontains: case OP_exists:
	case OP_NONE: case OP_ne: case OP_in: case OP_notin: case OP_hasnone: case N_OPS:
		break;
	}
	return ATOM_EXISTS;
}

/* Every order as LOW..HIGH; what nothing lies in is written as 1..0. */
static void
set_range(enum rule_op op, bool is_signed, struct atom_value *v)
{
	uint64_t min = is_signed ? (uint64_t)INT64_MIN : 0, max = is_signed ? (uint64_t)INT64_MAX : UINT64_MAX;
	uint64_t u = v->u;

	if (op == OP_lt || op == OP_le) {
		v->u = min;
		v->hi = op == OP_le ? u : u - 1;
	} else if (op == OP_gt || op == OP_ge) {
		v->u = op == OP_ge ? u : u + 1;
		v->hi = max;
	}
	if ((op == OP_lt && u == min) || (op == OP_gt && u == max)) {
		v->u = 1;
		v->hi = 0;
	}
}

static int
make_value(struct matcher *m, const struct nnf *test, const struct field *f, const struct atom *a,
	bool text, const struct rule_value *from, struct atom_value *v)
{
	enum rule_fn fn = (enum rule_fn)test->test->fn;
	struct typed typed;
	char why[256], *copy;
	int err = value_read(f, fn, test->op, from, text, &typed, why, sizeof(why));

	if (err)
		return err;
	v->u = typed.u;
	v->hi = typed.hi;
	v->bits = typed.bits;
	v->len = (uint32_t)typed.len;
	copy = arena_take(m, typed.len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, typed.data, typed.len);
	copy[typed.len] = '\0';
	v->data = copy;
	for (size_t i = 0; test->op == OP_icontains && i < typed.len; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (char)(copy[i] + 32);
	while (a->kind == ATOM_PATH_PREFIX && v->len && copy[v->len - 1] == '/')
		v->len--;
	if (a->kind == ATOM_RANGE)
		set_range(test->op, a->is_signed, v);
	if (a->kind != ATOM_REGEX)
		return 0;
	return regex_new(v->data, v->len, &v->regex, why, sizeof(why));
}

/* More values than are looked at in turn. */
static int
make_set(struct atom *a)
{
	int err = 0;

	if (a->n <= ATOM_SCAN_MAX)
		return 0;
	for (uint32_t i = 0; i < a->n && !err; i++) {
		const struct atom_value *v = &a->values[i];

		if (a->kind == ATOM_NUMBER)
			err = table_add(&a->set, hash_number(v->u), NULL, 0, TABLE_NO_ID);
		else if (a->kind == ATOM_BYTES)
			err = table_add(&a->set, hash_bytes(v->data, v->len, 0), v->data, v->len, TABLE_NO_ID);
		else if (a->kind == ATOM_CONTAINS && v->len)
			err = grams_add(&a->grams, v->data, v->len, 0, 0);
	}
	if (!err && (a->kind == ATOM_NUMBER || a->kind == ATOM_BYTES))
		err = table_seal(&a->set);
	else if (!err && a->kind == ATOM_CONTAINS)
		err = grams_seal(&a->grams);
	return err;
}

/* A value "" is in every text: the others do not matter. */
static void
keep_empty_only(struct atom *a)
{
	for (uint32_t i = 0; i < a->n; i++) {
		if (a->values[i].len)
			continue;
		a->values[0] = a->values[i];
		a->n = 1;
		return;
	}
}

int
compile_atom(struct matcher *m, unsigned int tracer, const struct nnf *test, uint32_t format, struct atom *out)
{
	const struct rule_node *n = test->test;
	const struct field *f = field_find(tracer, n->field);
	const struct field *ref = n->ref[0] ? field_find(tracer, n->ref) : NULL;
	enum field_type t;
	bool text;
	int err;

	memset(out, 0, sizeof(*out));
	if (!f || !tracer_info(tracer) || (n->ref[0] && !ref))
		return -EINVAL;
	t = value_type(f, (enum rule_fn)n->fn);
	text = format == 1 && test->op == OP_contains;
	err = find_slot(m, tracer, f, view_of(f, test, format), &out->slot);
	if (!err && ref)
		err = find_slot(m, tracer, ref, ref->type == F_LIST ? VIEW_JOINED : VIEW_PLAIN, &out->ref);
	if (err)
		return err;
	out->op = test->op;
	out->is_signed = t == F_I64;
	out->path = f->type == F_PATH;
	out->kind = ref ? ATOM_REF : kind_of(test->op, t, text);
	if (test->op == OP_icontains)
		out->kind = n->fn == FN_BASENAME ? ATOM_ICONTAINS : ATOM_CONTAINS;
	out->values = arena_take(m, n->n_values * sizeof(*out->values));
	if (!out->values)
		return -ENOMEM;
	for (; out->n < n->n_values && !err; out->n++) {
		memset(&out->values[out->n], 0, sizeof(*out->values));
		err = make_value(m, test, f, out, text, &n->values[out->n], &out->values[out->n]);
	}
	if (!err && (out->kind == ATOM_CONTAINS || out->kind == ATOM_PREFIX || out->kind == ATOM_SUFFIX))
		keep_empty_only(out);
	return err ? err : make_set(out);
}

void
compile_atom_clear(struct atom *a)
{
	for (uint32_t i = 0; i < a->n && a->kind == ATOM_REGEX; i++)
		regex_free(a->values[i].regex);
	table_clear(&a->set);
	grams_clear(&a->grams);
}
