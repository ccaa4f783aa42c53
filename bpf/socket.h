/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_SOCKET_H
#define BPFD_BPF_SOCKET_H

#include "bpf/event.h"

enum ev_socket_event { SOCKET_SOCKET, N_SOCKET_EVENTS };

struct ev_socket {
	struct ev_hdr h;		/* ret: descriptor where the call tells it, or negative errno */
	__u32 family;			/* AF_* */
	__u32 type;			/* SOCK_*, without flags */
	__u32 protocol;			/* of INET: IPPROTO_*; else the family's, of PACKET in host order */
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_socket) == 112, "record of socket");

#endif
