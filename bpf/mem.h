/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_MEM_H
#define BPFD_BPF_MEM_H

#include "bpf/target.h"

enum ev_mem_event {
	MEM_MMAP, MEM_MPROTECT, MEM_MEMFD_CREATE, MEM_MEMFD_SECRET, MEM_PERSONALITY, MEM_USERFAULTFD,
	MEM_PROCESS_MADVISE, N_MEM_EVENTS
};

/* Why memory that can be executed is told. */
enum ev_mem_why {
	MEM_WX = 1,			/* it can be written too */
	MEM_ANON = 2,			/* no file is behind it */
	MEM_NAMELESS = 4,		/* its file has no name: a memfd, or deleted */
};

struct ev_mem {
	struct ev_hdr h;		/* ret of the call */
	struct ev_target target;	/* process_madvise */
	__u64 addr, size;		/* mmap, mprotect: of the mapping that came of it, in bytes */
	__u64 dev, ino;			/* of its file; 0: none */
	__u32 prot;			/* PROT_*, as the mapping has it */
	__u32 why;			/* enum ev_mem_why */
	__u32 flags;			/* mmap, memfd_create, userfaultfd: as given */
	__u32 what;			/* personality: as given; process_madvise: the advice */
	__u32 count;			/* how many calls the event stands for */
	struct ev_str path;		/* of its file; memfd_*: of the new one */
};
_Static_assert(sizeof(struct ev_mem) == 208, "record of mem");

#endif
