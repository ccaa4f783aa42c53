/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Changes of users, groups and capabilities.  At the exit of a call the credentials before it are
 * gone: each thread's are remembered when it is made and whenever they change.
 */
#define EV_THIS CREDS
#include "bpf/bpfd.bpf.h"
#include "bpf/creds.h"

#include <asm/unistd.h>

#define KERNEL_CLONE_NEWUSER	0x10000000

enum { CAPBSET_DROP = 24, SET_SECUREBITS = 28, CAP_AMBIENT = 47 };	/* of prctl(2) */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct group_info { int ngroups; };
struct cred___all {
	struct { __u32 val; } uid, gid, suid, sgid, euid, egid, fsuid, fsgid;
	__u32 securebits;
	struct kernel_cap_struct cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
	struct user_namespace *user_ns;
	struct group_info *group_info;
};

#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ev_creds_of);
} creds_known SEC(".maps");

#define CAPS(set) (*(__u64 *)&c->cap_##set)

static __always_inline void
read_creds(struct ev_creds_of *out, struct task_struct *trusted)
{
	struct task_struct *t = EV_READ_ONLY(struct task_struct, trusted);
	const struct cred___all *c = (const void *)t->cred;

	out->effective = CAPS(effective);
	out->permitted = CAPS(permitted);
	out->inheritable = CAPS(inheritable);
	out->ambient = CAPS(ambient);
	out->bounding = CAPS(bset);
	out->uid = c->uid.val;
	out->euid = c->euid.val;
	out->suid = c->suid.val;
	out->fsuid = c->fsuid.val;
	out->gid = c->gid.val;
	out->egid = c->egid.val;
	out->sgid = c->sgid.val;
	out->fsgid = c->fsgid.val;
	out->userns = c->user_ns->ns.inum;
	out->securebits = c->securebits;
	out->n_groups = c->group_info->ngroups;
	/* By helper: the verifier lets nobody compare pointers. */
	bpf_core_read(&out->groups, sizeof(out->groups), &c->group_info);
	out->known = 1;
}

static __always_inline bool
same(const struct ev_creds_of *a, const struct ev_creds_of *b)
{
	const __u64 *x = (const __u64 *)a, *y = (const __u64 *)b;
	__u64 differ = 0;

	for (unsigned int i = 0; i < sizeof(*a) / sizeof(*x); i++)
		differ |= x[i] ^ y[i];
	return !differ;
}

static __always_inline void
tell(struct task_struct *t, const struct ev_creds_of *before, const struct ev_creds_of *now, __u16 event,
	__u32 call, long ret)
{
	struct ev_scratch *s = ev_new(event, sizeof(struct ev_creds));
	struct ev_creds *e;

	if (!s)
		return;
	e = ev_record(s);
	e->h.ret = ret;
	e->before = *before;
	e->now = *now;
	/* They are compared, and nobody else's business: addresses. */
	e->before.groups = e->now.groups = 0;
	e->call = call;
	if (before->known)
		e->gained = (now->permitted | now->effective) & ~(before->permitted | before->effective);
	ev_say_again(s, t);
	ev_send(s);
}

/* What the thread has now, and tells it when it had something else, or is not known to have had it. */
static __always_inline void
look(__u16 event, __u32 call, long ret)
{
	struct task_struct *t = bpf_get_current_task_btf();
	struct ev_creds_of *known, before, now;

	known = bpf_task_storage_get(&creds_known, t, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!known)
		return;
	read_creds(&now, t);
	before = *known;
	if (ret < 0)
		before = now;
	else if (same(&before, &now))
		return;
	*known = now;
	/* The exec and the setns of a thread that is older than this tracer most likely changed nothing. */
	if (before.known || (event == CREDS_CALL && call != __NR_setns))
		tell(t, &before, &now, event, call, ret);
}

SEC("tp_btf/task_newtask")
int
BPF_PROG(creds_newtask, struct task_struct *child)
{
	struct ev_creds_of *known;

	known = bpf_task_storage_get(&creds_known, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (known)
		read_creds(known, child);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int
BPF_PROG(creds_exec)
{
	look(CREDS_EXEC, 0, 0);
	return 0;
}

/* What many processes do all the time, and changes no credentials. */
static __always_inline bool
is_dull(const struct ev_call *c, long ret)
{
	__u32 option = c->arg[0];

	switch (c->nr) {
	case __NR_prctl:
		return ret < 0 || (option != CAPBSET_DROP && option != SET_SECUREBITS && option != CAP_AMBIENT);
	case __NR_unshare:
		return ret < 0 || !(c->arg[0] & KERNEL_CLONE_NEWUSER);
	case __NR_setns:
		return ret < 0;
	}
	return false;
}

SEC("tp_btf/sys_exit")
int
BPF_PROG(creds_exit, struct pt_regs *regs, long ret)
{
	struct ev_call c;

	ev_call(&c, regs);
	/* These two return who it was before. */
	if (c.nr == __NR_setfsuid || c.nr == __NR_setfsgid)
		ret = 0;
	if (!is_dull(&c, ret))
		look(CREDS_CALL, c.nr, ret);
	ev_next_call(ctx, c.nr);
	return 0;
}
