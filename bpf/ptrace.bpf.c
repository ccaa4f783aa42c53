/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What one process does to the memory, registers and descriptors of another. */
#define EV_THIS PTRACE
#include "bpf/bpfd.bpf.h"
#include "bpf/often.bpf.h"
#include "bpf/target.bpf.h"

#include "bpf/ptrace.h"

enum { TRACEME = 0, ATTACH = 16, DETACH = 17, SEIZE = 0x4206 };

struct call { __u64 target; __u32 given; __u16 event; };

static __always_inline bool
call_of(const struct ev_call *in, struct call *c)
{
	switch (in->nr) {
	case __NR_ptrace:
		c->event = PTRACE_PTRACE;
		c->given = in->arg[1];
		if ((__u32)in->arg[0] == TRACEME)
			c->target = bpf_get_current_task();
		break;
	case __NR_process_vm_readv:
		c->event = PTRACE_PROCESS_VM_READV;
		c->given = in->arg[0];
		break;
	case __NR_process_vm_writev:
		c->event = PTRACE_PROCESS_VM_WRITEV;
		c->given = in->arg[0];
		break;
	case __NR_pidfd_getfd:
		c->event = PTRACE_PIDFD_GETFD;
		c->given = in->arg[0];
		c->target = target_of_pidfd(c->given);
		return true;
	default:
		return false;
	}
	if (!c->target)
		c->target = target_of_number(c->given);
	return true;
}

/* A debugger looks and steps thousands of times a second; whose it becomes or ceases to be is told always. */
static __always_inline bool
is_told_always(const struct call *c, __u32 request)
{
	return c->event == PTRACE_PIDFD_GETFD ||
	       (c->event == PTRACE_PTRACE &&
		(request == TRACEME || request == ATTACH || request == SEIZE || request == DETACH));
}

static __always_inline void
fill(struct ev_scratch *s, struct ev_ptrace *e, const struct ev_call *in, long ret)
{
	__u64 first[2] = {};		/* struct iovec */

	switch (e->h.event) {
	case PTRACE_PTRACE:
		e->request = in->arg[0];
		e->addr = in->arg[2];
		e->data = in->arg[3];
		break;
	case PTRACE_PROCESS_VM_READV:
	case PTRACE_PROCESS_VM_WRITEV:
		bpf_probe_read_user(first, in->words32 ? 4 : 8, (const void *)in->arg[3]);
		e->addr = first[0];
		e->h.flags |= EV_UNTRUSTED;
		break;
	case PTRACE_PIDFD_GETFD:
		e->fd = in->arg[1];
		if (ret >= 0)
			file_add_path(s, &e->path, file_where(file_of(ret)));
		break;
	}
}

SEC("tp_btf/sys_exit")
int
BPF_PROG(ptrace_exit, struct pt_regs *regs, long ret)
{
	struct ev_scratch *s;
	struct call c = {};
	struct ev_ptrace *e;
	struct ev_call in;

	ev_call(&in, regs);
	if (!call_of(&in, &c))
		goto next;
	s = ev_new(0, sizeof(*e));
	if (!s)
		goto next;
	e = ev_record(s);
	e->h.event = c.event = ev_hide(s, c.event);
	e->h.ret = ret;
	e->given = c.given;
	if (c.target)
		target_fill(&e->target, c.target);
	e->count = 1;
	fill(s, e, &in, ret);
	if (is_told_always(&c, e->request) ||
	    often_passes(s, c.event << 16 ^ e->request, (__u64)e->target.tid << 1 | (ret < 0), &e->count))
		ev_send(s);
next:
	ev_next(ctx, regs);
	return 0;
}
