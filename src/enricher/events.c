/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <errno.h>

#include "common/clock.h"
#include "enricher/enricher.h"

#define LOSSES_EVERY_NS 1000000

/*
 * What was read and what was written become true together: the ring's commit has the positions of
 * the kernel rings and the counters.  Only then the kernel gets its room back; whoever is killed
 * between the two finds the position in the ring.
 */
void
enricher_commit(struct enricher *en)
{
	en->count[COUNT_damaged] += en->krings.damaged;
	en->krings.damaged = 0;
	en->count[COUNT_unknown_procs] += en->procs.unknown;
	en->procs.unknown = 0;
	for (unsigned int i = 0; i < N_COUNTERS; i++) {
		if (en->count[i] == en->committed[i])
			continue;
		en->committed[i] = en->count[i];
		ring_source_set(en->ring, SOURCE_COUNTERS + i, en->count[i]);
	}
	for (size_t i = 0; i < en->krings.n; i++) {
		struct kring *r = &en->krings.r[i];

		if (r->pos != r->released)
			ring_source_set(en->ring, r->cpu * N_EV_CLASSES + r->class_, r->pos);
	}
	ring_commit(en->ring);
	for (size_t i = 0; i < en->krings.n; i++)
		kring_release(&en->krings.r[i]);
	en->batch_records = 0;
	en->batch_bytes = 0;
	en->urgent_now = false;
}

void
enricher_counters_load(struct enricher *en)
{
	for (unsigned int i = 0; i < N_COUNTERS; i++)
		en->count[i] = en->committed[i] = ring_source(en->ring, SOURCE_COUNTERS + i);
	en->batch_max = en->ring_bytes / 8 < BATCH_BYTES ? en->ring_bytes / 8 : BATCH_BYTES;
}

void
enricher_info(struct enricher *en, const struct ev_hdr *h, size_t len)
{
	bool evicted = false;
	int err = 0;

	en->count[COUNT_infos]++;
	switch (h->event) {
	case EV_CGROUP_INFO:
		err = cgroups_info(&en->cgroups, h, len, &evicted);
		en->count[COUNT_evicted_cgroups] += evicted;
		break;
	case EV_PROC_INFO:
		err = procs_info(&en->procs, h, len, &evicted);
		en->count[COUNT_evicted_procs] += evicted;
		if (!err)
			binaries_note(en, (const struct ev_proc_info *)h);
		break;
	case EV_PROC_GONE:
		procs_gone(&en->procs, h);
		break;
	default:
		err = -EBADMSG;
	}
	en->count[COUNT_malformed_infos] += err != 0;
}

void
enricher_event(struct enricher *en, const struct ev_hdr *h, size_t len)
{
	struct event e;

	if (record_check_kernel(h, len, procs_context(&en->procs, h), &e)) {
		en->count[COUNT_malformed]++;
		en->count[COUNT_lost]++;
		return;
	}
	if (!matcher_run(en->matcher, &e, &en->result)) {
		en->count[COUNT_unmatched]++;
		return;
	}
	en->urgent_now |= en->urgent >> h->tracer & 1;
	enricher_publish(en, &e, &en->result);
}

/* The kernel side's losses since the last look; a map that is new begins at 0.  Not at each drain:
 * with many processors that is many cache lines which the kernel side writes to. */
static void
look_at_losses(struct enricher *en, uint64_t now)
{
	uint64_t lost = stats_kernel_lost(en), *seen = &en->count[COUNT_kernel_lost];

	en->losses_at = now;
	if (lost > *seen)
		en->count[COUNT_lost] += lost - *seen;
	*seen = lost;
}

bool
enricher_drain(struct enricher *en)
{
	uint64_t now = en->drained_at = clock_ns(CLOCK_MONOTONIC);
	struct kring *r;
	bool any = false;

	/* Without rules nothing would be wanted: what is there waits until the API has sent them. */
	if (!en->matcher)
		return false;
	krings_begin(&en->krings, now);
	if (en->shared && now - en->losses_at >= LOSSES_EVERY_NS)
		look_at_losses(en, now);
	while ((r = krings_next(&en->krings))) {
		const struct ev_hdr *h = r->rec;

		any = true;
		en->last_ts = h->ts;
		if (h->tracer == TR_NONE) {
			enricher_info(en, h, r->len);
		} else {
			en->count[COUNT_read]++;
			enricher_event(en, h, r->len);
		}
		krings_advance(&en->krings, r);
		if (++en->batch_records >= BATCH_RECORDS || en->batch_bytes >= en->batch_max ||
		    en->urgent_now)
			enricher_commit(en);
	}
	enricher_commit(en);
	procs_expire(&en->procs, en->last_ts);
	naming_ask(en, now);
	return any || krings_waiting(&en->krings);
}
