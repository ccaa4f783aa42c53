/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_ENFORCE_TABLE_BPF_H
#define BPFD_BPF_ENFORCE_TABLE_BPF_H

/*
 * Goes through the table of bpf/enforce.h for one act.  All of it lies on the stack: what is decided
 * must not depend on memory of the CPU, which another task may take over in the middle.
 */
#include "bpf/enforce_path.bpf.h"

#define KERNEL_PF_KTHREAD	0x00200000
#define ENF_ANCESTORS		(1 << 16)	/* more than a host has processes one below the other */
#define ENF_TICK_NS		10000000
#define ENF_MINUTE_NS		60000000000ULL
#define ENF_TRIES		8	/* to take from a budget that others take from */

/* What is about to happen, or has just. */
struct enf_act {
	__u64 mnt, dentry;		/* of the file; 0: there is none */
	__u64 addr[2];
	__u64 arg;
	__u32 hook, target;
	__u16 port, family, type, protocol;
};

enum enf_standing { ENF_STANDING_ASK, ENF_STANDING_ANY, ENF_STANDING_OURS, ENF_STANDING_PROTECTED };

struct enf_run {
	struct enf_table *t;
	struct enf_act act;
	__u64 path, exe;		/* which of the table's paths they are */
	__u64 would, over, spared, undecided;	/* bit per row */
	__u32 at;
	__u16 stopped;			/* row that stops the act, plus one */
	__u8 stopped_undecided;
	__u8 unknown;			/* bit: 1 path, 2 exe could not be told */
	__u32 standing;			/* enum enf_standing */
};

/*
 * The table as it is during one run: who replaces it makes a new map.  By sizes, not types: Linux 6.1
 * takes none without types in the place of one with them.
 */
struct enf_inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct enf_table));
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct enf_inner);
} enforce_tables SEC(".maps");

static __always_inline struct enf_table *
enf_table(void)
{
	__u32 zero = 0;
	void *inner = bpf_map_lookup_elem(&enforce_tables, &zero);

	return inner ? bpf_map_lookup_elem(inner, &zero) : NULL;
}

/* ---- who ---- */

struct enf_ancestor { __u64 task; };

static int
enf_go_up(__u32 i, struct enf_ancestor *a)
{
	const struct task_struct *t = (const struct task_struct *)a->task;

	if (!t || BPF_CORE_READ(t, tgid) == 1)
		return 1;
	a->task = (__u64)BPF_CORE_READ(t, group_leader, real_parent);
	return 0;
}

/* Once for a table: whoever is asked about first looks for process 1. */
static __noinline int
enf_find_host(struct enf_table *t)
{
	struct enf_ancestor a = { (__u64)ev_task() };
	const struct task_struct *first;

	bpf_loop(ENF_ANCESTORS, enf_go_up, &a, 0);
	first = (const struct task_struct *)a.task;
	if (!first || BPF_CORE_READ(first, tgid) != 1)
		return 0;
	*(volatile __u64 *)&t->host_mntns = (__u64)BPF_CORE_READ(first, nsproxy, mnt_ns);
	return t->host_mntns != 0;
}

static __always_inline bool
enf_in_host_mounts(struct enf_table *t)
{
	if (!t->host_mntns && !enf_find_host(t))
		return false;
	return (__u64)ev_task()->nsproxy->mnt_ns == t->host_mntns;
}

static __always_inline bool
enf_is_supervisor(const struct enf_table *t, struct task_struct *task)
{
	return t->own_pid && task->tgid == (int)t->own_pid &&
		task->group_leader->start_boottime / ENF_TICK_NS == t->own_ticks;
}

/*
 * A name in the list, of a file that only root may have put there: anybody can call a program of
 * their own so, and root of a container can in its mounts.
 */
static __noinline int
enf_is_protected(struct enf_table *t)
{
	struct mm_struct *mm = ev_task()->mm;
	struct file *exe = mm ? mm->exe_file : NULL;
	__u64 name[ENF_WORD / 8] = {}, differs;
	struct enf_protect *p;

	if (!exe || exe->f_inode->i_uid.val || (exe->f_inode->i_mode & 022) || !enf_in_host_mounts(t))
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), exe->f_path.dentry->d_name.name);
	for (__u32 i = 0; i < ENF_PROTECT; i++) {
		if (i >= t->n_protect)
			break;
		p = &t->protect[i];
		differs = 0;
		for (int j = 0; j < ENF_WORD / 8; j++)
			differs |= (name[j] ^ p->word[j]) & p->mask[j];
		if (!differs)
			return 1;
	}
	return 0;
}

