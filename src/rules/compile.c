/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of one tracer -> atoms, anchors, indices, code; see matcher.h. */
#include <errno.h>
#include <stdlib.h>

#include "common/array.h"
#include "rules/compile_parts.h"

#define NO_ANCHOR UINT64_MAX

/* ---- atoms ---- */

static bool
index_of(const struct atom *a, enum index_kind *kind)
{
	switch (a->kind) {
	case ATOM_NUMBER:
		*kind = INDEX_NUMBER;
		return true;
	case ATOM_BYTES:
		*kind = INDEX_BYTES;
		return true;
	case ATOM_PATH_PREFIX:
		*kind = INDEX_PATH;
		return true;
	case ATOM_CONTAINS: case ATOM_PREFIX: case ATOM_SUFFIX:
		*kind = INDEX_GRAMS;
		return a->n && a->values[0].len;
	case ATOM_EXISTS: case ATOM_RANGE: case ATOM_ALL_BITS: case ATOM_ANY_BITS: case ATOM_CIDR:
	case ATOM_REF: case ATOM_ICONTAINS: case ATOM_LIST_ALL: case ATOM_LIST_ANY: case ATOM_GLOB:
	case ATOM_REGEX:
		break;
	}
	return false;
}

static uint64_t
key_of(const struct atom *a, enum index_kind kind, const struct atom_value *v)
{
	uint64_t h = kind == INDEX_NUMBER ? hash_number(v->u) : hash_bytes(v->data, v->len, 0);

	return hash_mix(h, (uint64_t)a->slot << 8 | kind);
}

static int
add_keys(struct compiling *c, const struct atom *a)
{
	enum index_kind kind;

	if (!index_of(a, &kind))
		return 0;
	for (uint32_t i = 0; i < a->n; i++) {
		if (array_room(&c->keys, c->n_keys, &c->room_keys, sizeof(*c->keys)) < 0)
			return -ENOMEM;
		c->keys[c->n_keys++] = key_of(a, kind, &a->values[i]);
	}
	return 0;
}

static int
make_atoms(struct compiling *c, struct nnf *n, uint32_t rule, uint32_t format)
{
	struct tracer_set *t = c->t;
	int err = 0;

	for (uint32_t i = 0; i < n->n && !err; i++)
		err = make_atoms(c, &n->children[i], rule, format);
	if (n->kind != NODE_TEST)
		return err;
	err = array_room(&t->atoms, t->n_atoms, &c->room_atoms, sizeof(*t->atoms));
	if (err)
		return err;
	n->id = t->n_atoms;
	err = compile_atom(c->m, c->tracer, n, format, &t->atoms[t->n_atoms]);
	t->atoms[t->n_atoms].rule = rule;
	t->n_atoms++;
	if (!err && !n->negate)
		err = add_keys(c, &t->atoms[n->id]);
	return err;
}

/* ---- anchors ---- */

static int
compare_keys(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return (a > b) - (a < b);
}

