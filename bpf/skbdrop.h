/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_SKBDROP_H
#define BPFD_BPF_SKBDROP_H

#include "bpf/tcpdrop.h"

#define SKBDROP_LOCATION	48

enum ev_skbdrop_event { SKBDROP_COUNT, N_SKBDROP_EVENTS };

struct ev_skbdrop {
	struct ev_hdr h;		/* EV_NO_OWNER; ts: end of the interval */
	__u64 packets;
	__u64 interval_ns;		/* from the first of these packets, or the last record, to ts */
	char location[SKBDROP_LOCATION];	/* function of the kernel that dropped them */
	__u32 reason;			/* enum ev_tcpdrop_reason */
	__u32 kernel_reason;		/* number of the running kernel */
};
_Static_assert(sizeof(struct ev_skbdrop) == 168, "record of skbdrop");

#endif
