/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_INFO_BPF_H
#define BPFD_BPF_INFO_BPF_H

#include "bpf/hash.bpf.h"
#include "bpf/path.bpf.h"
#include "bpf/send.bpf.h"
#include "bpf/v1.bpf.h"

/* What is constant for a process or a cgroup: sent once, before the first record that needs it. */

#define EV_CGROUP_LEVELS 16

/* The barriers keep the compiler from reading both, of which one is not there. */
static __always_inline struct kernfs_node *
ev_kernfs_parent(struct kernfs_node *kn)
{
	struct kernfs_node___renamed *renamed = (void *)kn;

	if (bpf_core_field_exists(renamed->__parent)) {
		asm volatile("" : "+r"(renamed));
		return renamed->__parent;
	}
	asm volatile("" : "+r"(kn));
	return kn->parent;
}

static __always_inline void
ev_copy_comm(char *to, const char *from)
{
	((__u64 *)to)[0] = ((__u64 *)from)[0];
	((__u64 *)to)[1] = ((__u64 *)from)[1];
}

/*
 * Header of the process that a task is of; its own tid and comm.  Not: len, event, ts, ret, cgroup1; of
 * flags only EV_COMPAT is added.
 * The task's own fields are read through the trusted pointer, which takes no check of the address,
 * and pointers through one that is not (EV_READ_ONLY).
 */
static __always_inline void
ev_fill_any(struct ev_hdr *h, struct task_struct *trusted)
{
	struct task_struct *t = EV_READ_ONLY(struct task_struct, trusted);
	const struct cred *cred = t->cred;

	h->start = t->group_leader->start_boottime;
	h->cgroup = t->cgroups->dfl_cgrp->kn->id;
	h->tgid = trusted->tgid;
	h->tid = trusted->pid;
	h->ppid = t->real_parent->tgid;
	h->uid = cred->uid.val;
	h->gid = cred->gid.val;
	h->mntns = t->nsproxy->mnt_ns->ns.inum;
	h->exec_id = trusted->self_exec_id;
	h->flags |= ev_compat(trusted) * (EV_COMPAT / KERNEL_TS_COMPAT);
	ev_copy_comm(h->comm, trusted->comm);
}

/* All of it, of the current task. */
static __always_inline void
ev_fill(struct ev_hdr *h, struct task_struct *current)
{
	ev_fill_any(h, current);
	h->cgroup1 = ev_v1_now(EV_READ_ONLY(struct task_struct, current), ev_v1());
}

/* Pads the record to a multiple of 8 and returns its length. */
static __always_inline __u32
ev_close(struct ev_scratch *s)
{
	__u32 len = ev_head(s)->len;

	if (len > EV_ROOM - 8)
		len = EV_ROOM - 8;
	*ev_words(s, len) = 0;
	len = (len + 7) & ~7u;
	ev_head(s)->len = len;
	return len;
}

struct ev_walk_cgroup {
	struct ev_scratch *s;
	struct kernfs_node *kn;
};

static int
ev_step_cgroup(__u32 i, struct ev_walk_cgroup *w)
{
	struct kernfs_node *up = ev_kernfs_parent(w->kn);

	if (!up) {
		w->s->whole = 1;
		return 1;
	}
	ev_name_push(w->s, (__u64)w->kn->name);
	w->kn = up;
	return 0;
}

/* The path of a cgroup from the root of its hierarchy. */
static __always_inline void
ev_add_cgroup_path(struct ev_scratch *s, struct ev_str *out, struct cgroup *cgrp)
{
	struct ev_walk_cgroup w = { s, cgrp->kn };

	s->n_names = 0;
	s->whole = 0;
	bpf_loop(EV_CGROUP_LEVELS, ev_step_cgroup, &w, 0);
	out->off = ev_head(s)->len;
	out->len = ev_compose(s);
	ev_mark_cut(s, out, s->cut);
}

