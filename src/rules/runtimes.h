/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_RUNTIMES_H
#define BPFD_RULES_RUNTIMES_H

/* Container runtimes: the words of rules and of the field container.runtime. */
enum runtime {
	RT_NOT_FOUND,			/* the host; "host" in rules */
#define RUNTIME(id, name) RT_##id,
#include "rules/runtimes.def"
	N_RUNTIMES
};
extern const char *const runtime_names[N_RUNTIMES];
int	runtime_by_name(const char *name);	/* aliases too: "host", "crio"; -1: unknown */

/* Makes the runtimes of a rule (which has some) part of its tree.  -ENOMEM. */
struct rule;
int	runtimes_fold(struct rule *r);

#endif
