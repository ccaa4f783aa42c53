/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_SEED_H
#define BPFD_RULES_SEED_H

#include "rules/rule.h"

/* One word of a rule, with the first bpfd's error text in why.  0 or a negative errno. */
int	seed_tracer(const char *name, uint64_t *tracers, char *why, size_t room);
int	seed_runtime(struct rule *r, const char *name, bool *any, char *why, size_t room);
int	seed_action(struct rule *r, const char *name, char *why, size_t room);

#endif
