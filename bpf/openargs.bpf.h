/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_OPENARGS_BPF_H
#define BPFD_BPF_OPENARGS_BPF_H

/* What the calls that open files were given.  Include bpf/bpfd.bpf.h before. */
#include "bpf/file.bpf.h"

#define OPENARGS_CREAT_FLAGS	(01 | 0100 | 01000)	/* O_WRONLY | O_CREAT | O_TRUNC */

struct openargs {
	const char *filename;		/* in the process's memory; NULL: the call has none */
	const __u64 *how;		/* openat2: flags and mode, in the process's memory */
	__u64 flags, mode;
	int dirfd;
};

/* nr, way: ev_call_nr(), ev_way() */
static __always_inline void
openargs_get(struct openargs *a, const struct pt_regs *regs, __u32 nr, __u64 way)
{
	__u64 one = EV_ARG(regs, way, di, bx), two = EV_ARG(regs, way, si, cx);
	__u64 three = EV_ARG(regs, way, dx, dx);

	a->how = NULL;
	a->dirfd = FILE_AT_FDCWD;
	switch (nr) {
	case __NR_openat:
	case __NR_openat2:
		a->dirfd = one;
		a->filename = (const char *)two;
		a->flags = three;
		a->mode = EV_ARG(regs, way, r10, si);
		if (nr == __NR_openat2)
			a->how = (const __u64 *)three;
		return;
	case __NR_open:
		a->filename = (const char *)one;
		a->flags = two;
		a->mode = three;
		return;
	case __NR_creat:
		a->filename = (const char *)one;
		a->flags = OPENARGS_CREAT_FLAGS;
		a->mode = two;
		return;
	default:	/* open_by_handle_at */
		a->dirfd = one;
		a->filename = NULL;
		a->flags = three;
		a->mode = 0;
	}
}

/* mode counts only for a file that may be made: O_CREAT, O_TMPFILE. */
static __always_inline void
openargs_how(const struct openargs *a, __u32 *flags, __u32 *mode)
{
	__u64 how[2] = { a->flags, a->mode };

	if (a->how)
		bpf_probe_read_user(how, sizeof(how), a->how);
	*flags = how[0];
	*mode = how[0] & (0100 | 020000000) ? how[1] & 07777 : 0;
}

#endif