static __always_inline enum enf_standing
enf_standing(struct enf_table *t)
{
	struct task_struct *task = ev_task();

	if (task->tgid == 1 || (task->flags & KERNEL_PF_KTHREAD))
		return ENF_STANDING_OURS;
	if (enf_is_supervisor(t, task) || enf_is_supervisor(t, task->real_parent))
		return ENF_STANDING_OURS;
	return enf_is_protected(t) ? ENF_STANDING_PROTECTED : ENF_STANDING_ANY;
}

/* ---- steps ---- */

/* False: it cannot be told. */
static __always_inline bool
enf_number(struct enf_run *r, __u8 field, __u64 *out)
{
	const struct dentry *dentry = (const struct dentry *)r->act.dentry;
	struct task_struct *t = ev_task();
	struct inode *inode;

	switch (field) {
	case ENF_F_PID: *out = t->tgid; return true;
	case ENF_F_TID: *out = t->pid; return true;
	case ENF_F_PPID: *out = t->real_parent->tgid; return true;
	case ENF_F_UID: *out = t->cred->uid.val; return true;
	case ENF_F_GID: *out = t->cred->gid.val; return true;
	case ENF_F_EUID: *out = t->cred->euid.val; return true;
	case ENF_F_EGID: *out = t->cred->egid.val; return true;
	case ENF_F_LOGINUID:
		*out = bpf_core_field_exists(t->loginuid) ? t->loginuid.val : ~0u;
		return true;
	case ENF_F_MNTNS: *out = t->nsproxy->mnt_ns->ns.inum; return true;
	case ENF_F_NETNS: *out = t->nsproxy->net_ns->ns.inum; return true;
	case ENF_F_USERNS: *out = t->cred->user_ns->ns.inum; return true;
	case ENF_F_PIDNS: *out = BPF_CORE_READ(ev_upid(t->group_leader).ns, ns.inum); return true;
	case ENF_F_CGROUP: *out = t->cgroups->dfl_cgrp->kn->id; return true;
	case ENF_F_HOSTNS:
		if (!r->t->host_mntns && !enf_find_host(r->t))
			return false;
		*out = enf_in_host_mounts(r->t) && !t->group_leader->thread_pid->level;
		return true;
	case ENF_F_ARG: *out = r->act.arg; return true;
	case ENF_F_TARGET: *out = r->act.target; return true;
	case ENF_F_PORT: *out = r->act.port; return *out || r->act.hook != ENF_LISTEN;	/* it is chosen then */
	case ENF_F_FAMILY: *out = r->act.family; return true;
	case ENF_F_TYPE: *out = r->act.type; return true;
	case ENF_F_PROTOCOL: *out = r->act.protocol; return true;
	}
	inode = dentry ? BPF_CORE_READ(dentry, d_inode) : NULL;
	if (!inode)
		return false;
	switch (field) {
	case ENF_F_DEV: *out = BPF_CORE_READ(inode, i_sb, s_dev); return true;
	case ENF_F_INO: *out = BPF_CORE_READ(inode, i_ino); return true;
	case ENF_F_OWNER: *out = BPF_CORE_READ(inode, i_uid.val); return true;
	case ENF_F_NLINK: *out = BPF_CORE_READ(inode, i_nlink); return true;
	}
	return false;
}

/* The first bits of 16 bytes, as they lie in memory. */
static __always_inline bool
enf_bytes(const struct enf_run *r, const struct enf_step *s)
{
	__u64 a = r->act.addr[0], b = r->act.addr[1];
	__u32 bits = s->bits;

	/* The compiler must not load both through one pointer. */
	asm volatile("" : "+r"(a), "+r"(b));
	if (s->field == ENF_F_COMM) {
		struct task_struct *t = ev_task();

		a = ((__u64 *)t->comm)[0];
		b = ((__u64 *)t->comm)[1];
	}
	a = __builtin_bswap64(a ^ s->lo);
	b = __builtin_bswap64(b ^ s->hi);
	if (bits < 64)
		return bits == 0 || !(a >> ((64 - bits) & 63));
	if (bits == 64)
		return !a;
	return !a && !(b >> ((128 - bits) & 63));
}

enum { ENF_NO, ENF_YES, ENF_UNKNOWN };

