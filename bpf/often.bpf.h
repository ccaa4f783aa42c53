/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_OFTEN_BPF_H
#define BPFD_BPF_OFTEN_BPF_H

/*
 * What a process does again and again is told once, and again after a while with how often it was:
 * of what is alike there is one event in OFTEN_NS.  Include bpf/bpfd.bpf.h before.
 */
#define OFTEN_NS	10000000000ULL
#define OFTEN_MAX	8192

/* Alike: of one process, in what and about; both are the tracer's to choose. */
struct often_key {
	__u64 start;
	__u32 tgid, what;
	__u64 about;
};
struct often {
	__u64 since_ns;
	__u32 held_back, reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, OFTEN_MAX);
	__type(key, struct often_key);
	__type(value, struct often);
} EV_CAT(often_, EV_THIS) SEC(".maps");

/*
 * How many the event stands for, the held back ones too; 0: it is held back, and counted as filtered.
 * Of a whole record ask often_passes() instead, unless what is alike is alike in all that rules ask.
 */
static __always_inline __u32
often_count(struct task_struct *t, __u32 what, __u64 about)
{
	struct often_key key = { t->group_leader->start_boottime, t->tgid, what, about };
	struct often *had = bpf_map_lookup_elem(&EV_CAT(often_, EV_THIS), &key), fresh = {};
	__u64 now = bpf_ktime_get_boot_ns();
	__u32 count;

	if (!had) {
		fresh.since_ns = now;
		bpf_map_update_elem(&EV_CAT(often_, EV_THIS), &key, &fresh, BPF_ANY);
		return 1;
	}
	if (now - had->since_ns < OFTEN_NS) {
		__sync_fetch_and_add(&had->held_back, 1);
		ev_count_filtered();
		return 0;
	}
	count = 1 + __sync_lock_test_and_set(&had->held_back, 0);
	had->since_ns = now;
	return count;
}

/* An event that no rule wants does not hold back one that is wanted. */
static __always_inline bool
often_passes(struct ev_scratch *s, __u32 what, __u64 about, __u32 *count)
{
	if (ev_is_rejected(s))
		return false;
	s->dims &= ~DIM_TESTS;		/* ev_send() need not ask again */
	*count = often_count(ev_task(), what, about);
	return *count;
}

#endif
