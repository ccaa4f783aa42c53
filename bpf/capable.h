/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_CAPABLE_H
#define BPFD_BPF_CAPABLE_H

#include "bpf/event.h"

enum ev_capable_event { CAPABLE_CAPABLE, N_CAPABLE_EVENTS };

struct ev_capable {
	struct ev_hdr h;		/* ret: 0 it has it, or -EPERM */
	__u32 cap;			/* number */
	__u32 userns;			/* inode number of the namespace that it was asked for in */
	__u32 count;			/* how many questions the event stands for */
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_capable) == 112, "record of capable");

#endif
