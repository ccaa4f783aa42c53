/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ALERTS_RATE_H
#define BPFD_ALERTS_RATE_H

#include <stdint.h>

/* A rate of n in period_ns, as the time at which what was allowed so far is used up (GCRA).  0: never used. */
struct rate { uint64_t used_up_ns; };

/* When one more is allowed: a whole period's worth may come at once. */
uint64_t rate_at(const struct rate *r, uint32_t n, uint64_t period_ns);
void	rate_use(struct rate *r, uint32_t n, uint64_t period_ns, uint64_t now_ns);

/* Rates by key; of more keys than there is room for, one that was not seen for long makes room. */
#define RATE_KEYS 1024			/* power of two */
struct rate_keys { struct { uint64_t key; struct rate rate; } of[RATE_KEYS]; };
struct rate *rate_of_key(struct rate_keys *k, uint64_t key);

#endif
