/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/net.h"

void
net_show(struct worker *w, struct net_target *const *targets)
{
	uint64_t waiting = 0, bytes = 0, breakers = 0, repeated = 0, damaged = 0;
	struct queue_stats s;

	for (uint32_t i = 0; i < w->table->n; i++) {
		if (!targets[i])
			continue;
		queue_stats(targets[i]->queue, &s);
		waiting += s.items;
		bytes += s.bytes;
		breakers += s.breaker != BREAKER_CLOSED;
		repeated += s.repeated;
		damaged += s.damaged;
	}
	worker_gauge(w, STAT_WAITING, waiting);
	worker_gauge(w, STAT_SPOOL, bytes);
	worker_gauge(w, STAT_BREAKERS, breakers);
	worker_gauge(w, STAT_REPEATED, repeated);
	worker_gauge(w, STAT_DAMAGED, damaged);
}
