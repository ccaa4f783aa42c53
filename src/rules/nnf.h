/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_NNF_H
#define BPFD_RULES_NNF_H

#include "rules/rule.h"

/*
 * The tree of a rule with "not" moved down to the tests (De Morgan) and the negative operators
 * turned into their opposites: what the matcher compiles and the kernel filter is made from.
 */
struct nnf {
	enum node_kind kind;		/* NODE_ALL, NODE_ANY, NODE_TEST */
	bool negate;			/* NODE_TEST */
	enum rule_op op;		/* eq for ne, in, notin; hasany for hasnone */
	const struct rule_node *test;
	uint32_t n;
	struct nnf *children;
	uint32_t id;			/* the user's */
};

int	nnf_make(const struct rule_node *n, struct nnf *out);	/* -ENOMEM; borrows n */
void	nnf_clear(struct nnf *t);

#endif
