/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_ARP_H
#define BPFD_BPF_ARP_H

#include "bpf/event.h"

enum ev_arp_event { ARP_SENT, ARP_RECEIVED, N_ARP_EVENTS };

struct ev_arp {
	struct ev_hdr h;		/* EV_NO_OWNER */
	__u8 sip[16], tip[16];		/* IPv4, mapped */
	char dev[16];
	__u32 ifindex, netns;
	__u16 op;			/* 1: request, 2: reply */
	__u8 smac[6], tmac[6];
	__u8 reserved[2];
};
_Static_assert(sizeof(struct ev_arp) == 168, "record of arp");

#endif