static size_t
keys_below(const struct compiling *c, uint64_t key)
{
	size_t low = 0, high = c->n_keys;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (c->keys[mid] < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * How much work an anchor is likely to make: the rules that share its value are met together, and
 * some values are seen in many events.
 */
static uint64_t
value_cost(const struct compiling *c, const struct atom *a, enum index_kind kind, const struct atom_value *v)
{
	uint64_t key = key_of(a, kind, v), shared = keys_below(c, key + 1) - keys_below(c, key), often = 1;
	const struct field *f = c->t->slots[a->slot].field;

	switch (kind) {
	case INDEX_NUMBER:
		often = f->type == F_BOOL || f->type == F_ENUM ? 200 : 20;
		break;
	case INDEX_BYTES:
		often = f->type == F_PATH ? 1 : 4;
		break;
	case INDEX_PATH:
		often = v->len < 5 ? 200 : 6;
		break;
	case INDEX_GRAMS:
		often = v->len < 4 ? 100 : 8;
		break;
	}
	return shared * often;
}

static uint64_t
anchor_cost(const struct compiling *c, const struct nnf *n)
{
	const struct atom *a;
	enum index_kind kind;
	uint64_t sum = 0, best = NO_ANCHOR;

	if (n->kind != NODE_TEST) {
		for (uint32_t i = 0; i < n->n; i++) {
			uint64_t cost = anchor_cost(c, &n->children[i]);

			best = cost < best ? cost : best;
			sum = cost == NO_ANCHOR || sum == NO_ANCHOR ? NO_ANCHOR : sum + cost;
		}
		return n->kind == NODE_ALL ? best : sum;
	}
	a = &c->t->atoms[n->id];
	if (n->negate || !index_of(a, &kind))
		return NO_ANCHOR;
	for (uint32_t i = 0; i < a->n; i++)
		sum += value_cost(c, a, kind, &a->values[i]);
	return sum;
}

static struct index *
find_index(struct compiling *c, enum index_kind kind, uint32_t slot)
{
	struct tracer_set *t = c->t;
	struct index *x;

	for (uint32_t i = 0; i < t->n_indices; i++)
		if (t->indices[i].kind == kind && t->indices[i].slot == slot)
			return &t->indices[i];
	x = reallocarray(t->indices, t->n_indices + 1, sizeof(*x));
	if (!x)
		return NULL;
	t->indices = x;
	x = &t->indices[t->n_indices++];
	memset(x, 0, sizeof(*x));
	x->kind = kind;
	x->slot = slot;
	return x;
}

/* A path, and every directory above it without an atom. */
static int
add_path(struct index *x, const struct atom_value *v, uint32_t atom)
{
	int err = table_add(&x->table, path_hash(v->data, v->len), v->data, v->len, atom);

	for (uint32_t i = v->len; i-- > 0 && !err;)
		if (v->data[i] == '/')
			err = table_add(&x->table, path_hash(v->data, i), v->data, i, TABLE_NO_ID);
	return err;
}

static int
add_anchor(struct compiling *c, uint32_t id)
{
	struct tracer_set *t = c->t;
	struct atom *a = &t->atoms[id];
	enum index_kind kind = INDEX_NUMBER;
	struct index *x;
	int err = 0;

	index_of(a, &kind);
	x = find_index(c, kind, a->slot);
	if (!x)
		return -ENOMEM;
	a->anchor = true;
	if (t->slots[a->slot].text)
		t->cut[a->rule / 64] |= 1ULL << (a->rule % 64);
	for (uint32_t i = 0; i < a->n && !err; i++) {
		const struct atom_value *v = &a->values[i];
		uint32_t where = a->kind == ATOM_PREFIX ? GRAMS_BEGIN : a->kind == ATOM_SUFFIX ? GRAMS_END : 0;

		switch (kind) {
		case INDEX_NUMBER:
			err = table_add(&x->table, hash_number(v->u), NULL, 0, id);
			break;
		case INDEX_BYTES:
			err = table_add(&x->table, hash_bytes(v->data, v->len, 0), v->data, v->len, id);
			break;
		case INDEX_PATH:
			err = add_path(x, v, id);
			break;
		case INDEX_GRAMS:
			err = grams_add(&x->grams, v->data, v->len, id, where);
			break;
		}
	}
	return err;
}

/* The same choice as anchor_cost(). */
static int
choose_anchors(struct compiling *c, const struct nnf *n)
{
	const struct nnf *best = NULL;
	uint64_t cost = NO_ANCHOR;
	int err = 0;

	if (n->kind == NODE_TEST)
		return add_anchor(c, n->id);
	if (n->kind == NODE_ANY) {
		for (uint32_t i = 0; i < n->n && !err; i++)
			err = choose_anchors(c, &n->children[i]);
		return err;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		uint64_t this = anchor_cost(c, &n->children[i]);

		if (this < cost) {
			cost = this;
			best = &n->children[i];
		}
	}
	return best ? choose_anchors(c, best) : 0;
}

/* ---- all of it ---- */

static bool
wants(const struct matcher *m, const struct source *s, unsigned int tracer)
{
	return (s->tracers >> tracer & 1) && (s->match || !m->whats[s->what].stream);
}

static int
make_room(struct compiling *c, uint32_t n)
{
	struct tracer_set *t = c->t;

	t->n_words = n / 64 + 1;
	t->rules = calloc(n, sizeof(*t->rules));
	t->candidates = calloc(t->n_words, sizeof(uint64_t));
	t->always = calloc(t->n_words, sizeof(uint64_t));
	t->cut = calloc(t->n_words, sizeof(uint64_t));
	t->summary = calloc(t->n_words / 64 + 1, sizeof(uint64_t));
	c->trees = calloc(n, sizeof(*c->trees));
	return t->rules && t->candidates && t->always && t->cut && t->summary && c->trees ? 0 : -ENOMEM;
}

static int
compile_rule(struct compiling *c, uint32_t rule, bool has_tree)
{
	struct tracer_set *t = c->t;
	struct nnf *tree = &c->trees[rule];
	int err = 0;

	t->rules[rule].entry = CODE_MATCH;
	if (has_tree && anchor_cost(c, tree) != NO_ANCHOR) {
		err = choose_anchors(c, tree);
	} else {
		t->always[rule / 64] |= 1ULL << (rule % 64);
		t->n_always++;
	}
	if (err || !has_tree)
		return err;
	compile_sort(c, tree);
	return compile_code(c, tree, CODE_MATCH, CODE_FAIL, &t->rules[rule].entry);
}

static int
seal_indices(struct tracer_set *t)
{
	int err = 0;

	for (uint32_t i = 0; i < t->n_indices && !err; i++)
		err = t->indices[i].kind == INDEX_GRAMS ? grams_seal(&t->indices[i].grams) :
							  table_seal(&t->indices[i].table);
	t->stamps = calloc(t->n_atoms ? t->n_atoms : 1, sizeof(*t->stamps));
	return err || t->stamps ? err : -ENOMEM;
}

static int
compile(struct compiling *c, const struct source *sources, size_t n)
{
	struct tracer_set *t = c->t;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		uint32_t rule = t->n_rules;

		if (!wants(c->m, &sources[i], c->tracer))
			continue;
		t->rules[rule].what = sources[i].what;
		t->n_rules++;
		if (sources[i].match)
			err = nnf_make(sources[i].match, &c->trees[rule]);
		if (!err && sources[i].match)
			err = make_atoms(c, &c->trees[rule], rule, sources[i].format);
	}
	if (c->n_keys)
		qsort(c->keys, c->n_keys, sizeof(*c->keys), compare_keys);
	for (size_t i = 0, rule = 0; i < n && !err; i++)
		if (wants(c->m, &sources[i], c->tracer))
			err = compile_rule(c, (uint32_t)rule++, sources[i].match != NULL);
	return err ? err : seal_indices(t);
}

int
compile_tracer(struct matcher *m, unsigned int tracer, const struct source *sources, size_t n)
{
	struct compiling c = { .m = m, .t = &m->tracers[tracer], .tracer = tracer };
	uint32_t count = 0;
	int err;

	for (size_t i = 0; i < n; i++) {
		if ((sources[i].tracers >> tracer & 1) && !sources[i].match)
			c.t->streams |= m->whats[sources[i].what].stream;
		count += wants(m, &sources[i], tracer);
	}
	if (!count)
		return 0;
	err = make_room(&c, count);
	if (!err)
		err = compile(&c, sources, n);
	for (uint32_t i = 0; c.trees && i < count; i++)
		nnf_clear(&c.trees[i]);
	free(c.trees);
	free(c.keys);
	return err;
}

void
compile_clear(struct tracer_set *t)
{
	for (uint32_t i = 0; i < t->n_slots; i++)
		free(t->slots[i].scratch);
	for (uint32_t i = 0; i < t->n_atoms; i++)
		compile_atom_clear(&t->atoms[i]);
	for (uint32_t i = 0; i < t->n_indices; i++) {
		table_clear(&t->indices[i].table);
		grams_clear(&t->indices[i].grams);
	}
	free(t->secrets);
	free(t->slots);
	free(t->atoms);
	free(t->stamps);
	free(t->code);
	free(t->indices);
	free(t->rules);
	free(t->candidates);
	free(t->summary);
	free(t->always);
	free(t->cut);
}
