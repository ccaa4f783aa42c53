/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_ENFORCE_H
#define BPFD_RULES_ENFORCE_H

#include <stdio.h>

#include "ipc/enforce.h"
#include "rules/rule.h"

/*
 * Rules whose actions are "deny" or "kernel_kill" are decided in the kernel, by the table of
 * bpf/enforce.h.  Their conditions must be told there exactly: what is not is an error of the rule.
 */
enum enforce_verb { ENFORCE_DENY = 1, ENFORCE_KILL = 2 };
enum enforce_verb enforce_verb(const char *action);	/* 0: it is none of these */
uint32_t enforce_verbs(const struct rule *r);		/* of all its actions; 0: an ordinary rule */

/* Whether a rule with such an action can be decided in the kernel.  Others: 0.  0 or -EINVAL. */
int	enforce_check(const struct rule *r, char *why, size_t room);
uint32_t enforce_hooks(const struct rule *r);		/* bit per enum enf_hook; of what was checked */

/* One line about what the kernel does by the rule; false: it decides nothing. */
bool	enforce_explain(const struct rule *r, FILE *out);

struct enforce_source {
	const struct rule *rule;	/* has been checked */
	bool enforce;			/* else its acts are only said */
	uint64_t kills_per_minute;	/* of a rule without a budget; 0: as many as come */
	bool left_out;			/* out: the table has no room for it */
};
/* Names of executables as actions.protect has them; NAME or NAME*. */
struct enforce_protect { const char *const *names; size_t n; };
/*
 * Fills in all but own_*.  The table is the caller's, some 35 KB.  -EINVAL: a name to be protected
 * cannot be told in the kernel (why); -ENOMEM.
 */
int	enforce_compile(struct enforce_source *sources, size_t n, const struct enforce_protect *protect,
		struct enf_table *out, char *why, size_t room);

#endif
