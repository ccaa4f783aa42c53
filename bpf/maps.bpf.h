/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_MAPS_BPF_H
#define BPFD_BPF_MAPS_BPF_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/event.h"

/*
 * The maps that bpf/core.bpf.o and all tracers share.  Each object has the same definitions; who
 * loads makes them once, from the core, and gives them to the others by name.
 *
 * What there is for each CPU has room for EV_CPUS_MAX here; who loads sets max_entries to the
 * number of possible CPUs (of all objects alike), of rings so many times N_EV_CLASSES, and fills it with
 * a ring buffer for each, of its class's size.
 */
#define EV_CPUS_MAX	512
#define EV_SYS_SLOTS	TRACERS_MAX
#define EV_CGROUPS_SEEN	8192
#define EV_SHARES	4096
#define EV_PROCS_HASHED	4096

struct ev_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, EV_CPUS_MAX * N_EV_CLASSES);
	__type(key, __u32);		/* EV_RING_PLACE() */
	__array(values, struct ev_ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, EV_CPUS_MAX);
	__type(key, __u32);
	__type(value, struct ev_cpu);
} shared SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ev_settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct ev_filter);
} filters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EV_FILTER_SET_MAX);
	__type(key, struct ev_filter_key);
	__type(value, __u64);
} filter_set SEC(".maps");

/*
 * Until when a cgroup has sent its share on a CPU, by CLOCK_BOOTTIME.  Only asked for rings that
 * fill; events that are nobody's have the cgroup 0.
 */
struct ev_share_key { __u64 cgroup, cgroup1; __u32 cpu, reserved; };
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EV_SHARES);
	__type(key, struct ev_share_key);
	__type(value, __u64);
} shares SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, EV_KIND_PLACES);
	__type(key, __u32);
	__type(value, __u64);
} cgroup_kinds SEC(".maps");

/* Cgroups that EV_CGROUP_INFO has been sent of: only after it was in the ring. */
struct ev_cgroup_key { __u64 id; __u64 hierarchy; };
struct ev_cgroup_said { __u32 generation, epoch; };
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EV_CGROUPS_SEEN);
	__type(key, struct ev_cgroup_key);
	__type(value, struct ev_cgroup_said);
} cgroups_seen SEC(".maps");

/* The same of processes, at their leader, and what their last event's cgroups were. */
struct ev_proc_said {
	__u64 cgroup, cgroup1;
	__u64 exe;			/* hash of its path; 0: cannot be told */
	__u32 cgroup_generation, cgroup_epoch;
	__u32 generation, exec_id;
	__u32 proc, cgroups;		/* the above is valid */
	__u32 ended, reserved;		/* exit has been sent */
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ev_proc_said);
} procs SEC(".maps");

/* The same for programs of cgroups, to which Linux before 6.16 gives no storage of tasks. */
struct ev_proc_key { __u64 start; __u32 tgid, reserved; };
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EV_PROCS_HASHED);
	__type(key, struct ev_proc_key);
	__type(value, struct ev_proc_said);
} procs_hashed SEC(".maps");

/* The cgroup v1 hierarchy that ev_hdr.cgroup1 is of. */
struct ev_v1 {
	__u32 controller;		/* enum ev_v1_controller; 0: not chosen yet */
	__u32 epoch;			/* how often it changed */
	__u32 css;			/* where struct css_set has its state */
	__u32 reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ev_v1);
} cgroup_v1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EV_SYSCALLS);
	__type(key, __u32);
	__type(value, struct ev_slot);
} sys_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, EV_SYS_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} sys_progs SEC(".maps");

static __always_inline struct ev_cpu *
ev_this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&shared, &cpu);
}

static __always_inline struct ev_settings *
ev_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

#endif
