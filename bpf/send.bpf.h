/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_SEND_BPF_H
#define BPFD_BPF_SEND_BPF_H

#include "bpf/maps.bpf.h"

/*
 * One record into this CPU's ring.  Counted as produced, and as lost when the ring is full.
 *
 * Waking: the enricher sets sleeping, looks at the rings once more, and sleeps.  So sleeping is
 * looked at after the record is there too (the commit of a record is a full barrier): else both
 * could miss each other.  The wake-up is then one of an empty, discarded record.
 */
static __always_inline bool
ev_output(enum ev_class class, __u32 index, const struct ev_hdr *record, __u32 len, bool urgent)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct ev_cpu *c = bpf_map_lookup_elem(&shared, &cpu);
	__u64 wake = urgent ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
	void *ring, *empty;

	if (class == EV_CONTROL)
		ring = bpf_map_lookup_elem(&rings_control, &cpu);
	else
		ring = bpf_map_lookup_elem(&rings_bulk, &cpu);
	if (!c)
		return false;
	__sync_fetch_and_add(&c->count[index].produced, 1);
	if (record->flags & EV_TRUNCATED)
		__sync_fetch_and_add(&c->count[index].cut, 1);
	if (!ring) {
		__sync_fetch_and_add(&c->count[index].lost, 1);
		return false;
	}
	if (*(volatile __u32 *)&c->sleeping) {
		*(volatile __u32 *)&c->sleeping = 0;
		wake = BPF_RB_FORCE_WAKEUP;
	}
	if (bpf_ringbuf_output(ring, (void *)record, len, wake)) {
		__sync_fetch_and_add(&c->count[index].lost, 1);
		return false;
	}
	if (wake != BPF_RB_FORCE_WAKEUP && *(volatile __u32 *)&c->sleeping) {
		*(volatile __u32 *)&c->sleeping = 0;
		empty = bpf_ringbuf_reserve(ring, 8, 0);
		if (empty)
			bpf_ringbuf_discard(empty, BPF_RB_FORCE_WAKEUP);
	}
	return true;
}

#endif
