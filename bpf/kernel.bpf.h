/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_KERNEL_BPF_H
#define BPFD_BPF_KERNEL_BPF_H

#include <linux/types.h>
#include <stdbool.h>

/*
 * The kernel's types, only the fields that are read.  A field that was renamed has a flavour
 * (struct NAME___what) with the version; the accessor that chooses is below it.
 */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct qstr { const unsigned char *name; };
struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};
struct inode {
	__u16 i_mode;
	struct { __u32 val; } i_uid;
	struct super_block *i_sb;
	__u64 i_ino;			/* unsigned long */
	__u32 i_nlink;
};
struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};
struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};
struct ns_common { __u32 inum; };
struct mnt_namespace { struct ns_common ns; };
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	struct path f_path;
	struct inode *f_inode;
	__u32 f_flags;
	__u32 f_mode;
};
struct fdtable {
	__u32 max_fds;
	struct file **fd;
};
struct files_struct { struct fdtable *fdt; };
struct fs_struct { struct path root, pwd; };

struct kernfs_node {
	struct kernfs_node *parent;	/* up to Linux 6.14 */
	const char *name;
	__u64 id;
};
struct kernfs_node___renamed { struct kernfs_node *__parent; };	/* since Linux 6.15 */

struct cgroup_root;
struct cgroup {
	int level;
	int nr_descendants;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};
struct cgroup_root {
	int hierarchy_id;
	struct cgroup cgrp;
};
struct cgroup_subsys_state { struct cgroup *cgroup; };
struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};
/* Which of them a kernel has, and their numbers, is its configuration's. */
enum cgroup_subsys_id { cpu_cgrp_id, devices_cgrp_id, freezer_cgrp_id, memory_cgrp_id, pids_cgrp_id };

struct pid_namespace { struct ns_common ns; };
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	__u32 level;
	struct upid numbers[1];
};
struct net { struct ns_common ns; };
struct cgroup_namespace { struct ns_common ns; };
struct user_namespace { struct ns_common ns; };
struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
	struct cgroup_namespace *cgroup_ns;
};
struct kernel_cap_struct { __u64 val; };	/* until Linux 6.2 of two __u32, the low one first */
struct cred {
	struct { __u32 val; } uid, gid, euid, egid;
	struct kernel_cap_struct cap_effective;
	struct user_namespace *user_ns;
};
struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start, arg_end;
};
struct tty_struct { char name[64]; };
struct signal_struct {
	struct { int counter; } live;
	int nr_threads;
	int group_exit_code;
	__u32 flags;
	struct tty_struct *tty;
	__u64 utime, stime;
	unsigned long maxrss;
};
struct thread_info { __u32 status; };
struct task_struct {
	struct thread_info thread_info;
	__u32 flags;
	int exit_code;
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	__u64 utime, stime;
	__u64 start_boottime;		/* Linux 5.5 */
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct { __u32 val; } loginuid;	/* CONFIG_AUDIT */
	__u32 sessionid;		/* CONFIG_AUDIT */
	__u64 self_exec_id;
	struct css_set *cgroups;
};
struct linux_binprm {
	struct file *file;
	struct cred *cred;
	int argc;
	const char *filename, *interp;
	const char *fdpath;
};
struct pt_regs {
	unsigned long bp, bx, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, sp;
};

#pragma clang attribute pop

/* The type of a tracepoint that not every kernel has tells whether this one has it. */
typedef void (*btf_trace_sched_prepare_exec)(void *, struct task_struct *, struct linux_binprm *);

#define KERNEL_TS_COMPAT	2	/* thread_info.status: a 32-bit system call */

#endif
