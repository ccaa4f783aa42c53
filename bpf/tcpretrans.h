/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_TCPRETRANS_H
#define BPFD_BPF_TCPRETRANS_H

#include "bpf/event.h"

enum ev_tcpretrans_event {
	TCPRETRANS_RETRANSMIT, TCPRETRANS_SEND_RESET, TCPRETRANS_RECEIVE_RESET, N_TCPRETRANS_EVENTS
};

struct ev_tcpretrans {
	struct ev_hdr h;		/* EV_NO_OWNER */
	__u8 saddr[16], daddr[16];	/* of this end, of the other; IPv4 mapped */
	__u64 cookie;			/* of the socket; 0: it has none, or there is no socket */
	__u32 netns;			/* 0: no socket */
	__u32 len;			/* RETRANSMIT: bytes of data that are sent again */
	__u16 sport, dport;
	__u16 family;			/* 2: AF_INET, 10: AF_INET6 */
	__u8 state;			/* 1: ESTABLISHED ...; 0: no socket */
	__u8 reserved;
};
_Static_assert(sizeof(struct ev_tcpretrans) == 152, "record of tcpretrans");

#endif
