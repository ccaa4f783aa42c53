/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_IOURING_H
#define BPFD_BPF_IOURING_H

#include "bpf/event.h"

enum ev_iouring_event { IOURING_SUBMIT, IOURING_CREATE, N_IOURING_EVENTS };

struct ev_iouring {
	struct ev_hdr h;		/* ret: of a ring that is made its descriptor, else 0 */
	__u64 user_data;
	__u32 opcode;			/* IORING_OP_* */
	__u32 sqe_flags;		/* IOSQE_*; of a ring IORING_SETUP_* */
	__s32 fd;			/* that the request is for; -1: it is for none */
	__u32 flags;			/* O_*, AT_*, RENAME_* as given */
	__u32 mode;			/* for a file or folder that is made */
	__u32 entries;			/* of a ring */
	__u16 family, port;		/* of an address, host order; 0: there is none */
	__u32 reserved;
	__u8 addr[16];			/* IPv6, an IPv4 address mapped */
	/*
	 * path, path2: as given, after the folder that it is relative to (EV_UNRESOLVED), from the
	 * kernel's own copy, which is what it will use; of a link or a new name path2 is that of the
	 * symbolic link's text, else the second path.  path of AF_UNIX: the address.
	 */
	struct ev_str path, path2;
};
_Static_assert(sizeof(struct ev_iouring) == 160, "record of iouring");

#endif