/* True: it has been said, in this generation. */
static __always_inline int
ev_say_cgroup(struct ev_scratch *i, struct cgroup *cgrp, __u64 hierarchy, __u32 generation, __u32 epoch)
{
	struct ev_cgroup_key key = { cgrp->kn->id, hierarchy };
	struct ev_cgroup_said said = { generation, epoch }, *had;
	struct ev_cgroup_info *info = (void *)i->b;

	had = bpf_map_lookup_elem(&cgroups_seen, &key);
	if (had && had->generation == generation && had->epoch == epoch)
		return 1;
	__builtin_memset(info, 0, sizeof(*info));
	info->h.len = sizeof(*info);
	info->h.event = EV_CGROUP_INFO;
	info->id = key.id;
	info->hierarchy = hierarchy;
	info->level = cgrp->level;
	info->epoch = epoch;
	ev_add_cgroup_path(i, &info->path, cgrp);
	info->h.ts = bpf_ktime_get_boot_ns();
	if (!ev_output(EV_CONTROL, TR_NONE, &info->h, ev_close(i), false))
		return 0;
	bpf_map_update_elem(&cgroups_seen, &key, &said, BPF_ANY);
	return 1;
}

/* The innermost pid of a process, and the namespace it is in. */
static __always_inline struct upid
ev_upid(struct task_struct *leader)
{
	struct upid u = {};
	__u64 at = 0;

	/* Read by helper: Linux 6.1 allows no arithmetic with an index on a typed pointer. */
	bpf_core_read(&at, sizeof(at), &leader->thread_pid);
	at += bpf_core_field_offset(struct pid, numbers);
	at += (leader->thread_pid->level & 31) * bpf_core_type_size(struct upid);
	u.nr = BPF_CORE_READ((const struct upid *)at, nr);
	u.ns = BPF_CORE_READ((const struct upid *)at, ns);
	return u;
}

static __always_inline void
ev_fill_parent(struct ev_proc_info *info, struct task_struct *parent)
{
	info->pstart = parent->start_boottime;
	ev_copy_comm(info->pcomm, parent->comm);
}

static __always_inline void
ev_fill_cred(struct ev_proc_info *info, const struct cred *cred)
{
	info->cap_eff = *(__u64 *)&cred->cap_effective;
	info->euid = cred->euid.val;
	info->egid = cred->egid.val;
	info->userns = cred->user_ns->ns.inum;
}

static __always_inline void
ev_fill_pid(struct ev_proc_info *info, struct task_struct *leader)
{
	struct upid upid = ev_upid(leader);

	info->ns_pid = upid.nr;
	info->pidns = BPF_CORE_READ(upid.ns, ns.inum);
}

static __always_inline void
ev_fill_tty(struct ev_proc_info *info, struct tty_struct *tty)
{
	if (!tty)
		return;
	ev_copy_comm(info->tty, tty->name);
	info->tty[EV_COMM - 1] = '\0';
}

static __always_inline void
ev_fill_exe(struct ev_scratch *i, struct file *exe)
{
	struct ev_proc_info *info = (void *)i->b;

	if (!exe)
		return;
	info->exe_dev = exe->f_inode->i_sb->s_dev;
	info->exe_ino = exe->f_inode->i_ino;
	info->exe_nlink = exe->f_inode->i_nlink;
	ev_add_file_path(i, &info->exe, exe);
}

/*
 * What EV_PROC_INFO has besides its header, and but the arguments, which only the process itself can
 * read.  Each pointer is followed where it is needed: the verifier of Linux 6.1 allows 512 bytes of
 * stack for all that call one another.
 */
static __always_inline void
ev_fill_proc(struct ev_scratch *i, struct task_struct *t)
{
	struct ev_proc_info *info = (void *)i->b;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct file *exe;

	info->h.len = sizeof(*info);
	info->h.event = EV_PROC_INFO;
	info->h.tid = info->h.tgid;
	ev_copy_comm(info->h.comm, t->group_leader->comm);
	ev_fill_parent(info, t->real_parent->group_leader);
	ev_fill_cred(info, t->cred);
	ev_fill_pid(info, t->group_leader);
	ev_fill_tty(info, t->signal->tty);
	info->loginuid = bpf_core_field_exists(t->loginuid) ? t->loginuid.val : ~0u;
	info->sessionid = bpf_core_field_exists(t->sessionid) ? t->sessionid : ~0u;
	info->netns = t->nsproxy->net_ns->ns.inum;
	info->cgroupns = t->nsproxy->cgroup_ns->ns.inum;

	mm = t->mm;
	if (mm)
		ev_fill_exe(i, mm->exe_file);
	fs = t->fs;
	if (fs)
		ev_add_path(i, &info->cwd, fs->pwd.dentry, fs->pwd.mnt);
	mm = t->real_parent->group_leader->mm;
	exe = mm ? mm->exe_file : NULL;
	if (exe)
		ev_add_file_path(i, &info->pexe, exe);
}

