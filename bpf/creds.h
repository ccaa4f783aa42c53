/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_CREDS_H
#define BPFD_BPF_CREDS_H

#include "bpf/event.h"

enum ev_creds_event { CREDS_CALL, CREDS_EXEC, N_CREDS_EVENTS };

/* A thread's credentials, ids in the initial user namespace. */
struct ev_creds_of {
	__u64 effective, permitted, inheritable, ambient, bounding;	/* capabilities */
	__u64 groups;			/* changes when they do; nothing else is in it */
	__u32 uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	__u32 userns;			/* that the capabilities are of: inode number */
	__u32 securebits;
	__u32 n_groups;
	__u32 known;			/* what was before may not be */
};
_Static_assert(sizeof(struct ev_creds_of) == 96, "credentials of a thread");

struct ev_creds {
	struct ev_hdr h;		/* ret of the call; of an exec 0 */
	struct ev_creds_of before, now;	/* the same when the call failed */
	__u64 gained;			/* permitted now, or effective, and neither before */
	__u32 call;			/* number of the system call; of an exec 0 */
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_creds) == 304, "record of creds");

#endif
