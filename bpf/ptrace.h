/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_PTRACE_H
#define BPFD_BPF_PTRACE_H

#include "bpf/target.h"

enum ev_ptrace_event {
	PTRACE_PTRACE, PTRACE_PROCESS_VM_READV, PTRACE_PROCESS_VM_WRITEV, PTRACE_PIDFD_GETFD,
	N_PTRACE_EVENTS
};

struct ev_ptrace {
	struct ev_hdr h;		/* ret of the call */
	struct ev_target target;	/* of PTRACE_TRACEME: the caller */
	/* ptrace: as given; process_vm_*: where in the target the first piece is (EV_UNTRUSTED). */
	__u64 addr;
	__u64 data;			/* ptrace: as given */
	__u32 request;			/* ptrace: PTRACE_* */
	__u32 given;			/* pid in the caller's namespace; pidfd_getfd: the pidfd */
	__u32 fd;			/* pidfd_getfd: descriptor in the target */
	__u32 count;			/* how many calls the event stands for */
	struct ev_str path;		/* pidfd_getfd: of what was taken */
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_ptrace) == 192, "record of ptrace");

#endif
