/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_EXEC_H
#define BPFD_BPF_EXEC_H

#include "bpf/event.h"

enum ev_exec_event { EXEC_EXEC, N_EXEC_EVENTS };

enum ev_exec_origin {
	EXEC_NO_NAME = 1,		/* the file has no name: deleted, or a memfd */
	EXEC_TMPFS = 2,			/* it is in memory: tmpfs, /dev/shm, memfd */
	EXEC_FROM_FD = 4,		/* fexecve: execveat of a descriptor without a path */
};

enum ev_exec_stdio { EXEC_STDIN_NET = 1, EXEC_STDOUT_NET = 2 };	/* a socket of INET or INET6 */

struct ev_exec {
	struct ev_hdr h;		/* ret: 0, or why it failed; else of the new program */
	__u64 dev, ino;			/* of the executable; 0 when it failed */
	__u32 mode;			/* its type and permissions */
	__u32 owner;			/* its uid */
	__u32 nlink;
	__u32 origin;			/* enum ev_exec_origin */
	__u32 old_euid, euid;		/* before and after */
	__u32 argc;			/* how many there were, also when args is cut; 0 when it failed */
	/*
	 * path: the executable's, of a script its interpreter's; of a failed exec empty.
	 * filename, args: when it failed as they were in the caller's memory (EV_UNTRUSTED).
	 * interp: what runs a script, else the same as filename; of a failed exec empty.
	 */
	struct ev_str path, filename, interp, args;
	__u32 stdio;			/* enum ev_exec_stdio; 0 when it failed */
};
_Static_assert(sizeof(struct ev_exec) == 160, "record of exec");

#endif
