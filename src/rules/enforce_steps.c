/* SPDX-License-Identifier: Apache-2.0 */
/* A rule's tree as steps of the kernel's table, made from its end: what comes next is known then. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "rules/enforce_parts.h"
#include "rules/model.h"
#include "rules/value.h"

static int
refuse(struct enforce_making *m, const struct rule_node *test, const char *more)
{
	snprintf(m->why, m->room, "%s of %s cannot be decided in the kernel by %s%s%s%s %s%s",
		m->s->verb == ENFORCE_KILL ? "kernel_kill" : "deny", m->s->tracer, fn_names[test->fn],
		test->fn == FN_NONE ? "" : "(", test->field, test->fn == FN_NONE ? "" : ")",
		test->ref[0] ? "and another field" : op_names[test->op], more);
	return -EINVAL;
}

static int
add(struct enforce_making *m, struct enf_step step)
{
	/* What decides nothing is not asked: it could not be told either. */
	if (step.yes == step.no || enforce_never(m->s->hook, &step))
		return step.no;
	if (m->n_steps == ENF_STEPS)
		return -ENOSPC;
	step.row = m->row;
	m->t->steps[m->n_steps] = step;
	return (int)m->n_steps++;
}

/* ---- values ---- */

static int
path_value(struct enforce_making *m, const struct rule_node *test, enum rule_op op, const struct rule_value *v)
{
	enum enforce_path_kind kind = test->fn == FN_BASENAME ? PATH_NAME : op == OP_eq ? PATH_EXACT :
		op == OP_prefix ? PATH_BELOW : PATH_PREFIX;

	return enforce_path(&m->paths, v, kind, m->why, m->room);
}

/* All values of one test are bits of one step. */
static int
path_step(struct enforce_making *m, const struct nnf *n, enum enf_field is, uint16_t yes, uint16_t no)
{
	struct enf_step step = { .field = (uint8_t)is, .op = ENF_PATH, .yes = yes, .no = no };

	if ((n->op != OP_eq && n->op != OP_prefix && n->op != OP_pathprefix) ||
	    (n->test->fn == FN_BASENAME ? n->op != OP_eq : n->test->fn != FN_NONE))
		return refuse(m, n->test, ": of paths eq, in, pathprefix, a prefix that ends with a slash, and basename() "
			"with eq and in");
	for (uint32_t i = 0; i < n->test->n_values; i++) {
		int bit = path_value(m, n->test, n->op, &n->test->values[i]);

		if (bit < 0)
			return bit;
		step.lo |= 1ULL << bit;
	}
	if (is == ENF_F_EXE)
		m->t->needs_exe |= 1u << m->s->hook;
	else
		m->t->needs_path |= 1u << m->s->hook;
	return add(m, step);
}

static int
number_step(struct enforce_making *m, const struct nnf *n, const struct typed *v, struct enf_step step)
{
	step.op = ENF_RANGE;
	step.lo = step.hi = v->u;
	switch (n->op) {
	case OP_eq:
		break;
	case OP_inrange:
		step.hi = v->hi;
		break;
	case OP_le:
		step.lo = 0;
		break;
	case OP_ge:
		step.hi = UINT64_MAX;
		break;
	case OP_lt:
		step.lo = 0;
		step.hi = v->u - 1;
		if (!v->u)
			return step.no;
		break;
	case OP_gt:
		step.lo = v->u + 1;
		step.hi = UINT64_MAX;
		if (v->u == UINT64_MAX)
			return step.no;
		break;
	case OP_hasall:
		step.op = ENF_ALL_BITS;
		break;
	case OP_hasany:
		step.op = ENF_ANY_BITS;
		break;
	case OP_NONE: case OP_ne: case OP_in: case OP_notin: case OP_prefix: case OP_suffix: case OP_contains:
	case OP_icontains: case OP_glob: case OP_regex: case OP_cidr: case OP_hasnone: case OP_exists:
	case OP_pathprefix: case N_OPS:
		return refuse(m, n->test, "");
	}
	return add(m, step);
}

