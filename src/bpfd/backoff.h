/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_BACKOFF_H
#define BPFD_BPFD_BACKOFF_H

#include <stdint.h>

/* How long a child that died waits for its next start.  Zeroed: it has not died yet. */
struct backoff {
	uint64_t wait_ms;
};

#define BACKOFF_LIFE_MS 60000	/* a child that lived this long starts over with the shortest wait */

/* The wait after a death: the shortest first, doubled at each early death up to the longest. */
uint64_t backoff_next(struct backoff *b, uint64_t lived_ms, uint64_t min_ms, uint64_t max_ms);

#endif
