/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_TARGET_H
#define BPFD_BPF_TARGET_H

#include "bpf/event.h"

/* Another process that an event is about, as the kernel had it when the event was made. */
struct ev_target {
	__u64 start;			/* as in struct ev_hdr; 0: nothing is known of it */
	__u64 cgroup, cgroup1;		/* as in struct ev_hdr */
	__u32 pid, tid;			/* in the initial pid namespace */
	__u32 uid;			/* in the initial user namespace */
	__u32 mntns;			/* inode number; 0: it has none any more */
	char comm[EV_COMM];
};
_Static_assert(sizeof(struct ev_target) == 56, "target of an event");

#endif
