/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfd/backoff.h"

uint64_t
backoff_next(struct backoff *b, uint64_t lived_ms, uint64_t min_ms, uint64_t max_ms)
{
	if (max_ms < min_ms)
		max_ms = min_ms;
	if (b->wait_ms == 0 || lived_ms >= BACKOFF_LIFE_MS)
		b->wait_ms = min_ms;
	else if (b->wait_ms > max_ms / 2)
		b->wait_ms = max_ms;
	else
		b->wait_ms *= 2;
	if (b->wait_ms < min_ms)
		b->wait_ms = min_ms;
	return b->wait_ms;
}
