/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_MODEL_H
#define BPFD_RULES_MODEL_H

#include "common/auto.h"
#include "rules/rule.h"

/* Making and walking the tree of a rule, for the files of this folder. */
extern const char *const op_helps[N_OPS];
extern const char *const fn_names[FN_LEN + 1];		/* [FN_NONE] is "" */
int	severity_by_name(const char *name);		/* -1: unknown */

void	node_clear(struct rule_node *n);		/* frees what it owns, zeroes it */
/* A new child at the end of n; NULL without memory.  Pointers to its siblings become invalid. */
struct rule_node *node_add(struct rule_node *n, enum node_kind kind);
/* "all" and "any" of one thing become that thing. */
void	node_simplify(struct rule_node *n);
/* Copies len bytes to the values of n.  -ENOMEM, -E2BIG over RULE_LIST_MAX. */
int	node_add_value(struct rule_node *n, const char *data, size_t len);

static inline void
auto_rule(struct rule **r)
{
	rule_free(*r);
}

#endif
