/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Signals as the kernel generates them, whatever call or fault they come from. */
#define EV_THIS SIGNAL
#include "bpf/bpfd.bpf.h"
#include "bpf/target.bpf.h"

#include "bpf/signal.h"

#define SI_NOINFO	0		/* instead of an address: SEND_SIG_NOINFO, as if by kill(2) */
#define SI_PRIV		1		/* SEND_SIG_PRIV: by the kernel */
#define KERNEL_SI_USER	0
#define KERNEL_SI_KERNEL 0x80
#define KERNEL_SI_TIMER	(-2)
#define KERNEL_SI_SIGIO	(-5)
#define KERNEL_SIGCHLD	17

struct kernel_siginfo { int si_code; } __attribute__((preserve_access_index));

static __always_inline int
code_of(struct kernel_siginfo *info)
{
	__u64 at = (__u64)info;

	asm volatile("" : "+r"(at));
	if (at == SI_NOINFO)
		return KERNEL_SI_USER;
	if (at == SI_PRIV)
		return KERNEL_SI_KERNEL;
	return FILE_READ(struct kernel_siginfo, at, si_code);
}

SEC("tp_btf/signal_generate")
int
BPF_PROG(signal_generate, int sig, struct kernel_siginfo *info, struct task_struct *t, int group, int result)
{
	int code = code_of(info);
	/* Of timers and ready descriptors; a process may claim these codes too. */
	bool told = code <= KERNEL_SI_TIMER && code >= KERNEL_SI_SIGIO;
	struct task_struct *current = bpf_get_current_task_btf();
	struct ev_signal *e;
	struct ev_scratch *s;
	bool owned;

	/* A fault is the target's own, and the end of a child the child's; else anybody may run. */
	owned = (code <= 0 && !told) || sig == KERNEL_SIGCHLD || current->tgid == t->tgid;
	s = owned ? ev_new(SIGNAL_SIGNAL, sizeof(*e)) : ev_new_unowned(SIGNAL_SIGNAL, sizeof(*e));
	if (!s)
		return 0;
	e = ev_record(s);
	e->sig = sig;
	e->code = code;
	e->result = result;
	e->group = !!group;
	e->kernel = code > 0;
	target_fill(&e->target, (__u64)t);
	/* One that ends has lost what would be said of it: better nothing than that it is nowhere. */
	if (owned && EV_READ_ONLY(struct task_struct, current)->nsproxy)
		ev_send(s);
	else
		ev_send_other(s);
	return 0;
}
