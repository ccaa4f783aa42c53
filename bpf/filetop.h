/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_FILETOP_H
#define BPFD_BPF_FILETOP_H

#include "bpf/event.h"

enum ev_filetop_event { FILETOP_FILE, N_FILETOP_EVENTS };
#define FILETOP_PATH_MAX	512	/* the rest of a longer path is cut: EV_TRUNCATED */

/* What a process did with a regular file since the last such record of the two. */
struct ev_filetop {
	struct ev_hdr h;		/* ts: end of the interval */
	__u64 dev, ino;
	__u64 reads, writes;		/* calls that moved bytes */
	__u64 rbytes, wbytes;
	__u64 interval_ns;		/* from the first of these calls to ts */
	struct ev_str path;
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_filetop) == 160, "record of filetop");

#endif
