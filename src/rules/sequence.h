/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_SEQUENCE_H
#define BPFD_RULES_SEQUENCE_H

#include "rules/keyed.h"

/*
 * after, within and by of one rule: for which values of the key fields the rule before has matched,
 * and when.  It belongs to the rule that follows; several may follow one.
 * An event that lacks one of the fields neither sets a flag nor finds one.
 */
struct sequence;
struct sequence_counts { uint64_t evicted; };

/* NULL in *out when the rule follows none.  entries: a power of two.  -ENOMEM. */
int	sequence_new(const struct rule *r, size_t entries, uint64_t seed, struct sequence **out);
void	sequence_free(struct sequence *s);		/* NULL is fine */
/* The rule before has matched e.  A flag that is forgotten for another one within its time is counted. */
void	sequence_note(struct sequence *s, const struct event *e, struct sequence_counts *c);
/* Whether it did so for e's key, not too long before e. */
bool	sequence_holds(const struct sequence *s, const struct event *e);

#endif
