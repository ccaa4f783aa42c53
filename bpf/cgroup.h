/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_CGROUP_H
#define BPFD_BPF_CGROUP_H

#include "bpf/event.h"

enum ev_cgroup_event { CGROUP_MKDIR, CGROUP_RMDIR, CGROUP_ATTACH, N_CGROUP_EVENTS };

struct ev_cgroup {
	struct ev_hdr h;		/* of who did it; its own cgroup, not the one that it is about */
	__u64 id;			/* of the cgroup, in its hierarchy */
	__u32 hierarchy;		/* number in /proc/PID/cgroup; 0: the one of version 2 */
	__u32 level;			/* 0: the root */
	__u32 target;			/* ATTACH: the process */
	__u32 target_tid;		/* ATTACH: the thread, if it is one alone; else the process */
	struct ev_str path;		/* from the root of the hierarchy */
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_cgroup) == 128, "record of cgroup");

#endif
