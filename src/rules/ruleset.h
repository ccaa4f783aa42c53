/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_RULESET_H
#define BPFD_RULES_RULESET_H

#include "rules/match.h"

/* The other side of ruleset_pack(): calls fn for each entry, whose packed points into bytes. */
#define RULESET_MAX (RULES_MAX + 64)	/* live streams too */
#define RULESET_REDACT_MAX 64
int	ruleset_read(const void *bytes, size_t len, struct ruleset *head,
		int (*fn)(void *arg, const struct ruleset_entry *e), void *arg);

#endif
