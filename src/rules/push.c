/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's filter for a rule set: of each dimension a tracer's event must have one of the
 * values that the rules ask for, if every one of them asks.  It lets through more than the rules
 * match, never less.
 */
#include "rules/push.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/auto.h"
#include "ipc/kfilter.h"
#include "rules/model.h"
#include "rules/nnf.h"
#include "rules/value.h"

/* DIM_PATH and DIM_PREFIX are one dimension: PLACE. */
enum dim { PID, UID, COMM, CGROUP, PLACE, N_DIMS };
static const char *const dim_words[N_DIMS] = { "pid", "uid", "comm", "cgroup.id", "path" };
static const uint32_t dim_bits[N_DIMS] = { [PID] = DIM_PID, [UID] = DIM_UID, [COMM] = DIM_COMM,
	[CGROUP] = DIM_CGROUP };
#define SET_MAX	(EV_FILTER_SET_MAX / 2)

struct item { uint64_t value; uint32_t dim, depth; };	/* depth: of a prefix */
struct items {
	struct item *v;
	size_t n, room;
	bool all;			/* no constraint */
	bool failed;			/* no memory */
};

static void
items_clear(struct items *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}

static void
items_add(struct items *s, uint64_t value, uint32_t dim, uint32_t depth)
{
	if (array_room(&s->v, s->n, &s->room, sizeof(*s->v))) {
		s->failed = true;
		return;
	}
	s->v[s->n++] = (struct item){ value, dim, depth };
}

static void
items_join(struct items *into, const struct items *from)
{
	into->all |= from->all;
	into->failed |= from->failed;
	for (size_t i = 0; i < from->n && !into->all; i++)
		items_add(into, from->v[i].value, from->v[i].dim, from->v[i].depth);
}

/* len: at most 8. */
static uint64_t
hash_word(uint64_t h, const char *p, size_t len)
{
	uint64_t word = 0;

	if (len)
		memcpy(&word, p, len);
	return EV_HASH_WORD(h, le64toh(word));
}

static uint64_t
hash_comm(const char *p, size_t len)
{
	char comm[EV_COMM] = "";

	if (len)
		memcpy(comm, p, len < EV_COMM ? len : EV_COMM);
	return hash_word(hash_word(EV_HASH_INIT, comm, 8), comm + 8, 8);
}

static uint64_t
hash_component(uint64_t h, const char *p, size_t len)
{
	size_t i;

	h = EV_HASH_SLASH(h);
	for (i = 0; i + 8 <= len; i += 8)
		h = hash_word(h, p + i, 8);
	return hash_word(h, p + i, len - i);
}

/* What does not begin with a slash is never asked for. */
static uint64_t
hash_path(const char *p, size_t len)
{
	uint64_t h = EV_HASH_INIT;

	for (size_t at = 0; at < len;) {
		const char *slash;

		at += p[at] == '/';
		slash = memchr(p + at, '/', len - at);
		h = hash_component(h, p + at, slash ? (size_t)(slash - p) - at : len - at);
		at = slash ? (size_t)(slash - p) : len;
	}
	return h;
}

/* ---- one test ---- */

/* What the kernel compares: the header's own, and the path that the tracer filters by. */
static bool
is_dim(enum dim d, unsigned int tracer, const struct field *f)
{
	const struct tracer_info *t = tracer_info(tracer);

	/* The kernel side takes either hierarchy's number. */
	if (d == CGROUP && strcmp(f->name, "cgroup.id1") == 0)
		return true;
	if (strcmp(f->name, dim_words[d]) != 0 || f->get)
		return false;
	for (const struct field *own = t->fields; own->name; own++)
		if (own == f)
			return d == PLACE && f->type == F_PATH;
	return d != PLACE;
}

/* Everything that begins with the first len bytes of a path lies below the directory in them. */
static void
add_directory(struct items *s, const char *path, size_t len)
{
	uint32_t depth = 0;
	size_t end = 0;

	if (!len || path[0] != '/')
		s->all |= !len;		/* the kernel lets every relative path through */
	for (size_t i = 0; i < len && path[0] == '/'; i++) {
		if (path[i] != '/' || i == 0)
			continue;
		if (depth == EV_PREFIX_MAX)
			break;
		depth++;
		end = i;
	}
	if (depth)
		items_add(s, hash_path(path, end), DIM_PREFIX, depth);
	else if (len && path[0] == '/')
		s->all = true;
}

