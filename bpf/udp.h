/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_UDP_H
#define BPFD_BPF_UDP_H

#include "bpf/event.h"

/* CONNECT: all that the socket sends from now on goes there. */
enum ev_udp_event { UDP_SEND, UDP_CONNECT, N_UDP_EVENTS };

struct ev_udp {
	struct ev_hdr h;
	__u8 daddr[16];			/* of the other end; IPv4 mapped */
	__u64 cookie;			/* of the socket */
	__u64 count;			/* datagrams or connects that this event stands for */
	__u32 netns;			/* of the socket */
	__u16 sport;			/* 0: none yet */
	__u16 dport;
	__u16 family;			/* of the socket; 2: AF_INET, 10: AF_INET6 */
	__u16 protocol;			/* 17: UDP, 136: UDPLITE */
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_udp) == 144, "record of udp");

#endif
