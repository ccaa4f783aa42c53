/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_EXIT_H
#define BPFD_BPF_EXIT_H

#include "bpf/event.h"

enum ev_exit_event { EXIT_EXIT, N_EXIT_EVENTS };

/* Of a process, when its last thread ends. */
struct ev_exit {
	struct ev_hdr h;
	__u64 run_ns;			/* since it was created */
	__u64 utime_ns, stime_ns;
	__u64 maxrss;			/* bytes */
	__u32 code;			/* what it gave to exit(2); 0 when a signal ended it */
	__u32 signal;			/* that ended it, or 0 */
	__u32 core;			/* 1: a core was dumped */
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_exit) == 144, "record of exit");

#endif
