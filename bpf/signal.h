/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_SIGNAL_H
#define BPFD_BPF_SIGNAL_H

#include "bpf/target.h"

enum ev_signal_event { SIGNAL_SIGNAL, N_SIGNAL_EVENTS };

struct ev_signal {
	/*
	 * The sender.  EV_NO_OWNER: the kernel itself, at a moment when some other process ran.
	 */
	struct ev_hdr h;
	struct ev_target target;	/* tid: of a signal to the group, any of its threads */
	__u32 sig;
	__s32 code;			/* si_code */
	__u32 result;			/* the kernel's TRACE_SIGNAL_* */
	__u32 group;			/* to the process, not to one of its threads */
	__u32 kernel;			/* si_code is one that only the kernel gives */
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_signal) == 176, "record of signal");

#endif
