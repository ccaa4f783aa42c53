/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_BASHREADLINE_H
#define BPFD_BPF_BASHREADLINE_H

#include "bpf/event.h"

enum ev_bashreadline_event { BASHREADLINE_LINE, N_BASHREADLINE_EVENTS };
#define BASHREADLINE_MAX	4095

struct ev_bashreadline {
	struct ev_hdr h;		/* EV_UNTRUSTED: the process may write what it wants there */
	struct ev_str line;
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_bashreadline) == 104, "record of bashreadline");

#endif
