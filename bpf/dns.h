/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_DNS_H
#define BPFD_BPF_DNS_H

#include "bpf/event.h"

#define DNS_MESSAGE_MAX	512

enum ev_dns_event { DNS_QUERY, DNS_RESPONSE, N_DNS_EVENTS };

struct ev_dns {
	struct ev_hdr h;		/* RESPONSE: of who asked; EV_NO_OWNER: not known */
	__u8 server[16];		/* that is asked, that answers; IPv4 mapped */
	__u64 cookie;			/* of the socket */
	__u64 latency_ns;		/* RESPONSE: since the query of this number; 0: not known */
	__u16 sport, dport;		/* of this end, of the server */
	__u32 len;			/* bytes of the whole message */
	struct ev_str message;		/* its first DNS_MESSAGE_MAX bytes, as they came */
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_dns) == 144, "record of dns");

#endif
