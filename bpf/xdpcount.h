/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_XDPCOUNT_H
#define BPFD_BPF_XDPCOUNT_H

#include "bpf/event.h"

enum ev_xdpcount_event { XDPCOUNT_COUNT, N_XDPCOUNT_EVENTS };

/* Numbers 0 to 4 are the kernel's XDP_ABORTED to XDP_REDIRECT. */
enum ev_xdp_action {
	XDPCOUNT_ABORTED, XDPCOUNT_DROP, XDPCOUNT_PASS, XDPCOUNT_TX, XDPCOUNT_REDIRECT,
	XDPCOUNT_INVALID,		/* an action that the kernel does not know: dropped */
	XDPCOUNT_REDIRECT_ERR,		/* no such target: dropped */
	XDPCOUNT_TX_DROP,		/* did not fit the transmit queue of TX or REDIRECT: dropped */
	N_XDPCOUNT_ACTIONS
};

struct ev_xdpcount {
	struct ev_hdr h;		/* EV_NO_OWNER; ts: end of the interval */
	__u64 packets, bytes;		/* bytes: 0 where the kernel's hook does not tell */
	__u64 interval_ns;		/* from the first of these packets to ts */
	char dev[16];
	__u32 ifindex, netns;
	__u32 action;			/* enum ev_xdp_action */
	__u32 prog;			/* id of the program that decided; 0: not told */
};
_Static_assert(sizeof(struct ev_xdpcount) == 152, "record of xdpcount");

#endif
