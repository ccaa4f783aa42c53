/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_PUSH_H
#define BPFD_RULES_PUSH_H

#include "rules/match.h"

/* The kernel's filter of one rule alone, to be explained; NULL: no memory. */
struct filter;
struct filter *push_rule(const struct rule *r);
void	push_rule_free(struct filter *f);
/* Whether the kernel asks this test of the rule, in every tracer.  negate: it stands below a not. */
bool	push_asks(const struct filter *f, const struct rule *r, const struct rule_node *test, bool negate);
/* Whether it asks for the rule's runtimes. */
bool	push_asks_runtimes(const struct filter *f, const struct rule *r);

#endif
