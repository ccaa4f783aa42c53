/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Processes created.  task_newtask has the flags, which sched_process_fork has not. */
#define EV_THIS FORK
#include "bpf/bpfd.bpf.h"
#include "bpf/fork.h"

#define KERNEL_CLONE_THREAD 0x00010000

SEC("tp_btf/task_newtask")
int
BPF_PROG(fork_newtask, struct task_struct *child, __u64 clone_flags)
{
	struct ev_scratch *s;
	struct ev_fork *e;

	if (clone_flags & KERNEL_CLONE_THREAD)
		return 0;
	s = ev_new(FORK_FORK, sizeof(*e));
	if (!s)
		return 0;
	e = ev_record(s);
	e->h.ret = child->tgid;
	e->child = child->tgid;
	e->child_ns_pid = ev_upid(child).nr;
	e->child_start = child->start_boottime;
	e->clone_flags = clone_flags;
	ev_send(s);
	return 0;
}
