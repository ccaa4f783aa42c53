/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_PUSH_H
#define BPFD_RULES_PUSH_H

#include <stdio.h>

#include "rules/match.h"

/* One line about what of a rule the kernel filters. */
void	push_explain(const struct rule *r, FILE *out);

#endif
