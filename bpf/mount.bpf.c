/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is mounted, moved, changed and taken away, by the old calls and by those on descriptors. */
#define EV_THIS MOUNT
#include "bpf/bpfd.bpf.h"
#include "bpf/file.bpf.h"

#include "bpf/mount.h"

#define AT_EMPTY_PATH		0x1000
#define MS_REMOUNT		0x20
#define MS_BIND			0x1000
#define MS_MOVE			0x2000
#define MS_PROPAGATION		(1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)	/* UNBINDABLE to SHARED */
#define MS_MGC_VAL		0xc0ed0000
#define MS_MGC_MSK		0xffff0000
#define FSCONFIG_SET_STRING	1
#define FSCONFIG_SET_PATH	3
#define FSCONFIG_SET_PATH_EMPTY	4
#define FSCONFIG_CMD_CREATE	6
#define KEY_MAX			255
#define DATA_MAX		1023
#define TREE_DEPTH		40

/* Newer than the headers that this is built with may be; the same everywhere. */
#ifndef __NR_open_tree_attr
#define __NR_open_tree_attr	467
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct file_system_type { const char *name; };
struct super_block___type { struct file_system_type *s_type; };
struct fs_context {
	struct file_system_type *fs_type;
	const char *source;
};
struct file___private { void *private_data; };
struct list_head { struct list_head *next, *prev; };
struct rb_node { struct rb_node *rb_right; };
struct rb_root { struct rb_node *rb_node; };
struct mnt_namespace___list { struct list_head list; };	/* up to Linux 6.7 */
struct mount___list { struct list_head mnt_list; };
struct mnt_namespace___tree { struct rb_root mounts; };	/* by age */
struct mount___tree { struct rb_node mnt_node; };
struct mount___name { const char *mnt_devname; };
#pragma clang attribute pop

struct user_attr { __u64 set, clr, propagation, userns; };	/* struct mount_attr */

static __always_inline int
event_of(long nr)
{
	switch (nr) {
	case __NR_mount: return MOUNTOP_MOUNT;
	case __NR_umount2: return MOUNTOP_UMOUNT;
	case __NR_move_mount: return MOUNTOP_MOVE;
	case __NR_fsopen: return MOUNTOP_FSOPEN;
	case __NR_fspick: return MOUNTOP_FSPICK;
	case __NR_fsconfig: return MOUNTOP_FSCONFIG;
	case __NR_fsmount: return MOUNTOP_FSMOUNT;
	case __NR_open_tree:
	case __NR_open_tree_attr: return MOUNTOP_OPEN_TREE;
	case __NR_mount_setattr: return MOUNTOP_SETATTR;
	case __NR_pivot_root: return MOUNTOP_PIVOT;
	}
	return -1;
}

/* A path as given, after the folder that it is relative to; the descriptor's own when it is empty. */
__noinline int
add_given(struct ev_scratch *s, __u32 target, int dirfd, __u64 given)
{
	struct ev_mountop *e;
	char first = 0;

	if (!s)
		return 0;
	e = ev_record(s);
	bpf_probe_read_user(&first, 1, (const void *)given);
	if (first)
		e->h.flags |= EV_UNRESOLVED;
	file_add_given(s, target ? &e->target : &e->source, dirfd, (const char *)given);
	return 0;
}
#define add_source(s, dirfd, given) add_given(s, 0, dirfd, given)
#define add_target(s, dirfd, given) add_given(s, 1, dirfd, given)

/* What a mount is of, and where.  Its struct vfsmount is names[0]: a function may be given no pointer. */
__noinline int
add_mounted_at(struct ev_scratch *s)
{
	struct ev_mountop *e;
	struct file_at at = {};
	__u64 mnt, sb, mount, parent, type;

	if (!s)
		return 0;
	mnt = at.mnt = s->names[0];
	e = ev_record(s);
	mount = mnt - bpf_core_field_offset(struct mount, mnt);
	at.dentry = FILE_READ(struct vfsmount, mnt, mnt_root);
	sb = FILE_READ(struct vfsmount, mnt, mnt_sb);
	e->dev = FILE_READ(struct super_block, sb, s_dev);
	/* One that has no place yet is its own parent. */
	parent = FILE_READ(struct mount, mount, mnt_parent);
	if (parent != mount)
		file_add_path(s, &e->mounted, at);
	type = FILE_READ(struct super_block___type, sb, s_type);
	ev_add_kernel_str(s, &e->fstype, (const void *)FILE_READ(struct file_system_type, type, name), KEY_MAX);
	if (!e->source.off)
		ev_add_kernel_str(s, &e->source, (const void *)FILE_READ(struct mount___name, mount, mnt_devname),
			EV_PATH_MAX - 1);
	return 0;
}

