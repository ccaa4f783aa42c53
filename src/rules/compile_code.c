/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of rules -> programs of jumps, the cheap tests first; see matcher.h. */
#include "common/array.h"
#include "rules/compile_parts.h"

static uint32_t
eval_cost(const struct compiling *c, const struct nnf *n)
{
	static const uint16_t costs[] = {
		[ATOM_EXISTS] = 2, [ATOM_NUMBER] = 2, [ATOM_RANGE] = 2, [ATOM_ALL_BITS] = 2,
		[ATOM_ANY_BITS] = 2, [ATOM_BYTES] = 4, [ATOM_PREFIX] = 5, [ATOM_SUFFIX] = 5,
		[ATOM_PATH_PREFIX] = 5, [ATOM_CIDR] = 6, [ATOM_REF] = 6, [ATOM_CONTAINS] = 30,
		[ATOM_ICONTAINS] = 100, [ATOM_LIST_ALL] = 30, [ATOM_LIST_ANY] = 30, [ATOM_GLOB] = 60,
		[ATOM_REGEX] = 400,
	};
	static const uint16_t views[] = {
		[VIEW_PLAIN] = 0, [VIEW_JOINED] = 20, [VIEW_TEXT] = 60, [VIEW_BASENAME] = 5,
		[VIEW_LOWER] = 20, [VIEW_LEN] = 0,
	};
	const struct atom *a;
	uint32_t sum = 0;

	if (n->kind != NODE_TEST) {
		for (uint32_t i = 0; i < n->n; i++)
			sum += eval_cost(c, &n->children[i]);
		return sum;
	}
	a = &c->t->atoms[n->id];
	if (a->anchor)
		return 1;
	return costs[a->kind] * (a->n > ATOM_SCAN_MAX ? 3u : a->n ? a->n : 1u) + views[c->t->slots[a->slot].view];
}

void
compile_sort(const struct compiling *c, struct nnf *n)
{
	for (uint32_t i = 0; i < n->n; i++) {
		struct nnf one = n->children[i];
		uint32_t cost = eval_cost(c, &one), k = i;

		for (; k > 0 && eval_cost(c, &n->children[k - 1]) > cost; k--)
			n->children[k] = n->children[k - 1];
		n->children[k] = one;
	}
	for (uint32_t i = 0; i < n->n; i++)
		compile_sort(c, &n->children[i]);
}

/* From the last test to the first, so that where each leads is known. */
int
compile_code(struct compiling *c, const struct nnf *n, uint32_t yes, uint32_t no, uint32_t *at)
{
	struct tracer_set *t = c->t;
	int err = 0;

	if (n->kind == NODE_TEST) {
		err = array_room(&t->code, t->n_code, &c->room_code, sizeof(*t->code));
		if (err)
			return err;
		t->code[t->n_code] = (struct code){ .atom = n->id, .negate = n->negate, .yes = yes, .no = no };
		*at = t->n_code++;
		return 0;
	}
	*at = n->kind == NODE_ALL ? yes : no;
	for (uint32_t i = n->n; i-- > 0 && !err;)
		err = n->kind == NODE_ALL ? compile_code(c, &n->children[i], *at, no, at) :
					    compile_code(c, &n->children[i], yes, *at, at);
	return err;
}
