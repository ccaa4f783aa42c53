/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_LIMIT_H
#define BPFD_RULES_LIMIT_H

#include "events/schema.h"
#include "rules/rule.h"

/*
 * ratelimit and dedup of one rule (rules/keyed.h).  What was held back for a key that is forgotten
 * counts for the rule's next event.
 */
struct limit;
struct limit_counts { uint64_t limited, deduped; };

/* NULL in *out when the rule has neither.  entries: a power of two. -ENOMEM. */
int	limit_new(const struct rule *r, size_t entries, uint64_t seed, struct limit **out);
void	limit_free(struct limit *l);
/* True: let it through; *suppressed events were held back since the last one. */
bool	limit_pass(struct limit *l, const struct event *e, uint32_t *suppressed, struct limit_counts *c);

#endif
