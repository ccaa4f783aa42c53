/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Namespaces and roots that processes make and go into.  As with credentials (creds.bpf.c), those
 * before a call are gone at its exit and remembered for each thread.
 */
#define EV_THIS NS
#include "bpf/bpfd.bpf.h"
#include "bpf/file.bpf.h"
#include "bpf/ns.h"

#define FLAG(place, name, flag) | (flag)
#define NS_FLAGS (0 NS_KINDS(FLAG))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct uts_namespace { struct ns_common ns; };
struct ipc_namespace { struct ns_common ns; };
struct time_namespace { struct ns_common ns; };
struct nsproxy___all {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct time_namespace *time_ns_for_children;	/* Linux 5.6 */
	struct cgroup_namespace *cgroup_ns;
};

#pragma clang attribute pop

struct known { __u32 inum[NS_N]; };	/* [0] is 0: nobody knows */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct known);
} ns_known SEC(".maps");

static __always_inline void
read_ns(struct known *out, struct task_struct *trusted)
{
	struct task_struct *t = EV_READ_ONLY(struct task_struct, trusted);
	const struct nsproxy___all *p = (const void *)t->nsproxy;

	out->inum[0] = p->mnt_ns->ns.inum;
	out->inum[1] = p->uts_ns->ns.inum;
	out->inum[2] = p->ipc_ns->ns.inum;
	out->inum[3] = p->pid_ns_for_children->ns.inum;
	out->inum[4] = p->net_ns->ns.inum;
	out->inum[5] = p->time_ns_for_children->ns.inum;
	out->inum[6] = p->cgroup_ns->ns.inum;
	out->inum[7] = t->cred->user_ns->ns.inum;
}

static __always_inline void
compare(struct ev_ns *e, const struct known *before, const struct known *now)
{
#define COMPARE(place, name, flag)                                                                 \
	if (before->inum[place] != now->inum[place]) {                                             \
		e->before[place] = before->inum[place];                                            \
		e->now[place] = now->inum[place];                                                  \
		e->changed |= flag;                                                                \
	}
	NS_KINDS(COMPARE)
#undef COMPARE
}

SEC("tp_btf/task_newtask")
int
BPF_PROG(ns_newtask, struct task_struct *child, __u64 clone_flags)
{
	struct task_struct *t = bpf_get_current_task_btf();
	struct known before, *now;
	struct ev_scratch *s;
	struct ev_ns *e;

	now = bpf_task_storage_get(&ns_known, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!now)
		return 0;
	read_ns(now, child);
	if (!(clone_flags & NS_FLAGS))
		return 0;
	s = ev_new(NS_CLONE, sizeof(*e));
	if (!s)
		return 0;
	e = ev_record(s);
	e->h.ret = child->tgid;
	e->flags = clone_flags & NS_FLAGS;
	read_ns(&before, t);
	compare(e, &before, now);
	ev_send(s);
	return 0;
}

static __always_inline void
add_root(struct ev_scratch *s, struct ev_ns *e, const struct ev_call *c)
{
	struct fs_struct *fs = ev_task()->fs;
	struct file_at at = { (__u64)fs->root.mnt, (__u64)fs->root.dentry };

	if (e->h.ret >= 0) {
		file_add_path(s, &e->path, at);
		return;
	}
	e->h.flags |= EV_UNRESOLVED;
	file_add_given(s, &e->path, FILE_AT_FDCWD, (const char *)c->arg[0]);
}

/* Puts what the thread has now in the place of what it had, which is 0 when nobody knows. */
static __always_inline void
look(struct task_struct *t, struct known *before, struct known *now)
{
	struct known *known;

	read_ns(now, t);
	known = bpf_task_storage_get(&ns_known, t, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!known)
		return;
	*before = *known;
	*known = *now;
}

static __always_inline void
tell(__u16 event, const struct ev_call *c, long ret)
{
	struct task_struct *t = bpf_get_current_task_btf();
	struct known before = {}, now;
	struct ev_scratch *s;
	struct ev_ns *e;

	look(t, &before, &now);
	s = ev_new(event, sizeof(*e));
	if (!s)
		return;
	e = ev_record(s);
	e->h.ret = ret;
	if (event == NS_CHROOT) {
		add_root(s, e, c);
		ev_send(s);
		return;
	}
	e->flags = event == NS_SETNS ? c->arg[1] : c->arg[0];
	if (ret >= 0) {
		compare(e, &before, &now);
		ev_say_again(s, t);
	}
	ev_send(s);
}

SEC("tp_btf/sys_exit")
int
BPF_PROG(ns_exit, struct pt_regs *regs, long ret)
{
	__u16 event = NS_UNSHARE;
	struct ev_call c;

	ev_call(&c, regs);
	if (c.nr != __NR_unshare)
		event = c.nr == __NR_setns ? NS_SETNS : NS_CHROOT;
	if (event != NS_UNSHARE || (c.arg[0] & NS_FLAGS))
		tell(event, &c, ret);
	ev_next_call(ctx, c.nr);
	return 0;
}
