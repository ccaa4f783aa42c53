/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_SEND_BPF_H
#define BPFD_BPF_SEND_BPF_H

#include "bpf/record.bpf.h"

#ifdef EV_SHORT_RECORDS
/*
 * A record that is not long is written in place, in one of a few sizes: bpf_ringbuf_output() calls
 * memcpy(), which takes longer than all else that it does.  What is behind its end is zero, and part
 * of its len.  The record must be the scratch's, where there is something behind it.
 */
#define EV_PUT_STEP	32
#define EV_PUT(size)                                                                               \
	if (len <= (size)) {                                                                       \
		to = bpf_ringbuf_reserve(ring, size, 0);                                           \
		if (!to)                                                                           \
			return -1;                                                                 \
		_Pragma("unroll") for (__u32 i = 0; i < ((size) - EV_PUT_STEP) / 8; i++)             \
			to[i] = from[i];                                                           \
		_Pragma("unroll") for (__u32 i = ((size) - EV_PUT_STEP) / 8; i < (size) / 8; i++)    \
			to[i] = len > i * 8 ? from[i] : 0;                                         \
		((struct ev_hdr *)to)->len = size;                                                 \
		bpf_ringbuf_submit(to, wake);                                                      \
		return 0;                                                                          \
	}

static __always_inline long
ev_put(void *ring, const struct ev_hdr *record, __u32 len, __u64 wake)
{
	const __u64 *from = (const __u64 *)record;
	__u64 *to;

	if (len <= 160 - EV_PUT_STEP || len > 320)
		return bpf_ringbuf_output(ring, (void *)record, len, wake);
	EV_PUT(160)
	EV_PUT(192)
	EV_PUT(224)
	EV_PUT(256)
	EV_PUT(288)
	EV_PUT(320)
	return -1;
}
#else
#define ev_put(ring, record, len, wake) bpf_ringbuf_output(ring, (void *)(record), len, wake)
#endif

#define EV_LOOK_EACH	32	/* records */

#define ev_is_pressed(ring)                                                                        \
	(bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) * 4 > bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) * 3)

/*
 * Which rings of this CPU are three quarters full.  From then on each cgroup has its share of what is
 * left, so that one that floods leaves room for the others: as long as there is room for all,
 * nobody is asked.
 */
__noinline int
ev_look_at_rings(__u32 cpu)
{
	__u32 bulk_at = EV_RING_PLACE(cpu, EV_BULK), priority_at = EV_RING_PLACE(cpu, EV_PRIORITY), pressed = 0;
	struct ev_cpu *c = bpf_map_lookup_elem(&shared, &cpu);
	void *bulk = bpf_map_lookup_elem(&rings, &bulk_at);
	void *priority = bpf_map_lookup_elem(&rings, &priority_at);

	if (bulk && ev_is_pressed(bulk))
		pressed |= 1 << EV_BULK;
	if (priority && ev_is_pressed(priority))
		pressed |= 1 << EV_PRIORITY;
	if (c)
		c->pressed = pressed;
	return 0;
}

/* Of a record with a time, whose cgroup has the right to one more.  What is nobody's shares one. */
__noinline int
ev_has_share(struct ev_scratch *s, __u32 cpu)
{
	struct ev_settings *set = ev_settings();
	struct ev_share_key key = { .cpu = cpu };
	__u64 *until, now, next;
	struct ev_hdr *h;

	if (!s || !set || !set->share_ns)
		return 1;
	h = ev_head(s);
	if (!(h->flags & EV_NO_OWNER)) {
		key.cgroup = h->cgroup;
		key.cgroup1 = h->cgroup1;
	}
	now = h->ts;
	until = bpf_map_lookup_elem(&shares, &key);
	if (!until) {
		next = now + set->share_ns;
		bpf_map_update_elem(&shares, &key, &next, BPF_ANY);
		return 1;
	}
	if (*until > now + set->share_burst_ns)
		return 0;
	*until = (*until > now ? *until : now) + set->share_ns;
	return 1;
}

/*
 * Where a record of a tracer of class BULK belongs.  An urgent one of a cgroup that floods goes the
 * way of the others.  EV_CONTROL: nowhere, its cgroup has had its share.
 */
static __always_inline enum ev_class
ev_class_now(struct ev_scratch *s, struct ev_cpu *c, __u32 cpu)
{
	__u32 pressed, share = 0;

	if (__builtin_expect(!(++c->turn % EV_LOOK_EACH), 0))
		ev_look_at_rings(cpu);
	pressed = c->pressed;
	if (__builtin_expect(pressed, 0))
		share = ev_has_share(s, cpu);
	if (s->urgent && (!(pressed & 1 << EV_PRIORITY) || share))
		return EV_PRIORITY;
	return !(pressed & 1 << EV_BULK) || share ? EV_BULK : EV_CONTROL;
}

/*
 * One record into this CPU's ring.  Counted as produced, and as lost when the ring is full.  urgent: 0 or
 * 1.  s: the scratch that it lies in, or NULL.
 *
 * Waking: the enricher sets sleeping, looks at the rings once more, and sleeps.  So sleeping is
 * looked at after the record is there too (the commit of a record is a full barrier): else both
 * could miss each other.  The wake-up is then one of an empty, discarded record.
 */
static __always_inline bool
ev_output_by(enum ev_class class, __u32 index, const struct ev_hdr *record, __u32 len, __u32 urgent,
	struct ev_scratch *s)
{
	__u32 cpu = bpf_get_smp_processor_id(), at, sleeping;
	struct ev_cpu *c = bpf_map_lookup_elem(&shared, &cpu);
	void *ring, *empty;
	__u64 wake;

	if (!c)
		return false;
	__sync_fetch_and_add(&c->count[index].produced, 1);
	if (record->flags & EV_TRUNCATED)
		__sync_fetch_and_add(&c->count[index].cut, 1);
	if (class != EV_CONTROL && s) {
		class = ev_class_now(s, c, cpu);
		if (class == EV_CONTROL) {
			__sync_fetch_and_add(&c->count[index].throttled, 1);
			return false;
		}
	}
	at = EV_RING_PLACE(cpu, class);
	ring = bpf_map_lookup_elem(&rings, &at);
	if (!ring) {
		__sync_fetch_and_add(&c->count[index].lost, 1);
		return false;
	}
	/* Without a branch, behind which the verifier would look at all that follows twice. */
	_Static_assert(BPF_RB_FORCE_WAKEUP == 2 * BPF_RB_NO_WAKEUP && BPF_RB_NO_WAKEUP == 1, "wake is one of them");
	sleeping = *(volatile __u32 *)&c->sleeping & 1;
	wake = BPF_RB_NO_WAKEUP << (sleeping | urgent);
	asm volatile("" : "+r"(wake));
	if (sleeping)
		*(volatile __u32 *)&c->sleeping = 0;
	if (s ? ev_put(ring, record, len, wake) :
		      bpf_ringbuf_output(ring, (void *)record, len, wake)) {
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

static __always_inline bool
ev_output(enum ev_class class, __u32 index, const struct ev_hdr *record, __u32 len, __u32 urgent)
{
	return ev_output_by(class, index, record, len, urgent, NULL);
}

#endif
