/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of single members of a record (struct ev_test), of what rules ask of a field. */
#include <stdlib.h>
#include <string.h>

#include "rules/push_items.h"
#include "rules/value.h"

static bool
is_named(const struct field *f, const char *name)
{
	return f == field_find(TR_NONE, name);
}

/* It is a number of the record, where f says. */
static bool
is_number(const struct field *f)
{
	return !f->get && f->type != F_TIME && (value_is_number(f->type) || f->type == F_ENUM || f->type == F_BOOL);
}

static bool
is_text(const struct field *f)
{
	return !f->get && f->size == sizeof(struct ev_str) && (f->type == F_STR || f->type == F_PATH);
}

static void
add_range(struct items *s, const struct field *f, uint64_t low, uint64_t high)
{
	bool is_signed = f->type == F_I64;

	if (is_signed ? (int64_t)low <= (int64_t)high : low <= high)
		items_add(s, (struct item){ .dim = is_signed ? EV_TEST_SIGNED : EV_TEST_NUMBER, .value = low,
			.more = high - low });
}

static void
add_number(struct items *s, const struct field *f, enum rule_op op, const struct rule_value *v)
{
	bool is_signed = f->type == F_I64;
	uint64_t min = is_signed ? (uint64_t)INT64_MIN : 0, max = is_signed ? (uint64_t)INT64_MAX : UINT64_MAX;
	struct typed t;
	char why[160];

	if (value_read(f, FN_NONE, op, v, false, &t, why, sizeof(why))) {
		s->all = true;
		return;
	}
	switch (op) {
	case OP_eq:
		add_range(s, f, t.u, t.u);
		return;
	case OP_inrange:
		add_range(s, f, t.u, t.hi);
		return;
	case OP_lt:
		if (t.u != min)
			add_range(s, f, min, t.u - 1);
		return;
	case OP_le:
		add_range(s, f, min, t.u);
		return;
	case OP_gt:
		if (t.u != max)
			add_range(s, f, t.u + 1, max);
		return;
	case OP_ge:
		add_range(s, f, t.u, max);
		return;
	case OP_hasall:
	case OP_hasany:
		items_add(s, (struct item){ .dim = EV_TEST_BITS, .value = t.u });
		return;
	default:
		s->all = true;
	}
}

static void
add_address(struct items *s, const struct field *f, enum rule_op op, const struct rule_value *v)
{
	uint8_t mask[16] = { 0 };
	struct typed t;
	char why[160];

	if ((op != OP_eq && op != OP_cidr) || value_read(f, FN_NONE, op, v, false, &t, why, sizeof(why))) {
		s->all = true;
		return;
	}
	for (unsigned int i = 0; i < (op == OP_cidr ? t.bits : 128); i++)
		mask[i / 8] |= (uint8_t)(0x80 >> (i % 8));
	for (size_t i = 0; i < 16; i += 8) {
		struct item item = { .dim = EV_TEST_ADDRESS };

		memcpy(&item.value, t.bytes + i, 8);
		memcpy(&item.more, mask + i, 8);
		item.value &= item.more;
		items_add(s, item);
	}
}

/* What ends with a text ends with its last eight bytes; what begins so with the first ones. */
static void
add_text(struct items *s, bool tail, const struct rule_value *v)
{
	size_t len = v->len < 8 ? v->len : 8;
	struct item item = { .dim = tail ? EV_TEST_TAIL : EV_TEST_HEAD };
	char word[8] = "", mask[8] = "";

	memcpy(word + (tail ? 8 - len : 0), v->data + (tail ? v->len - len : 0), len);
	memset(mask + (tail ? 8 - len : 0), 0xff, len);
	memcpy(&item.value, word, 8);
	memcpy(&item.more, mask, 8);
	items_add(s, item);
}

static void
take_text(struct items *s, const struct field *f, const struct nnf *n, const struct rule_value *v)
{
	bool base = n->test->fn == FN_BASENAME;

	if (n->op == OP_suffix || (n->op == OP_eq && (base || f->type == F_PATH)))
		add_text(s, true, v);
	else if (!base && (n->op == OP_eq || n->op == OP_prefix))
		add_text(s, false, v);
	else
		s->all = true;
}

/* Names of events, and of errors, are numbers in the record. */
static void
take_event(struct items *s, unsigned int tracer, const struct rule_value *v)
{
	const char *const *names = tracer_info(tracer)->events;

	for (uint64_t i = 0; names[i]; i++)
		if (strcmp(names[i], v->data) == 0)
			items_add(s, (struct item){ .dim = EV_TEST_NUMBER, .value = i });
}

static void
take_error(struct items *s, const struct nnf *n)
{
	const struct field *ret = field_find(TR_NONE, "retval");

	if (n->op == OP_exists) {
		add_range(s, ret, (uint64_t)-4095, (uint64_t)-1);
		return;
	}
	for (uint32_t i = 0; i < n->test->n_values && !s->all; i++)
		add_number(s, ret, n->op, &n->test->values[i]);
}

void
push_test(struct items *s, unsigned int tracer, const struct field *f, const struct nnf *n)
{
	const struct rule_node *test = n->test;
	bool event = is_named(f, "event"), text = is_text(f);

	if (n->negate || test->ref[0] || (test->fn != FN_NONE && (test->fn != FN_BASENAME || !text))) {
		s->all = true;
		return;
	}
	if (is_named(f, "error") && (n->op == OP_eq || n->op == OP_exists)) {
		take_error(s, n);
		return;
	}
	if (!test->n_values || (event && n->op != OP_eq))
		s->all = true;
	for (uint32_t i = 0; i < test->n_values && !s->all; i++) {
		if (event)
			take_event(s, tracer, &test->values[i]);
		else if (text)
			take_text(s, f, n, &test->values[i]);
		else if (f->type == F_IP && !f->get)
			add_address(s, f, n->op, &test->values[i]);
		else if (is_number(f))
			add_number(s, f, n->op, &test->values[i]);
		else
			s->all = true;
	}
}

/* ---- of all rules ---- */

static void
place(const struct field *f, struct ev_test *out)
{
	const struct field *at = f;

	if (is_named(f, "event")) {
		out->off = offsetof(struct ev_hdr, event);
		out->shift = 64 - 16;
		return;
	}
	if (is_named(f, "error"))
		at = field_find(TR_NONE, "retval");
	out->off = (uint16_t)at->off;
	out->shift = is_number(at) ? (uint8_t)(64 - 8 * at->size) : 0;
}

bool
push_make_test(const struct items *s, const struct field *f, struct ev_test *out)
{
	uint32_t kind = s->n ? s->v[0].dim : EV_TEST_NUMBER;

	memset(out, 0, sizeof(*out));
	place(f, out);
	out->kind = (uint8_t)kind;
	if (out->off > EV_TEST_OFF_MAX || !s->n)
		return false;
	for (size_t i = 1; i < s->n; i++)
		if (s->v[i].dim != kind)
			return false;
	if (kind == EV_TEST_BITS) {
		for (size_t i = 0; i < s->n; i++)
			out->a[0] |= s->v[i].value;
		return true;
	}
	if (s->n > EV_TEST_VALUES)
		return push_cover(s, out);
	for (size_t i = 0; i < EV_TEST_VALUES; i++) {
		/* An address is two values: both are repeated. */
		size_t from = i < s->n ? i : kind == EV_TEST_ADDRESS ? i % 2 : 0;

		out->a[i] = s->v[from].value;
		out->b[i] = s->v[from].more;
	}
	return true;
}
