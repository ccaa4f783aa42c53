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

static __always_inline void
openargs_get(struct openargs *a, const struct pt_regs *regs)
{
	a->how = NULL;
	a->dirfd = FILE_AT_FDCWD;
	switch (regs->orig_ax) {
	case __NR_openat:
	case __NR_openat2:
		a->dirfd = regs->di;
		a->filename = (const char *)regs->si;
		a->flags = regs->dx;
		a->mode = regs->r10;
		if (regs->orig_ax == __NR_openat2)
			a->how = (const __u64 *)regs->dx;
		return;
	case __NR_open:
		a->filename = (const char *)regs->di;
		a->flags = regs->si;
		a->mode = regs->dx;
		return;
	case __NR_creat:
		a->filename = (const char *)regs->di;
		a->flags = OPENARGS_CREAT_FLAGS;
		a->mode = regs->si;
		return;
	default:	/* open_by_handle_at */
		a->dirfd = regs->di;
		a->filename = NULL;
		a->flags = regs->dx;
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
