/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_TARGET_BPF_H
#define BPFD_BPF_TARGET_BPF_H

/*
 * The process that a call is about, by the number or the descriptor that was given to it.  No typed
 * pointer leads there, so all here goes by address.  Include bpf/bpfd.bpf.h before.
 */
#include "bpf/file.bpf.h"
#include "bpf/target.h"

#define TARGET_LEVELS	6		/* of a tree of pids, each of 64 */
#define TARGET_XA_INNER	2		/* the low two bits of an address of an inner node */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct xa_node {
	unsigned char shift;
	void *slots[64];
};
struct xarray { void *xa_head; };
struct idr { struct xarray idr_rt; };
struct pid_namespace___idr { struct idr idr; };
struct hlist_node { struct hlist_node *next; };
struct hlist_head { struct hlist_node *first; };
struct pid___tasks { struct hlist_head tasks[1]; };
struct pid___pidfs { struct dentry *stashed; };	/* Linux 6.9: pidfds have a file system */
struct task_struct___links { struct hlist_node pid_links[1]; };
struct file___data { void *private_data; };
struct inode___data { void *i_private; };

#pragma clang attribute pop

static __always_inline __u64
target_word(__u64 at)
{
	__u64 word = 0;

	if (FILE_CAN_CAST)
		return FILE_CAST(struct timespec64, at)->tv_sec;
	bpf_probe_read_kernel(&word, sizeof(word), (const void *)at);
	return word;
}

static __always_inline __u64
target_cgroup_id(__u64 cgrp)
{
	__u64 kn = FILE_READ(struct cgroup, cgrp, kn);

	return FILE_READ(struct kernfs_node, kn, id);
}

static __always_inline __u64
target_cgroup1(__u64 cset)
{
	struct ev_v1 *v1 = ev_v1();
	__u64 css;

	if (!v1)
		return 0;
#define V(n, id)                                                                                   \
	if (v1->controller == (n) && bpf_core_enum_value_exists(enum cgroup_subsys_id, id)) {      \
		css = target_word(cset + bpf_core_field_offset(struct css_set, subsys) +           \
				sizeof(void *) * bpf_core_enum_value(enum cgroup_subsys_id, id));  \
		return target_cgroup_id(FILE_READ(struct cgroup_subsys_state, css, cgroup));       \
	}
	EV_V1_CONTROLLERS(V)
#undef V
	return 0;
}

/* task: the address of a struct task_struct. */
static __always_inline void
target_fill(struct ev_target *out, __u64 task)
{
	__u64 leader = FILE_READ(struct task_struct, task, group_leader);
	__u64 cset = FILE_READ(struct task_struct, task, cgroups);
	__u64 cred = FILE_READ(struct task_struct, task, cred);
	__u64 nsproxy = FILE_READ(struct task_struct, task, nsproxy), ns;

	out->start = FILE_READ(struct task_struct, leader, start_boottime);
	out->cgroup = target_cgroup_id(FILE_READ(struct css_set, cset, dfl_cgrp));
	out->cgroup1 = target_cgroup1(cset);
	out->pid = FILE_READ(struct task_struct, task, tgid);
	out->tid = FILE_READ(struct task_struct, task, pid);
	out->uid = FILE_READ(struct cred, cred, uid.val);
	ns = nsproxy ? FILE_READ(struct nsproxy, nsproxy, mnt_ns) : 0;
	out->mntns = ns ? FILE_READ(struct mnt_namespace, ns, ns.inum) : 0;
	bpf_core_read(out->comm, sizeof(out->comm), &((struct task_struct *)task)->comm);
}

/* The thread that a struct pid is of, by address; 0: of none, or it is no struct pid. */
static __always_inline __u64
target_of_pid(__u64 pid)
{
	__u64 first, task;

	if (!pid)
		return 0;
	first = target_word(pid + bpf_core_field_offset(struct pid___tasks, tasks));
	if (!first)
		return 0;
	task = first - bpf_core_field_offset(struct task_struct___links, pid_links);
	return FILE_READ(struct task_struct, task, thread_pid) == pid ? task : 0;
}

/* The same of a number in the pid namespace of the current task, as the kernel's find_vpid(). */
static __always_inline __u64
target_of_number(__u32 nr)
{
	__u64 node = (__u64)ev_upid(ev_task()->group_leader).ns;

	node = target_word(node + bpf_core_field_offset(struct pid_namespace___idr, idr.idr_rt.xa_head));
	for (int i = 0; i < TARGET_LEVELS && (node & 3) == TARGET_XA_INNER; i++) {
		__u32 shift;

		node -= TARGET_XA_INNER;
		shift = FILE_READ(struct xa_node, node, shift);
		if (i == 0 && nr >> (shift & 31) >= 64)
			return 0;
		node = target_word(node + bpf_core_field_offset(struct xa_node, slots) +
				sizeof(void *) * (nr >> (shift & 31) & 63));
	}
	return node & 3 ? 0 : target_of_pid(node);
}

/* The same of a pidfd of the current task. */
static __always_inline __u64
target_of_pidfd(int fd)
{
	const struct file *file = file_of(fd);
	__u64 inode;

	if (!file)
		return 0;
	if (!bpf_core_field_exists(struct pid___pidfs, stashed))
		return target_of_pid(target_word((__u64)file + bpf_core_field_offset(struct file___data, private_data)));
	inode = FILE_READ(struct file, file, f_inode);
	return target_of_pid(target_word(inode + bpf_core_field_offset(struct inode___data, i_private)));
}

#endif
