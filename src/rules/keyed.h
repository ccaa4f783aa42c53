/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_KEYED_H
#define BPFD_RULES_KEYED_H

#include "common/auto.h"
#include "events/schema.h"
#include "rules/rule.h"

/*
 * What a rule remembers for each value of its key fields: a table of a fixed size, by a keyed hash.
 * A table that is full forgets the key that was quiet for longest.
 */
struct keyed_place {
	uint64_t key;		/* 0: free */
	uint64_t used;		/* ts of the last event, not 0 */
	uint64_t at, held;	/* the user's */
};

struct keyed {
	const struct field *fields[N_TRACERS][ARRAY_SIZE(((struct rule_limit *)0)->keys)];
	uint32_t n_fields;
	uint64_t seed;
	size_t mask;
	struct keyed_place *places;
};

/* keys: of spec; tracers that have no such field have none.  entries: a power of two.  -ENOMEM. */
int	keyed_init(struct keyed *k, const struct rule_limit *spec, size_t entries, uint64_t seed);
void	keyed_fini(struct keyed *k);
/* *whole: the event has every field; one that it lacks is a value of its own. */
uint64_t keyed_hash(const struct keyed *k, const struct event *e, bool *whole);
/* NULL: not remembered. */
struct keyed_place *keyed_find(const struct keyed *k, uint64_t key);
/* The key's place, or that of the one that was quiet for longest, which is told in *forgotten. */
struct keyed_place *keyed_take(struct keyed *k, uint64_t key, struct keyed_place *forgotten);

#endif
