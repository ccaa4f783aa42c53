/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/nnf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
make_test(const struct rule_node *n, bool negate, struct nnf *out)
{
	bool opposite = n->op == OP_ne || n->op == OP_notin || n->op == OP_hasnone;

	out->kind = NODE_TEST;
	out->test = n;
	out->negate = negate != opposite;
	out->op = n->op;
	if (n->op == OP_ne || n->op == OP_in || n->op == OP_notin)
		out->op = OP_eq;
	if (n->op == OP_hasnone)
		out->op = OP_hasany;
}

static int
make(const struct rule_node *n, bool negate, struct nnf *out)
{
	int err = 0;

	memset(out, 0, sizeof(*out));
	if (n->kind == NODE_NOT)
		return make(&n->children[0], !negate, out);
	if (n->kind == NODE_TEST) {
		make_test(n, negate, out);
		return 0;
	}
	out->kind = (n->kind == NODE_ALL) != negate ? NODE_ALL : NODE_ANY;
	out->children = calloc(n->n_children, sizeof(*out->children));
	if (!out->children)
		return -ENOMEM;
	for (uint32_t i = 0; i < n->n_children && !err; i++) {
		err = make(&n->children[i], negate, &out->children[i]);
		out->n++;
	}
	return err;
}

int
nnf_make(const struct rule_node *n, struct nnf *out)
{
	return make(n, false, out);
}

void
nnf_clear(struct nnf *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		nnf_clear(&t->children[i]);
	free(t->children);
	memset(t, 0, sizeof(*t));
}