static __always_inline void
add_mounted(struct ev_scratch *s, __u64 mnt)
{
	s->names[0] = mnt;
	if (mnt)
		add_mounted_at(s);
}

/* The mount that the task's namespace got last. */
static __always_inline __u64
newest_mount(void)
{
	__u64 ns = (__u64)ev_task()->nsproxy->mnt_ns, at, right;

	if (bpf_core_field_exists(struct mnt_namespace___list, list)) {
		at = (__u64)BPF_CORE_READ((struct mnt_namespace___list *)ns, list.prev);
		at -= bpf_core_field_offset(struct mount___list, mnt_list);
	} else {
		at = (__u64)BPF_CORE_READ((struct mnt_namespace___tree *)ns, mounts.rb_node);
		for (int i = 0; i < TREE_DEPTH; i++) {
			right = (__u64)BPF_CORE_READ((struct rb_node *)at, rb_right);
			if (!right)
				break;
			at = right;
		}
		at -= bpf_core_field_offset(struct mount___tree, mnt_node);
	}
	return at + bpf_core_field_offset(struct mount, mnt);
}

static __always_inline __u64
mount_of(__u32 fd)
{
	const struct file *file = file_of(fd);

	return file ? FILE_READ(struct file, file, f_path.mnt) : 0;
}

static __always_inline __u64
context_of(__u32 fd)
{
	const struct file *file = file_of(fd);
	struct file_anon anon;

	if (!file || !file_anon_of(file, &anon) || !file_anon_is(&anon, "[fscontext]"))
		return 0;
	return FILE_READ(struct file___private, file, private_data);
}

/* Of a file system that is being configured. */
static __always_inline void
add_context(struct ev_scratch *s, struct ev_mountop *e, __u32 fd)
{
	__u64 fc = context_of(fd), source, type;

	if (!fc)
		return;
	type = FILE_READ(struct fs_context, fc, fs_type);
	ev_add_kernel_str(s, &e->fstype, (const void *)FILE_READ(struct file_system_type, type, name), KEY_MAX);
	source = FILE_READ(struct fs_context, fc, source);
	if (source)
		ev_add_kernel_str(s, &e->source, (const void *)source, EV_PATH_MAX - 1);
}

static __always_inline void
add_attr(struct ev_mountop *e, const void *from)
{
	struct user_attr attr = {};

	bpf_probe_read_user(&attr, sizeof(attr), from);
	e->attr_set = attr.set;
	e->attr_clr = attr.clr;
	e->h.flags |= EV_UNTRUSTED;
}

/* What mount(2) does: the first of these in its flags, else a new mount.  Old programs put a magic number before them. */
static __always_inline __u64
what_mount_does(__u64 flags)
{
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	if (flags & MS_REMOUNT)
		return MS_REMOUNT;
	if (flags & MS_BIND)
		return MS_BIND;
	if (flags & MS_PROPAGATION)
		return MS_PROPAGATION;
	return flags & MS_MOVE;
}

/* Arguments that the kernel leaves alone may be anything, and are not told. */
static __always_inline void
of_mount(struct ev_scratch *s, struct ev_mountop *e, const struct ev_call *c)
{
	__u64 does = what_mount_does(c->arg[3]);

	e->flags = c->arg[3];
	if (does == MS_BIND || does == MS_MOVE)
		add_source(s, FILE_AT_FDCWD, c->arg[0]);
	else if (!does && c->arg[0])
		ev_add_user_str(s, &e->source, (const void *)c->arg[0], EV_PATH_MAX - 1);
	add_target(s, FILE_AT_FDCWD, c->arg[1]);
	if (e->h.ret == 0 && (!does || does == MS_BIND))
		add_mounted(s, newest_mount());
	if (!does && !e->fstype.off && c->arg[2])
		ev_add_user_str(s, &e->fstype, (const void *)c->arg[2], KEY_MAX);
	if (c->arg[4] && (!does || (does == MS_REMOUNT && !(c->arg[3] & MS_BIND))))
		ev_add_user_str(s, &e->data, (const void *)c->arg[4], DATA_MAX);
}

