/* SPDX-License-Identifier: Apache-2.0 */
/* What the queues of a class hold, and what they lost by themselves. */
#include <errno.h>
#include <stdio.h>

#include "actions/net.h"
#include "common/clock.h"

#define TELL_EVERY_NS	10000000000ull

/* Nobody asked for these: it is counted at once, and said when there was some time for more. */
static void
lost(struct worker *w, struct net_target *t, const struct queue_stats *now)
{
	const uint64_t expired = now->expired - t->told.expired, damaged = now->damaged - t->told.damaged;
	const uint64_t ns = clock_ns(CLOCK_BOOTTIME);
	char text[NET_WHY];

	if (!(expired | damaged) || (t->told_ns && ns - t->told_ns < TELL_EVERY_NS))
		return;
	t->told_ns = ns;
	t->told.expired = now->expired;
	t->told.damaged = now->damaged;
	if (damaged) {
		snprintf(text, sizeof(text), "%llu alerts could not be read back from disk", (unsigned long long)damaged);
		worker_result(w, NULL, NULL, t->action, OUTCOME_FAILED, -EBADMSG, text);
	}
	if (expired) {
		snprintf(text, sizeof(text), "%llu alerts are given up: they are older than max_age_s", (unsigned long long)expired);
		worker_result(w, NULL, NULL, t->action, OUTCOME_FAILED, -ETIME, text);
	}
}

void
net_show(struct worker *w, struct net_target *const *targets)
{
	uint64_t waiting = 0, bytes = 0, breakers = 0;
	struct queue_stats s;

	for (uint32_t i = 0; i < w->table->n; i++) {
		struct net_target *t = targets[i];

		if (!t)
			continue;
		queue_stats(t->queue, &s);
		waiting += s.items;
		bytes += s.bytes;
		breakers += s.breaker != BREAKER_CLOSED;
		/* Counters outlive this process, those of the queue do not. */
		worker_add(w, STAT_REPEATED, s.repeated - t->counted.repeated);
		worker_add(w, STAT_DAMAGED, s.damaged - t->counted.damaged);
		worker_add(w, STAT_EXPIRED, s.expired - t->counted.expired);
		t->counted = s;
		lost(w, t, &s);
	}
	worker_gauge(w, STAT_WAITING, waiting);
	worker_gauge(w, STAT_SPOOL, bytes);
	worker_gauge(w, STAT_BREAKERS, breakers);
}
