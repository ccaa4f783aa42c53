/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_BIND_H
#define BPFD_BPF_BIND_H

#include "bpf/event.h"

enum ev_bind_event { BIND_BIND, BIND_LISTEN, N_BIND_EVENTS };
enum ev_bind_flag { BIND_WILDCARD = 1, BIND_REUSEPORT = 2, BIND_REUSEADDR = 4, BIND_ABSTRACT = 8 };

struct ev_bind {
	struct ev_hdr h;		/* ret: negative errno */
	__u8 addr[16];			/* IPv4 mapped */
	__u64 cookie;			/* of the socket; 0: it has none */
	struct ev_str path;		/* AF_UNIX: of its file, or an abstract name */
	__u32 netns;
	__u32 port;			/* 0: none yet, the kernel chooses it when it is needed */
	__u32 backlog;			/* LISTEN */
	__u32 ifindex;			/* of the interface that the socket is bound to */
	__u16 family;			/* AF_* */
	__u16 type;			/* SOCK_* */
	__u16 protocol;			/* IPPROTO_* */
	__u16 ethertype;		/* AF_PACKET */
	__u32 flags;			/* enum ev_bind_flag */
};
_Static_assert(sizeof(struct ev_bind) == 152, "record of bind");

#endif
