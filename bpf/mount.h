/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_MOUNT_H
#define BPFD_BPF_MOUNT_H

#include "bpf/event.h"

/* The event's number, and the system call.  MOUNTOP(ID, name) */
#define MOUNTOPS(MOUNTOP)                                                                          \
	MOUNTOP(MOUNT, "mount")                                                                    \
	MOUNTOP(UMOUNT, "umount")                                                                  \
	MOUNTOP(MOVE, "move_mount")                                                                \
	MOUNTOP(FSOPEN, "fsopen")                                                                  \
	MOUNTOP(FSPICK, "fspick")                                                                  \
	MOUNTOP(FSCONFIG, "fsconfig")                                                              \
	MOUNTOP(FSMOUNT, "fsmount")                                                                \
	MOUNTOP(OPEN_TREE, "open_tree")                                                            \
	MOUNTOP(SETATTR, "mount_setattr")                                                          \
	MOUNTOP(PIVOT, "pivot_root")
enum ev_mountop_event {
#define MOUNTOP_ID(id, name) MOUNTOP_##id,
	MOUNTOPS(MOUNTOP_ID)
#undef MOUNTOP_ID
	N_MOUNTOPS
};

struct ev_mountop {
	struct ev_hdr h;		/* event: enum ev_mountop_event */
	__u64 flags;			/* as given: of the call that the event is of */
	__u64 attr_set, attr_clr;	/* MOUNT_ATTR_* */
	__u64 dev;			/* of the file system, when a mount was made or moved; 0: not known */
	__u32 cmd;			/* FSCONFIG */
	/*
	 * source: what is mounted: a device, a folder, a server, or what the process made up.  Of PIVOT
	 *	the new root, of OPEN_TREE and SETATTR what is opened or changed.
	 * target: where it is mounted, from where it is taken; as given.
	 * mounted: where it is now, by the kernel.
	 * fstype: the kernel's where the call succeeded.
	 * key, data: options of MOUNT, a parameter of FSCONFIG.
	 * EV_UNRESOLVED: source or target is as the process gave it, and may go by links.
	 */
	struct ev_str source, target, mounted, fstype, key, data;
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_mountop) == 160, "record of mount");

#endif
