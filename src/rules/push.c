/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's filter for a rule set: of each dimension a tracer's event must have one of the
 * values that the rules ask for, if every one of them asks.  It lets through more than the rules
 * match, never less.
 */
#include "rules/push.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "ipc/kfilter.h"
#include "rules/model.h"
#include "rules/nnf.h"
#include "rules/push_items.h"
#include "rules/value.h"

#define SET_MAX	(EV_FILTER_SET_MAX / 2)

/* ---- one rule ---- */

static void
take(struct dimension dim, unsigned int tracer, const struct nnf *n, struct items *out)
{
	if (n->kind == NODE_TEST) {
		push_take_test(dim, tracer, n, out);
		return;
	}
	if (n->kind == NODE_ALL)
		out->all = true;
	for (uint32_t i = 0; i < n->n; i++) {
		struct items one = { 0 };

		take(dim, tracer, &n->children[i], &one);
		if (n->kind == NODE_ANY) {
			items_join(out, &one);
		} else if (!one.all && (out->all || one.n < out->n)) {
			struct items old = *out;

			one.failed |= old.failed;
			*out = one;
			one = old;
		}
		items_clear(&one);
	}
}

struct tested { const struct field *f; struct items items; };
struct filter {
	struct items dims[N_TRACERS][N_DIMS];
	struct tested tests[N_TRACERS][EV_TESTS];	/* of fields that the tracer's first rule asks for */
	uint32_t n_tests[N_TRACERS], n_entries[N_TRACERS];
	uint64_t urgent;
	bool failed;
};

/* Fields of which every event of the tree has to have something: what other rules add is joined. */
static void
choose_tests(struct filter *f, unsigned int tracer, const struct nnf *tree, const struct nnf *n)
{
	const struct field *field = n->kind == NODE_TEST ? field_find(tracer, n->test->field) : NULL;
	struct tested *tests = f->tests[tracer];
	struct items one = { 0 };
	uint32_t i = 0;

	for (uint32_t k = 0; k < n->n; k++)
		choose_tests(f, tracer, tree, &n->children[k]);
	for (enum dim d = 0; field && d < N_DIMS; d++) {
		push_take_test((struct dimension){ d, NULL }, tracer, n, &one);
		if (!one.all)
			field = NULL;
		items_clear(&one);
	}
	while (i < f->n_tests[tracer] && tests[i].f != field)
		i++;
	if (!field || i < f->n_tests[tracer] || i == EV_TESTS)
		return;
	take((struct dimension){ TESTED, field }, tracer, tree, &one);
	if (!one.all)
		tests[f->n_tests[tracer]++].f = field;
	items_clear(&one);
}

/* runtimes: the rule's own word, beside its tree. */
static void
join(struct filter *f, struct dimension dim, unsigned int tracer, const struct nnf *tree, uint64_t runtimes,
	struct items *into)
{
	struct items one = { 0 };

	if (into->all)
		return;
	if (dim.d == RUNTIME && runtimes)
		push_runtimes(&one, runtimes);
	else if (tree)
		take(dim, tracer, tree, &one);
	else
		one.all = true;
	items_join(into, &one);
	f->failed |= one.failed || into->failed;
	items_clear(&one);
}

static int
add_rule(struct filter *f, const struct rule *r, uint64_t wanted)
{
	struct nnf tree = { 0 }, *root = r->match ? &tree : NULL;
	int err = root ? nnf_make(r->match, root) : 0;

	for (unsigned int t = 1; t < N_TRACERS && !err; t++) {
		if (!(r->tracers & wanted & 1ULL << t) || !tracer_info(t))
			continue;
		if (!f->n_entries[t] && root)
			choose_tests(f, t, root, root);
		f->n_entries[t]++;
		f->urgent |= r->urgent ? 1ULL << t : 0;
		for (enum dim d = 0; d < N_DIMS; d++)
			join(f, (struct dimension){ d, NULL }, t, root, r->runtimes, &f->dims[t][d]);
		for (uint32_t i = 0; i < f->n_tests[t]; i++)
			join(f, (struct dimension){ TESTED, f->tests[t][i].f }, t, root, 0, &f->tests[t][i].items);
	}
	nnf_clear(&tree);
	return err ? err : f->failed ? -ENOMEM : 0;
}