/* At most 16 bytes, and zeros behind them. */
static int
bytes_step(struct enforce_making *m, const struct nnf *n, const struct typed *v, struct enf_step step)
{
	uint64_t words[2] = { 0, 0 };

	if (n->op != OP_eq && n->op != OP_cidr)
		return refuse(m, n->test, "");
	if (v->len > sizeof(words) || (step.field == ENF_F_COMM && v->len >= EV_COMM))
		return step.no;		/* nothing is called so */
	if (v->len)
		memcpy(words, v->data, v->len);
	step.op = ENF_BYTES;
	step.lo = le64toh(words[0]);
	step.hi = le64toh(words[1]);
	step.bits = n->op == OP_cidr ? (uint8_t)v->bits : 128;
	return add(m, step);
}

/* Commands of bpf(2). */
static int
command_steps(struct enforce_making *m, const struct nnf *n, uint16_t yes, uint16_t no)
{
	int at = no;

	for (uint32_t i = n->test->n_values; i-- > 0 && at >= 0;) {
		int number = enforce_bpf_command(n->test->values[i].data);
		const struct enf_step step = { .field = ENF_F_ARG, .op = ENF_RANGE, .lo = (uint64_t)number,
			.hi = (uint64_t)number, .yes = yes, .no = (uint16_t)at };

		at = number < 0 ? at : add(m, step);
	}
	return at;
}

/* "tracer" and "event" are known now, but where a hook is several of the tracer's events. */
static int
constant(struct enforce_making *m, const struct nnf *n, uint16_t yes, uint16_t no)
{
	const char *is = strcmp(n->test->field, "tracer") == 0 ? m->s->tracer : m->s->event;

	if (!is)
		return m->s->hook == ENF_BPF ? command_steps(m, n, yes, no) : refuse(m, n->test, "");
	for (uint32_t i = 0; i < n->test->n_values; i++)
		if (strcmp(n->test->values[i].data, is) == 0)
			return yes;
	return no;
}

static int
test(struct enforce_making *m, const struct nnf *n, uint16_t yes, uint16_t no)
{
	const struct rule_node *t = n->test;
	const struct field *f = field_find(m->tracer, t->field);
	struct typed typed;
	int is, at = no, err;

	if (t->ref[0])
		return refuse(m, t, "");
	if (f && (strcmp(f->name, "tracer") == 0 || strcmp(f->name, "event") == 0) && n->op == OP_eq && t->fn == FN_NONE)
		return constant(m, n, yes, no);
	is = f ? enforce_field(m->s, f, m->why, m->room) : -1;
	if (is < 0)
		return -EINVAL;
	if (is == ENF_F_PATH || is == ENF_F_EXE)
		return path_step(m, n, (enum enf_field)is, yes, no);
	if (t->fn != FN_NONE || !t->n_values)
		return refuse(m, t, "");
	for (uint32_t i = t->n_values; i-- > 0 && at >= 0;) {
		const struct enf_step step = { .field = (uint8_t)is, .yes = yes, .no = (uint16_t)at };

		err = value_read(f, FN_NONE, n->op, &t->values[i], false, &typed, m->why, m->room);
		if (err)
			return err;
		at = is == ENF_F_COMM || is == ENF_F_ADDR ? bytes_step(m, n, &typed, step) :
			number_step(m, n, &typed, step);
	}
	return at;
}

int
enforce_tree(struct enforce_making *m, const struct nnf *n, uint16_t yes, uint16_t no)
{
	int at = n->kind == NODE_ALL ? yes : no;

	if (n->kind == NODE_TEST)
		return n->negate ? test(m, n, no, yes) : test(m, n, yes, no);
	for (uint32_t i = n->n; i-- > 0 && at >= 0;)
		at = n->kind == NODE_ALL ? enforce_tree(m, &n->children[i], (uint16_t)at, no) :
			enforce_tree(m, &n->children[i], yes, (uint16_t)at);
	return at;
}
