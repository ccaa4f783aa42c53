/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_FORK_H
#define BPFD_BPF_FORK_H

#include "bpf/event.h"

enum ev_fork_event { FORK_FORK, N_FORK_EVENTS };

struct ev_fork {			/* of a process, not of a thread */
	struct ev_hdr h;		/* of who called it; ret: child */
	__u64 child_start;
	__u64 clone_flags;		/* CLONE_* */
	__u32 child;			/* its pid, in the initial pid namespace */
	__u32 child_ns_pid;		/* in its own */
};
_Static_assert(sizeof(struct ev_fork) == 120, "record of fork");

#endif