static __always_inline void
of_fsconfig(struct ev_scratch *s, struct ev_mountop *e, const struct ev_call *c)
{
	e->cmd = c->arg[1];
	add_context(s, e, c->arg[0]);
	if (e->cmd < FSCONFIG_CMD_CREATE)
		ev_add_user_str(s, &e->key, (const void *)c->arg[2], KEY_MAX);
	if (e->cmd == FSCONFIG_SET_STRING || e->cmd == FSCONFIG_SET_PATH || e->cmd == FSCONFIG_SET_PATH_EMPTY)
		ev_add_user_str(s, &e->data, (const void *)c->arg[3], DATA_MAX);
}

static __always_inline void
of_move(struct ev_scratch *s, struct ev_mountop *e, const struct ev_call *c)
{
	char first = 0;

	e->flags = c->arg[4];
	bpf_probe_read_user(&first, 1, (const void *)c->arg[1]);
	if (first)
		add_source(s, c->arg[0], c->arg[1]);
	add_target(s, c->arg[2], c->arg[3]);
	if (!first && e->h.ret == 0)
		add_mounted(s, mount_of(c->arg[0]));
}

static __always_inline void
of_tree(struct ev_scratch *s, struct ev_mountop *e, const struct ev_call *c)
{
	e->flags = c->arg[2];
	add_source(s, c->arg[0], c->arg[1]);
	if (c->nr == __NR_open_tree_attr && c->arg[3])
		add_attr(e, (const void *)c->arg[3]);
}

/* Calls that name no file system by themselves. */
static __always_inline void
of_place(struct ev_scratch *s, struct ev_mountop *e, const struct ev_call *c)
{
	switch (e->h.event) {
	case MOUNTOP_UMOUNT:
		e->flags = c->arg[1];
		add_target(s, FILE_AT_FDCWD, c->arg[0]);
		return;
	case MOUNTOP_PIVOT:
		add_source(s, FILE_AT_FDCWD, c->arg[0]);
		add_target(s, FILE_AT_FDCWD, c->arg[1]);
		return;
	case MOUNTOP_SETATTR:
		e->flags = c->arg[2];
		add_source(s, c->arg[0], c->arg[1]);
		add_attr(e, (const void *)c->arg[3]);
		return;
	}
}

static __always_inline void
of_filesystem(struct ev_scratch *s, struct ev_mountop *e, const struct ev_call *c)
{
	switch (e->h.event) {
	case MOUNTOP_FSOPEN:
		e->flags = c->arg[1];
		if (e->h.ret >= 0)
			add_context(s, e, e->h.ret);
		if (!e->fstype.off)
			ev_add_user_str(s, &e->fstype, (const void *)c->arg[0], KEY_MAX);
		return;
	case MOUNTOP_FSPICK:
		e->flags = c->arg[2];
		add_target(s, c->arg[0], c->arg[1]);
		if (e->h.ret >= 0)
			add_context(s, e, e->h.ret);
		return;
	case MOUNTOP_FSCONFIG:
		of_fsconfig(s, e, c);
		return;
	case MOUNTOP_FSMOUNT:
		e->flags = c->arg[1];
		e->attr_set = c->arg[2];
		if (e->h.ret >= 0)
			add_mounted(s, mount_of(e->h.ret));
		return;
	}
}

SEC("tp_btf/sys_exit")
int
BPF_PROG(mount_exit, struct pt_regs *regs, long ret)
{
	struct ev_call call, *c = &call;
	struct ev_scratch *s;
	struct ev_mountop *e;
	int event;

	ev_call(c, regs);
	event = event_of(c->nr);
	if (event < 0)
		goto next;
	s = ev_new(0, sizeof(*e));
	if (!s)
		goto next;
	e = ev_record(s);
	e->h.event = event = ev_hide(s, event);
	e->h.ret = ret;
	if (event == MOUNTOP_MOUNT)
		of_mount(s, e, c);
	else if (event == MOUNTOP_MOVE)
		of_move(s, e, c);
	else if (event == MOUNTOP_OPEN_TREE)
		of_tree(s, e, c);
	else if (event == MOUNTOP_UMOUNT || event == MOUNTOP_PIVOT || event == MOUNTOP_SETATTR)
		of_place(s, e, c);
	else
		of_filesystem(s, e, c);
	ev_send(s);
next:
	ev_next(ctx, regs);
	return 0;
}
