/* SPDX-License-Identifier: Apache-2.0 */
/* What one test of a rule asks for of a dimension of the kernel's filter. */
#include <string.h>

#include "rules/push_items.h"
#include "rules/value.h"

static const char *const dim_words[N_DIMS] = { "pid", "uid", "comm", "cgroup.id", "exe", "", "path" };
const uint32_t push_dim_bits[N_DIMS] = { [PID] = DIM_PID, [UID] = DIM_UID, [COMM] = DIM_COMM,
	[CGROUP] = DIM_CGROUP, [EXE] = DIM_EXE, [RUNTIME] = DIM_RUNTIME };

/* What the kernel compares: the header's own, and the path that the tracer filters by. */
static bool
is_dim(enum dim d, unsigned int tracer, const struct field *f)
{
	const struct tracer_info *t = tracer_info(tracer);

	/* The kernel side takes either hierarchy's number. */
	if (d == CGROUP && strcmp(f->name, "cgroup.id1") == 0)
		return true;
	if (strcmp(f->name, dim_words[d]) != 0 || (f->get && d != EXE))
		return false;
	for (const struct field *own = t->fields; own->name; own++)
		if (own == f)
			return d == PLACE && f->type == F_PATH;
	return d != PLACE;
}

void
push_take_test(struct dimension dim, unsigned int tracer, const struct nnf *n, struct items *out)
{
	const struct rule_node *test = n->test;
	const struct field *f = field_find(tracer, test->field);
	struct typed typed;
	char why[160];

	if (dim.d == TESTED && f == dim.f) {
		push_test(out, tracer, f, n);
		return;
	}
	if (dim.d == RUNTIME && f) {
		push_runtime(out, f, n);
		return;
	}
	if (dim.d == TESTED || n->negate || !f || test->fn != FN_NONE || test->ref[0] || !is_dim(dim.d, tracer, f) ||
	    (dim.d != PLACE && n->op != OP_eq)) {
		out->all = true;
		return;
	}
	for (uint32_t i = 0; i < test->n_values && !out->all; i++) {
		const struct rule_value *v = &test->values[i];

		if (dim.d == PLACE)
			push_place(out, n->op, v->data, v->len);
		else if (dim.d == COMM)
			items_add(out, (struct item){ .value = push_hash_comm(v->data, v->len), .dim = DIM_COMM });
		else if (dim.d == EXE)
			items_add(out, (struct item){ .value = push_hash_path(v->data, v->len), .dim = DIM_EXE });
		else if (value_read(f, FN_NONE, OP_eq, v, false, &typed, why, sizeof(why)) == 0)
			items_add(out, (struct item){ .value = typed.u, .dim = push_dim_bits[dim.d] });
		else
			out->all = true;
	}
}