/* Arguments: each is followed by NUL, the last one too when it is cut or has been overwritten. */
static __always_inline void
ev_add_args(struct ev_scratch *s, struct ev_str *out, struct mm_struct *mm)
{
	__u64 start = mm->arg_start, len = mm->arg_end - start;
	__u32 last;

	ev_add_user_bytes(s, out, (const void *)start, len, EV_ARGS_MAX);
	ev_head(s)->flags |= EV_UNTRUSTED;
	if (!out->len)
		return;
	last = (__u32)out->off + out->len - 1;
	asm volatile("" : "+r"(last));
	if (last < EV_ROOM)
		s->b[last] = 0;
}

/* The same of the current task; which: of enum ev_v1_controller, or 0 for version 2. */
__noinline int
ev_say_current_cgroup(struct ev_scratch *i, __u32 which, __u32 generation, __u32 epoch)
{
	struct task_struct *t = ev_task();
	struct css_set *cset = t->cgroups;
	struct cgroup *cgrp = which ? ev_v1_cgroup(cset, which) : cset->dfl_cgrp;

	if (!i || !cgrp)
		return 1;
	return ev_say_cgroup(i, cgrp, which ? 1 : 2, generation, epoch);
}

__noinline int
ev_fill_current(struct ev_scratch *s)
{
	if (s)
		ev_fill(ev_head(s), bpf_get_current_task_btf());
	return 0;
}

__noinline int
ev_say_proc(struct ev_scratch *i)
{
	struct task_struct *t = ev_task();
	struct mm_struct *mm = t->mm;
	struct ev_proc_info *info;

	if (!i)
		return 0;
	info = (void *)i->b;
	__builtin_memset(info, 0, sizeof(*info));
	ev_fill_current(i);
	ev_fill_proc(i, t);
	if (mm)
		ev_add_args(i, &info->args, mm);
	info->h.ts = bpf_ktime_get_boot_ns();
	return ev_output(EV_CONTROL, TR_NONE, &info->h, ev_close(i), false);
}

/* The executable of the EV_PROC_INFO in i, into its judge.hash.  0: it is not whole. */
__noinline int
ev_hash_exe(struct ev_scratch *i)
{
	const struct ev_proc_info *info;

	if (!i)
		return 0;
	info = (const struct ev_proc_info *)i->b;
	return ev_hash_path(i, info->exe.off, info->exe.len);
}

/*
 * What was said of the current task's process, from where that is kept or, with note 1, to there.  0: it is not known,
 * and *said is empty, or there is no room to note it.  Once for each way that leads here the kernel searches its
 * BTF for what the task's leader is: who reads it comes this way.
 */
__noinline int
ev_said(struct ev_proc_said *said, __u32 note)
{
	struct task_struct *t = bpf_get_current_task_btf();
#ifdef EV_IN_CGROUPS
	struct ev_proc_key key = { .start = t->group_leader->start_boottime, .tgid = t->tgid };
	struct ev_proc_said fresh = {}, *kept = bpf_map_lookup_elem(&procs_hashed, &key);

	if (!kept && note) {	/* before Linux 6.2 no value comes from where said may be */
		bpf_map_update_elem(&procs_hashed, &key, &fresh, BPF_NOEXIST);
		kept = bpf_map_lookup_elem(&procs_hashed, &key);
	}
#else
	struct ev_proc_said *kept = bpf_task_storage_get(&procs, t->group_leader, NULL,
		note & BPF_LOCAL_STORAGE_GET_F_CREATE);		/* 1: no branch, so that the verifier comes here once */
#endif
	if (!said)
		return 0;
	if (note && kept)
		__builtin_memcpy(kept, said, offsetof(struct ev_proc_said, ended));	/* that is another's */
	else if (kept)
		*said = *kept;
	else if (!note)
		__builtin_memset(said, 0, sizeof(*said));
	return kept != NULL;
}

