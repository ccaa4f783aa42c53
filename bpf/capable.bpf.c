/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Capabilities that the kernel asks for.  It does so thousands of times a second: of a process, a
 * capability, a namespace and an answer there is one event in a while.
 */
#define EV_THIS CAPABLE
#include "bpf/bpfd.bpf.h"
#include "bpf/often.bpf.h"

#include "bpf/capable.h"

static __always_inline void
asked(struct user_namespace *where, int cap, int ret)
{
	struct task_struct *t = bpf_get_current_task_btf();
	struct ev_scratch *s = ev_new_bare(t, CAPABLE_CAPABLE, sizeof(struct ev_capable));
	struct ev_capable *e;
	__u32 userns, count;

	if (!s)
		return;
	userns = EV_READ_ONLY(struct user_namespace, where)->ns.inum;
	count = often_count(EV_READ_ONLY(struct task_struct, t), cap << 1 | !ret, userns);
	if (!count)
		return;
	ev_fill_current(s);
	e = ev_record(s);
	e->h.ret = ret;
	e->cap = cap;
	e->userns = userns;
	e->count = count;
	ev_send(s);
}

/* Linux 6.12 has no such tracepoint. */
SEC("?tp_btf/cap_capable")
int
BPF_PROG(capable__told, const struct cred *cred, struct user_namespace *where, const struct user_namespace *had,
	int cap, int ret)
{
	asked(where, cap, ret);
	return 0;
}

SEC("?fexit/cap_capable")
int
BPF_PROG(capable__returned, const struct cred *cred, struct user_namespace *where, int cap, unsigned int opts, int ret)
{
	asked(where, cap, ret);
	return 0;
}
