/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_OPENBREAKOUT_H
#define BPFD_BPF_OPENBREAKOUT_H

#include "bpf/event.h"

enum ev_openbreakout_event { OPENBREAKOUT_OPEN, N_OPENBREAKOUT_EVENTS };

/* Why an open by a process outside the host's mount namespace is one. */
enum ev_openbreakout_via {
	BREAKOUT_MNTNS = 1,		/* the file's mount is of another mount namespace */
	BREAKOUT_HOSTMOUNT = 2,		/* host's root file system, or a folder right below its root */
	BREAKOUT_SOCKET = 4,		/* control socket of a container engine */
	BREAKOUT_SYSCTL = 8,		/* /proc/sys or sysrq-trigger for writing */
	BREAKOUT_CORE_PATTERN = 16,	/* of these core_pattern, modprobe and the like: the kernel runs it */
	BREAKOUT_RELEASE_AGENT = 32,	/* of a cgroup v1 hierarchy, for writing */
};

struct ev_openbreakout {
	struct ev_hdr h;		/* ret: the descriptor, or why there is none */
	__u64 dev, ino;
	__u32 oflags, mode;
	__u32 via;			/* enum ev_openbreakout_via */
	__u32 file_mntns;		/* inode number; 0: of a mount that is in none */
	struct ev_str path, filename;	/* as of open */
};
_Static_assert(sizeof(struct ev_openbreakout) == 136, "record of openbreakout");

#endif
