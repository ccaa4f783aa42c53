/* SPDX-License-Identifier: Apache-2.0 */
#include "alerts/rate.h"

#include <stddef.h>

#define PROBES	8

uint64_t
rate_at(const struct rate *r, uint32_t n, uint64_t period_ns)
{
	uint64_t burst_ns = period_ns - period_ns / n;

	return r->used_up_ns > burst_ns ? r->used_up_ns - burst_ns : 0;
}

void
rate_use(struct rate *r, uint32_t n, uint64_t period_ns, uint64_t now_ns)
{
	r->used_up_ns = (r->used_up_ns > now_ns ? r->used_up_ns : now_ns) + period_ns / n;
}

struct rate *
rate_of_key(struct rate_keys *k, uint64_t key)
{
	size_t oldest = key & (RATE_KEYS - 1);

	for (size_t i = 0; i < PROBES; i++) {
		size_t at = (key + i) & (RATE_KEYS - 1);

		if (k->of[at].key == key)
			return &k->of[at].rate;
		if (k->of[at].rate.used_up_ns < k->of[oldest].rate.used_up_ns)
			oldest = at;
	}
	k->of[oldest].key = key;
	k->of[oldest].rate = (struct rate){ 0 };
	return &k->of[oldest].rate;
}