/*
 * Nothing must be said before it: it is of the same process as this CPU's last one.  What was said of a
 * process and its cgroups stays said as long as none of these numbers changes.
 */
static __always_inline bool
ev_is_announced(const struct ev_scratch *s)
{
	const struct ev_hdr *h = (const struct ev_hdr *)s->b;
	const struct ev_announced *last = &s->announced;
	__u32 zero = 0;
	struct ev_v1 *v1 = bpf_map_lookup_elem(&cgroup_v1, &zero);

	return v1 && !((last->start ^ h->start) | (last->cgroup ^ h->cgroup) | (last->cgroup1 ^ h->cgroup1) |
		(last->tgid ^ h->tgid) | (last->exec_id ^ h->exec_id) |
		(last->generation ^ s->generation) | (last->epoch ^ v1->epoch));
}

static __always_inline void
ev_note_announced(struct ev_scratch *s, __u32 epoch)
{
	const struct ev_hdr *h = ev_head(s);
	struct ev_announced *last = &s->announced;

	last->start = h->start;
	last->cgroup = h->cgroup;
	last->cgroup1 = h->cgroup1;
	last->tgid = h->tgid;
	last->exec_id = h->exec_id;
	last->generation = s->generation;
	last->epoch = epoch;
}

/*
 * What was said of the process has changed without an exec: it is said again, before the record.
 * t: the current task.
 */
static __always_inline void
ev_say_again(struct ev_scratch *s, struct task_struct *t)
{
	struct ev_proc_said *said = bpf_task_storage_get(&procs, t->group_leader, NULL, 0);

	s->announced.tgid = 0;
	if (said)
		said->proc = 0;
}

/*
 * Before a record of the current task, if it is not ev_is_announced().  i: scratch that is not the
 * record's.  The time of the record must be taken after this, so that what another thread has said comes
 * before it.
 */
__noinline int
ev_announce(struct ev_scratch *i, struct ev_scratch *s)
{
	struct ev_v1 *v1 = ev_v1();
	__u32 epoch = v1 ? v1->epoch : 0, which = v1 ? v1->controller : EV_V1_NONE;
	struct ev_proc_said *said;
	__u32 generation;
	struct ev_hdr *h;
	int kept, ok, fresh = 0;

	if (!i || !s)
		return 0;
	h = ev_head(s);
	generation = s->generation;
	said = &i->said;
	kept = ev_said(said, 0);
	if (!said->cgroups || said->cgroup != h->cgroup || said->cgroup1 != h->cgroup1 ||
	    said->cgroup_generation != generation || said->cgroup_epoch != epoch) {
		ok = ev_say_current_cgroup(i, 0, generation, 0);
		if (which < EV_V1_NONE)
			ok &= ev_say_current_cgroup(i, which, generation, epoch);
		said->cgroup = h->cgroup;
		said->cgroup1 = h->cgroup1;
		said->cgroup_generation = generation;
		said->cgroup_epoch = epoch;
		said->cgroups = ok;
		fresh = 1;
	}
	if (!said->proc || said->generation != generation || said->exec_id != h->exec_id) {
		said->proc = ev_say_proc(i);
		said->exe = ev_hash_exe(i) ? i->judge.hash : 0;
		said->generation = generation;
		said->exec_id = h->exec_id;
		fresh = 1;
	}
	/* Only then: another thread may be about to say the process again. */
	if (fresh)
		kept = ev_said(said, 1);
	/* What could not be said, or noted in the process, is tried again with the next one. */
	if (kept && said->proc && said->cgroups)
		ev_note_announced(s, epoch);
	return 0;
}

#endif
