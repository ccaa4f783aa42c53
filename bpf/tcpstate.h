/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_TCPSTATE_H
#define BPFD_BPF_TCPSTATE_H

#include "bpf/event.h"

/*
 * One record for each change of state.  CONNECT: the one that ends SYN_SENT, ret says how.  CLOSE:
 * the one to CLOSE.  ACCEPT: no change (oldstate = newstate), the process took the connection.
 */
enum ev_tcpstate_event {
	TCPSTATE_STATE, TCPSTATE_CONNECT, TCPSTATE_ACCEPT, TCPSTATE_CLOSE, N_TCPSTATE_EVENTS
};

struct ev_tcpstate {
	struct ev_hdr h;		/* of the owner: who connected, listened or accepted; EV_NO_OWNER: not known */
	__u8 saddr[16], daddr[16];	/* of this end, of the other */
	__u64 cookie;			/* of the socket; 0: it has none */
	__u64 duration_ns;		/* CONNECT: since SYN_SENT; CLOSE: since ESTABLISHED */
	__u64 bytes_in, bytes_out;	/* CLOSE: of data, each once, retransmitted or not */
	__u32 netns;
	__u16 sport, dport;
	__u16 family;			/* 2: AF_INET, 10: AF_INET6 */
	__u16 protocol;			/* 6: TCP, 132: SCTP, 262: MPTCP */
	__u8 oldstate, newstate;	/* 1: ESTABLISHED ... */
	__u8 reserved[2];
};
_Static_assert(sizeof(struct ev_tcpstate) == 176, "record of tcpstate");

#endif