static bool
pushes(const struct filter *f, unsigned int t, enum dim d)
{
	return f->n_entries[t] && !f->dims[t][d].all;
}

/* ---- the whole set ---- */

static int
compare(const void *x, const void *y)
{
	const struct kfilter_entry *a = x, *b = y;

	if (a->dim != b->dim)
		return a->dim < b->dim ? -1 : 1;
	return (a->value > b->value) - (a->value < b->value);
}

/* One entry for each value, with the tracers of all. */
static size_t
merge(struct kfilter_entry *e, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(e, n, sizeof(*e), compare);
	for (size_t i = 0; i < n; i++) {
		if (kept && compare(&e[kept - 1], &e[i]) == 0)
			e[kept - 1].tracers |= e[i].tracers;
		else
			e[kept++] = e[i];
	}
	return kept;
}

static size_t
fill_entries(const struct filter *f, struct kfilter_entry *e)
{
	size_t n = 0;

	for (unsigned int t = 1; t < N_TRACERS; t++)
		for (enum dim d = 0; d < N_DIMS; d++)
			for (size_t i = 0; d != RUNTIME && pushes(f, t, d) && i < f->dims[t][d].n; i++)
				e[n++] = (struct kfilter_entry){ f->dims[t][d].v[i].value, 1ULL << t,
					f->dims[t][d].v[i].dim, 0 };
	return merge(e, n);
}

static size_t
count(const struct filter *f)
{
	size_t n = 0;

	for (unsigned int t = 1; t < N_TRACERS; t++)
		for (enum dim d = 0; d < N_DIMS; d++)
			n += pushes(f, t, d) ? f->dims[t][d].n : 0;
	return n;
}

/* Too many for the kernel's map: the largest one is not filtered by. */
static void
drop_largest(struct filter *f)
{
	struct items *largest = NULL;

	for (unsigned int t = 1; t < N_TRACERS; t++)
		for (enum dim d = 0; d < N_DIMS; d++)
			if (pushes(f, t, d) && (!largest || f->dims[t][d].n > largest->n))
				largest = &f->dims[t][d];
	if (largest)
		largest->all = true;
}

static void
fill_tests(const struct filter *f, unsigned int t, struct ev_tracer_filter *to)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n_tests[t]; i++) {
		struct ev_test test;

		if (!f->tests[t][i].items.all && push_make_test(&f->tests[t][i].items, f->tests[t][i].f, &test))
			to->test[n++] = test;
	}
	to->dims |= n ? DIM_TESTS : 0;
}

static void
fill_tracers(const struct filter *f, struct ev_filter *out)
{

	for (unsigned int t = 1; t < N_TRACERS; t++) {
		struct ev_tracer_filter *to = &out->t[t];
		const struct items *place = &f->dims[t][PLACE];

		to->flags = f->urgent >> t & 1 ? EV_FILTER_URGENT : 0;
		for (enum dim d = 0; d < PLACE; d++)
			to->dims |= pushes(f, t, d) ? push_dim_bits[d] : 0;
		/* Rules that only name relative paths leave no value: what cannot be judged passes. */
		if (pushes(f, t, PLACE) && !place->n)
			to->dims |= DIM_PATH;
		for (size_t i = 0; pushes(f, t, RUNTIME) && i < f->dims[t][RUNTIME].n; i++)
			to->runtimes |= (uint32_t)f->dims[t][RUNTIME].v[i].value;
		fill_tests(f, t, to);
		for (size_t i = 0; pushes(f, t, PLACE) && i < place->n; i++) {
			to->dims |= place->v[i].dim;
			to->depths |= place->v[i].dim == DIM_PREFIX ? 1u << place->v[i].depth : 0;
		}
	}
}