static void
add_place(struct items *s, enum rule_op op, const char *v, size_t len)
{
	char *dir;

	switch (op) {
	case OP_eq:
		items_add(s, hash_path(v, len), DIM_PATH, 0);
		return;
	case OP_pathprefix:
		while (len && v[len - 1] == '/')
			len--;
		/* As if a slash followed, which ends the last directory. */
		dir = malloc(len + 1);
		if (!dir) {
			s->failed = true;
			return;
		}
		memcpy(dir, v, len);
		dir[len] = '/';
		add_directory(s, dir, len + 1);
		free(dir);
		return;
	case OP_prefix:
		add_directory(s, v, len);
		return;
	case OP_glob:
		add_directory(s, v, strcspn(v, "*?[\\"));
		return;
	default:
		s->all = true;
	}
}

static void
take_test(enum dim d, unsigned int tracer, const struct nnf *n, struct items *out)
{
	const struct rule_node *test = n->test;
	const struct field *f = field_find(tracer, test->field);
	struct typed typed;
	char why[160];

	if (n->negate || !f || test->fn != FN_NONE || test->ref[0] || !is_dim(d, tracer, f) ||
	    (d != PLACE && n->op != OP_eq)) {
		out->all = true;
		return;
	}
	for (uint32_t i = 0; i < test->n_values && !out->all; i++) {
		const struct rule_value *v = &test->values[i];

		if (d == PLACE)
			add_place(out, n->op, v->data, v->len);
		else if (d == COMM)
			items_add(out, hash_comm(v->data, v->len), DIM_COMM, 0);
		else if (value_read(f, FN_NONE, OP_eq, v, false, &typed, why, sizeof(why)) == 0)
			items_add(out, typed.u, dim_bits[d], 0);
		else
			out->all = true;
	}
}

/* ---- one rule ---- */

static void
take(enum dim d, unsigned int tracer, const struct nnf *n, struct items *out)
{
	if (n->kind == NODE_TEST) {
		take_test(d, tracer, n, out);
		return;
	}
	if (n->kind == NODE_ALL)
		out->all = true;
	for (uint32_t i = 0; i < n->n; i++) {
		struct items one = { 0 };

		take(d, tracer, &n->children[i], &one);
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

struct filter {
	struct items dims[N_TRACERS][N_DIMS];
	uint32_t n_entries[N_TRACERS];
	uint64_t urgent;
	bool failed;
};

static int
add_rule(struct filter *f, const struct rule *r, uint64_t wanted)
{
	struct nnf tree = { 0 };
	int err = r->match ? nnf_make(r->match, &tree) : 0;

	for (unsigned int t = 1; t < N_TRACERS && !err; t++) {
		if (!(r->tracers & wanted & 1ULL << t) || !tracer_info(t))
			continue;
		f->n_entries[t]++;
		f->urgent |= r->urgent ? 1ULL << t : 0;
		for (enum dim d = 0; d < N_DIMS; d++) {
			struct items one = { .all = !r->match };

			if (f->dims[t][d].all)
				continue;
			if (r->match)
				take(d, t, &tree, &one);
			items_join(&f->dims[t][d], &one);
			f->failed |= one.failed || f->dims[t][d].failed;
			items_clear(&one);
		}
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
			for (size_t i = 0; pushes(f, t, d) && i < f->dims[t][d].n; i++)
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
fill_tracers(const struct filter *f, struct ev_filter *out)
{

	for (unsigned int t = 1; t < N_TRACERS; t++) {
		struct ev_tracer_filter *to = &out->t[t];
		const struct items *place = &f->dims[t][PLACE];

		to->flags = f->urgent >> t & 1 ? EV_FILTER_URGENT : 0;
		for (enum dim d = 0; d < PLACE; d++)
			to->dims |= pushes(f, t, d) ? dim_bits[d] : 0;
		/* Rules that only name relative paths leave no value: what cannot be judged passes. */
		if (pushes(f, t, PLACE) && !place->n)
			to->dims |= DIM_PATH;
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
	free(f);
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
		for (enum dim d = 0; d < N_DIMS; d++)
			f->dims[t][d].all |= set->defaults >> t & 1;
	if (!err)
		err = make(f, out, len);
	filter_free(f);
	return err;
}

void
push_explain(const struct rule *r, FILE *out)
{
	struct filter *f = calloc(1, sizeof(*f));
	bool any = false;

	if (f && add_rule(f, r, UINT64_MAX) == 0) {
		for (enum dim d = 0; d < N_DIMS; d++) {
			bool all = true;

			for (unsigned int t = 1; t < N_TRACERS; t++)
				all &= !(r->tracers >> t & 1) || pushes(f, t, d);
			if (all)
				fprintf(out, "%s%s", any ? ", " : "filters by ", dim_words[d]);
			any |= all;
		}
	}
	fputs(any ? " where the other rules of the tracer do too\n" : "passes every event\n", out);
	filter_free(f);
}
