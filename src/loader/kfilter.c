/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/kfilter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/tracers.h"

#define DIMS (DIM_PID | DIM_UID | DIM_COMM | DIM_CGROUP | DIM_PATH | DIM_PREFIX | DIM_EXE)

static int
compare(const void *a, const void *b)
{
	const struct kfilter_entry *x = a, *y = b;

	if (x->dim != y->dim)
		return x->dim < y->dim ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

static bool
entry_ok(const struct kfilter_entry *e)
{
	if (!(e->dim & DIMS) || (e->dim & (e->dim - 1)) || (e->dim & ~(uint32_t)DIMS) || e->reserved)
		return false;
	if ((e->dim == DIM_PID || e->dim == DIM_UID) && e->value > UINT32_MAX)
		return false;
	return e->tracers && !(e->tracers & ~ipc_tracers_all());
}

static bool
test_ok(const struct ev_test *t)
{
	return t->kind < N_EV_TESTS && t->off <= EV_TEST_OFF_MAX && t->shift < 64 && !t->reserved;
}

static bool
tracer_ok(const struct ev_tracer_filter *t, unsigned int n)
{
	struct ev_tracer_filter plain = { .dims = t->dims, .depths = t->depths, .flags = t->flags,
		.runtimes = t->runtimes };

	for (size_t i = 0; i < EV_TESTS; i++) {
		if (!test_ok(&t->test[i]) || (t->test[i].kind && !(t->dims & DIM_TESTS)))
			return false;
		plain.test[i] = t->test[i];
	}
	/* Nothing inlined: tracers_filter() does it, of what is checked here. */
	if (memcmp(t, &plain, sizeof(plain)) != 0)
		return false;
	if (!ipc_tracer_name(n))
		return !t->dims && !t->depths && !t->flags && !t->runtimes;
	if (t->runtimes && !(t->dims & DIM_RUNTIME))
		return false;
	return !(t->dims & ~(uint32_t)(DIMS | DIM_TESTS | DIM_RUNTIME)) && t->depths < 1u << (EV_PREFIX_MAX + 1) &&
	       !(t->flags & ~(uint32_t)EV_FILTER_URGENT);
}

int
kfilter_check(struct kfilter *k, size_t len)
{
	if (len < sizeof(*k) || k->magic != KFILTER_MAGIC || k->n_entries > EV_FILTER_SET_MAX / 2 ||
	    len != sizeof(*k) + k->n_entries * sizeof(k->entries[0]))
		return -EINVAL;
	for (unsigned int i = 0; i < TRACERS_MAX; i++)
		if (!tracer_ok(&k->filter.t[i], i))
			return -EINVAL;
	for (uint32_t i = 0; i < k->n_entries; i++)
		if (!entry_ok(&k->entries[i]))
			return -EINVAL;
	/* The second of two equal keys would take the place of the first, and drop its tracers. */
	qsort(k->entries, k->n_entries, sizeof(k->entries[0]), compare);
	for (uint32_t i = 1; i < k->n_entries; i++)
		if (compare(&k->entries[i - 1], &k->entries[i]) == 0)
			return -EEXIST;
	return 0;
}