static int
make(struct filter *f, void **out, size_t *len)
{
	struct kfilter_entry *entries;
	struct kfilter *k;
	size_t n;

	for (;;) {
		entries = calloc(count(f) + 1, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		n = fill_entries(f, entries);
		if (n <= SET_MAX)
			break;
		free(entries);
		drop_largest(f);
	}
	k = calloc(1, sizeof(*k) + n * sizeof(*entries));
	if (k) {
		k->magic = KFILTER_MAGIC;
		k->n_entries = (uint32_t)n;
		fill_tracers(f, &k->filter);
		if (n)
			memcpy(k->entries, entries, n * sizeof(*entries));
	}
	free(entries);
	if (!k)
		return -ENOMEM;
	*out = k;
	*len = sizeof(*k) + n * sizeof(*entries);
	return 0;
}

static void
filter_free(struct filter *f)
{
	for (unsigned int t = 0; f && t < N_TRACERS; t++)
		for (enum dim d = 0; d < N_DIMS; d++)
			items_clear(&f->dims[t][d]);
	for (unsigned int t = 0; f && t < N_TRACERS; t++)
		for (uint32_t i = 0; i < EV_TESTS; i++)
			items_clear(&f->tests[t][i].items);
	free(f);
}

/* All of the tracer's events are wanted. */
static void
open_wide(struct filter *f, unsigned int t)
{
	for (enum dim d = 0; d < N_DIMS; d++)
		f->dims[t][d].all = true;
	f->n_tests[t] = 0;
}

int
push_compute(const struct ruleset *set, uint64_t wanted, void **out, size_t *len)
{
	struct filter *f = calloc(1, sizeof(*f));
	int err = f ? 0 : -ENOMEM;
	char why[160];

	for (size_t i = 0; i < set->n && !err; i++) {
		AUTO(rule) struct rule *r = NULL;

		err = rule_unpack(set->entries[i].packed, set->entries[i].packed_len, &r, why, sizeof(why));
		if (!err && r->enabled)
			err = add_rule(f, r, wanted);
	}
	for (unsigned int t = 1; t < N_TRACERS && !err; t++)
		if (set->defaults >> t & 1)
			open_wide(f, t);
	if (!err)
		err = make(f, out, len);
	filter_free(f);
	return err;
}

/* ---- for people ---- */

struct filter *
push_rule(const struct rule *r)
{
	struct filter *f = calloc(1, sizeof(*f));

	if (f && add_rule(f, r, UINT64_MAX) < 0) {
		filter_free(f);
		return NULL;
	}
	return f;
}

void
push_rule_free(struct filter *f)
{
	filter_free(f);
}

/* Some dimension or test that the kernel has for the tracer is of this test. */
static bool
is_asked(const struct filter *f, unsigned int tracer, const struct nnf *n)
{
	const struct field *field = field_find(tracer, n->test->field);
	bool asked = false;

	for (enum dim d = 0; d <= N_DIMS && !asked; d++) {
		struct items one = { 0 };
		bool has = d < N_DIMS && pushes(f, tracer, d);

		for (uint32_t i = 0; d == TESTED && i < f->n_tests[tracer]; i++)
			has |= f->tests[tracer][i].f == field && !f->tests[tracer][i].items.all;
		push_take_test((struct dimension){ d, field }, tracer, n, &one);
		asked = has && !one.all;
		items_clear(&one);
	}
	return asked;
}

bool
push_asks_runtimes(const struct filter *f, const struct rule *r)
{
	for (unsigned int t = 1; f && t < N_TRACERS; t++)
		if ((r->tracers >> t & 1) && !pushes(f, t, RUNTIME))
			return false;
	return f && r->runtimes;
}

bool
push_asks(const struct filter *f, const struct rule *r, const struct rule_node *test, bool negate)
{
	struct nnf n = { 0 };
	struct rule_node not = { .kind = NODE_NOT, .n_children = 1, .children = (struct rule_node *)(uintptr_t)test };

	if (!f || nnf_make(negate ? &not : test, &n) < 0)
		return false;
	for (unsigned int t = 1; t < N_TRACERS; t++)
		if ((r->tracers >> t & 1) && !is_asked(f, t, &n))
			return false;
	return true;
}
