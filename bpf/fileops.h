/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_FILEOPS_H
#define BPFD_BPF_FILEOPS_H

#include "bpf/event.h"

/* The event's number.  FILEOP(ID, name) */
#define FILEOPS(FILEOP)                                                                            \
	FILEOP(MKDIR, "mkdir")                                                                     \
	FILEOP(RMDIR, "rmdir")                                                                     \
	FILEOP(UNLINK, "unlink")                                                                   \
	FILEOP(RENAME, "rename")                                                                   \
	FILEOP(LINK, "link")                                                                       \
	FILEOP(SYMLINK, "symlink")                                                                 \
	FILEOP(MKNOD, "mknod")                                                                     \
	FILEOP(TRUNCATE, "truncate")                                                               \
	FILEOP(CHMOD, "chmod")                                                                     \
	FILEOP(CHOWN, "chown")                                                                     \
	FILEOP(SETXATTR, "setxattr")                                                               \
	FILEOP(REMOVEXATTR, "removexattr")                                                         \
	FILEOP(UTIMES, "utimes")
enum ev_fileop {
#define FILEOP_ID(id, name) FILEOP_##id,
	FILEOPS(FILEOP_ID)
#undef FILEOP_ID
	N_FILEOPS
};

struct ev_fileops {
	struct ev_hdr h;		/* event: enum ev_fileop */
	__u64 size;			/* TRUNCATE: new length */
	__u32 mode;			/* MKDIR, MKNOD, CHMOD */
	__u32 owner, group;		/* CHOWN: ~0 leaves it as it is */
	__u32 rdev;			/* MKNOD: as given */
	__u32 flags;			/* of the *at and *2 calls */
	/*
	 * path: what is made, removed or changed, or moved or linked from; of SYMLINK the link.
	 * path2: where RENAME and LINK lead to; of SYMLINK what it points to, as given.
	 * name: of the extended attribute.
	 * EV_UNTRUSTED: the last component is as the process gave it, the folder before it the
	 * kernel's; EV_UNRESOLVED: more than one component is as given, or it may be a link.
	 */
	struct ev_str path, path2, name;
};
_Static_assert(sizeof(struct ev_fileops) == 136, "record of fileops");

#endif
