/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_OPEN_H
#define BPFD_BPF_OPEN_H

#include "bpf/event.h"

enum ev_open_event { OPEN_OPEN, N_OPEN_EVENTS };

struct ev_open {
	struct ev_hdr h;		/* ret: the descriptor, or why there is none */
	__u64 dev, ino;			/* 0 when it failed */
	__u32 oflags;			/* as given: O_* of the kernel's architecture */
	__u32 mode;			/* as given: permissions for a file that is created */
	__u32 created;			/* 1: this call made the file */
	__u32 reserved;
	/*
	 * path: of the file that the descriptor is of; when it failed as the process gave it, after
	 * its working directory if it was relative (EV_UNRESOLVED).  filename: as given.
	 */
	struct ev_str path, filename;
};
_Static_assert(sizeof(struct ev_open) == 136, "record of open");

#endif
