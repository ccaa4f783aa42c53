/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_NS_H
#define BPFD_BPF_NS_H

#include "bpf/event.h"

enum ev_ns_event { NS_SETNS, NS_UNSHARE, NS_CLONE, NS_CHROOT, N_NS_EVENTS };

/* X(place, name, flag of clone(2)) */
#define NS_KINDS(X)                                                                                \
	X(0, mnt, 0x00020000) X(1, uts, 0x04000000) X(2, ipc, 0x08000000) X(3, pid, 0x20000000)    \
	X(4, net, 0x40000000) X(5, time, 0x00000080) X(6, cgroup, 0x02000000) X(7, user, 0x10000000)
#define NS_N 8

struct ev_ns {
	struct ev_hdr h;		/* ret of the call; of clone the child */
	/*
	 * Inode numbers, of clone the parent's and the child's, pid and time as children get them.
	 * Both 0: it is the same as before; before alone: nobody knows.
	 */
	__u32 before[NS_N], now[NS_N];
	__u32 changed;			/* flags of what has a now */
	__u32 flags;			/* of setns, unshare, clone: as given */
	struct ev_str path;		/* chroot: the new root; EV_UNRESOLVED: it failed */
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_ns) == 176, "record of ns");

#endif