static __always_inline int
enf_test(struct enf_run *r, const struct enf_step *s)
{
	__u64 n = 0;

	if (s->op == ENF_BYTES)
		return enf_bytes(r, s);
	if (s->op == ENF_PATH && s->field == ENF_F_EXE)
		return r->unknown & 2 ? ENF_UNKNOWN : (r->exe & s->lo) != 0;
	if (s->op == ENF_PATH)
		return r->unknown & 1 ? ENF_UNKNOWN : (r->path & s->lo) != 0;
	if (!enf_number(r, s->field, &n))
		return ENF_UNKNOWN;
	if (s->op == ENF_ALL_BITS)
		return (n & s->lo) == s->lo;
	if (s->op == ENF_ANY_BITS)
		return (n & s->lo) != 0;
	return n >= s->lo && n <= s->hi;
}

/*
 * A bucket as the time at which it will be full again (GCRA): one word, taken from by one compare
 * and swap.  Others that take at the same time make it try again.  Who lost ENF_TRIES times is stopped
 * all the same: a crowd that acts at once must not get through what a single one does not.
 */
static __always_inline bool
enf_budget_left(struct enf_row *row)
{
	__u64 now = bpf_ktime_get_ns(), full, after;

	if (!row->each_ns)
		return true;
	for (int i = 0; i < ENF_TRIES; i++) {
		full = *(volatile __u64 *)&row->full_at;
		after = (full > now ? full : now) + row->each_ns;
		if (after > now + row->burst_ns)
			return false;
		if (__sync_val_compare_and_swap(&row->full_at, full, after) == full)
			return true;
	}
	return true;
}

/* A row matches: stops the act, or says where to go on. */
static __always_inline __u32
enf_matched(struct enf_run *r, __u32 n, bool undecided)
{
	struct enf_row *row;

	n &= ENF_ROWS - 1;
	asm volatile("" : "+r"(n));
	if (n >= ENF_ROWS)
		return ENF_END;
	row = &r->t->rows[n];
	if (undecided && !(row->flags & ENF_CLOSED)) {
		r->undecided |= 1ULL << n;
		return row->next;
	}
	if (r->standing == ENF_STANDING_ASK)
		r->standing = enf_standing(r->t);
	if (r->standing == ENF_STANDING_OURS)
		return ENF_END;
	if (r->standing == ENF_STANDING_PROTECTED)
		r->spared |= 1ULL << n;
	else if (!(row->flags & ENF_ENFORCE))
		r->would |= 1ULL << n;
	else if (!enf_budget_left(row))
		r->over |= 1ULL << n;
	else {
		r->stopped = n + 1;
		r->stopped_undecided = undecided;
		return ENF_END;
	}
	return row->next;
}

static int
enf_step(__u32 i, struct enf_run *r)
{
	__u32 at = r->at, next;
	const struct enf_step *s;
	int truth;

	asm volatile("" : "+r"(at));
	if (at >= ENF_STEPS)
		return 1;
	s = &r->t->steps[at];
	truth = enf_test(r, s);
	next = truth == ENF_YES ? s->yes : s->no;
	if (truth == ENF_UNKNOWN || (next & ENF_MATCH))
		next = enf_matched(r, truth == ENF_UNKNOWN ? s->row : next, truth == ENF_UNKNOWN);
	r->at = next;
	return next >= ENF_STEPS;
}

/* What of paths the hook's rows ask for. */
static __always_inline void
enf_paths(struct enf_run *r, struct enf_table *t)
{
	struct enf_where at = { .mnt = r->act.mnt, .dentry = r->act.dentry };
	__u32 hook = r->act.hook;
	struct mm_struct *mm;

	if (t->needs_path >> hook & 1) {
		r->unknown |= !enf_path(t, &at);
		r->path = at.mask;
	}
	if (t->needs_exe >> hook & 1) {
		mm = ev_task()->mm;
		at.mnt = mm ? (__u64)mm->exe_file->f_path.mnt : 0;
		at.dentry = mm ? (__u64)mm->exe_file->f_path.dentry : 0;
		at.mask = 0;
		if (!enf_path(t, &at))
			r->unknown |= 2;
		r->exe = at.mask;
	}
}

/* r->act says what it is; the rest is filled in.  False: nothing came of it, and nothing is to be said. */
static __always_inline bool
enf_decide(struct enf_run *r)
{
	__u32 hook = r->act.hook & (ENF_HOOKS_MAX - 1);
	struct enf_table *t = enf_table();

	if (!t || t->first[hook] >= ENF_STEPS)
		return false;
	r->t = t;
	r->at = t->first[hook];
	r->path = r->exe = r->would = r->over = r->spared = r->undecided = 0;
	r->stopped = r->stopped_undecided = r->unknown = 0;
	r->standing = ENF_STANDING_ASK;
	enf_paths(r, t);
	bpf_loop(ENF_STEPS, enf_step, r, 0);
	return r->stopped || (r->would | r->over | r->spared | r->undecided);
}

#endif
