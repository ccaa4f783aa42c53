/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_ENFORCE_H
#define BPFD_API_ENFORCE_H

#include "api/rules.h"
#include "rules/enforce.h"

/* Rules that the kernel decides: which of them it can, and the table for the loader. */
struct api;

/*
 * Makes r->decisions: a rule on the tracer enforce that has the others of r's actions, for what the
 * kernel decides by r.  -ENOMEM.
 */
int	enforce_decisions(struct api_rule *r);

/* Why this host cannot decide the rule in the kernel, into why; false: it can. */
bool	enforce_missing(const struct api *api, const struct rule *r, char *why, size_t room);

/*
 * Compiles all rules in use and says in each whether the kernel decides it.  *table is NULL when none
 * is; else the caller's.  -ENOMEM.
 */
int	enforce_build(struct api *api, struct enf_table **table);

#endif
