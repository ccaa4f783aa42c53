/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_FILE_BPF_H
#define BPFD_BPF_FILE_BPF_H

/*
 * Files by descriptor.  No typed pointer leads through the descriptor table, so all here goes by
 * address and is read by helper: as few reads as can be.  Include bpf/bpfd.bpf.h before.
 */
#include <asm/unistd.h>

#include "bpf/cast.bpf.h"

#define FILE_AT_FDCWD	(-100)
#define FILE_S_IFMT	0170000
#define FILE_S_IFREG	0100000
#define FILE_S_IFSOCK	0140000
#define FILE_S_ISREG(mode)	(((mode) & FILE_S_IFMT) == FILE_S_IFREG)
#define FILE_FMODE_WRITE	0x2
#define FILE_FMODE_CREATED	0x100000

/* The file of a descriptor of the current task, which is t; 0: there is none. */
static __always_inline struct file *
file_of_task(struct task_struct *t, __u32 fd)
{
	struct fdtable *fdt = EV_READ_ONLY(struct task_struct, t)->files->fdt;
	struct file *file = NULL;

	if (fd >= fdt->max_fds)
		return NULL;
	if (FILE_CAN_CAST)
		return (struct file *)FILE_CAST(struct timespec64, (__u64)fdt->fd + fd * 8ULL)->tv_sec;
	bpf_probe_read_kernel(&file, sizeof(file), fdt->fd + fd);
	return file;
}

static __always_inline struct file *
file_of(__u32 fd)
{
	return file_of_task(bpf_get_current_task_btf(), fd);
}

static __always_inline struct file_at
file_where(const struct file *file)
{
	struct file_at at;

	if (FILE_CAN_CAST) {
		const struct path *path = &FILE_CAST(struct file, file)->f_path;

		at.mnt = (__u64)path->mnt;
		at.dentry = (__u64)path->dentry;
	} else {
		at.mnt = (__u64)BPF_CORE_READ(file, f_path.mnt);
		at.dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	}
	return at;
}

static __always_inline void
file_id(const struct file *file, __u64 *dev, __u64 *ino)
{
	if (FILE_CAN_CAST) {
		const struct inode *inode = FILE_CAST(struct file, file)->f_inode;

		*ino = inode->i_ino;
		*dev = inode->i_sb->s_dev;
	} else {
		struct inode *inode = BPF_CORE_READ(file, f_inode);

		*ino = BPF_CORE_READ(inode, i_ino);
		*dev = BPF_CORE_READ(inode, i_sb, s_dev);
	}
}

/*
 * What the kernel calls a file of an anonymous inode ("[fscontext]", "bpf-prog"): nobody else can make
 * one, so what is behind it is of that kind.  False: it is no such file.
 */
#define FILE_ANON_MAGIC		0x09041934
struct file_anon { char name[16]; } __attribute__((aligned(8)));

static __always_inline bool
file_anon_of(const struct file *file, struct file_anon *to)
{
	__u64 inode = FILE_READ(struct file, file, f_inode), sb = FILE_READ(struct inode, inode, i_sb);
	__u64 dentry = FILE_READ(struct file, file, f_path.dentry);

	__builtin_memset(to, 0, sizeof(*to));
	if (!file || FILE_READ(struct super_block, sb, s_magic) != FILE_ANON_MAGIC)
		return false;
	return bpf_probe_read_kernel_str(to->name, sizeof(to->name),
		(const void *)FILE_READ(struct dentry, dentry, d_name.name)) > 0;
}

/* By words: clang makes a call of memcmp(), which there is not. */
#define file_anon_is(anon, what)                                                                   \
	({                                                                                         \
		const struct file_anon want_ = { what };                                           \
		const __u64 *a_ = (const __u64 *)(anon), *b_ = (const __u64 *)&want_;               \
		a_[0] == b_[0] && a_[1] == b_[1];                                                  \
	})

struct file_judging { struct ev_scratch *s; };

/* As ev_hash_component(), by the length that is known; its loop has one way out, and no more states. */
static int
file_judge_step(__u32 i, struct file_judging *judging)
{
	struct ev_scratch *s = judging->s;
	__u32 n = s->n_names, left, k;
	__u64 packed, name, word, hash;

	if (i >= n)
		return 1;
	packed = s->names[(n - 1 - i) & (EV_DEPTH - 1)];
	name = packed | FILE_TOP;
	left = packed >> 56;
	hash = EV_HASH_SLASH(s->judge.hash);
#pragma clang loop unroll(disable)
	for (k = 0; k < 32; k++, name += 8, left -= 8) {
		word = FILE_CAST(struct timespec64, name)->tv_sec;
		if (left < 8)
			break;
		hash = EV_HASH_WORD(hash, word);
	}
	s->judge.hash = EV_HASH_WORD(hash, word & ((1ULL << (left & 7) * 8) - 1));
	return ev_judge_component(s, i + 1 == n);
}

/* s->names, whole and packed, by the filter.  Verified where it is not called, too. */
__noinline int
file_judge(struct ev_scratch *s)
{
	struct file_judging judging = { s };

	if (!s || !FILE_CAN_CAST || ((s->dims & DIM_PREFIX) && (s->depths & 1)))
		return 1;
	s->judge.hash = EV_HASH_INIT;
	s->judge.depth = s->judge.passes = 0;
	bpf_loop(EV_DEPTH, file_judge_step, &judging, 0);
	return s->judge.passes;
}

/* A path that fits is judged before it is put together. */
static __always_inline bool
file_names_pass(struct ev_scratch *s)
{
	if (!FILE_CAN_CAST || !(s->dims & (DIM_PATH | DIM_PREFIX)) || !s->whole || !s->n_names ||
	    s->names_len > EV_PATH_MAX - 257 - EV_DEPTH)
		return true;
	if (!file_judge(s)) {
		ev_count_filtered();
		return false;
	}
	s->dims &= ~(DIM_PATH | DIM_PREFIX);
	return true;
}

/*
 * The same of the path that the tracer filters by.  False: counted as filtered, do not send.  True:
 * ask ev_path_passes() nevertheless.
 */
static __always_inline bool
file_add_path_wanted(struct ev_scratch *s, struct ev_str *out, struct file_at at)
{
	if (!file_names_at(s, out, at))
		return true;
	if (!file_names_pass(s))
		return false;
	file_composed(s, out);
	return true;
}

static __always_inline void
file_add_cwd(struct ev_scratch *s, struct ev_str *out)
{
	struct fs_struct *fs = ev_task()->fs;
	struct file_at at = { (__u64)fs->pwd.mnt, (__u64)fs->pwd.dentry };

	file_add_path(s, out, at);
}

static __always_inline __u32
file_add_from(struct ev_scratch *s, struct ev_str *out, int dirfd, const char *given, bool kernel)
{
	char first = 0;
	__u32 at;

	if (kernel)
		bpf_probe_read_kernel(&first, 1, given);
	else
		bpf_probe_read_user(&first, 1, given);
	if (first == '/') {
		if (kernel)
			ev_add_kernel_str(s, out, given, EV_PATH_MAX - 1);
		else
			ev_add_user_str(s, out, given, EV_PATH_MAX - 1);
		return 0;
	}
	if (dirfd == FILE_AT_FDCWD)
		file_add_cwd(s, out);
	else
		file_add_path(s, out, file_where(file_of(dirfd)));
	if (!first)
		return 0;
	at = ev_head(s)->len;
	ev_append_str(s, out, given, EV_PATH_MAX - 1, kernel);
	return at;
}

/* Where in the record a string is told of; more than any record has: NULL. */
static __always_inline struct ev_str *
file_str_at(struct ev_scratch *s, __u32 at)
{
	asm volatile("" : "+r"(at));
	return at <= EV_TEST_OFF_MAX ? (struct ev_str *)&s->b[at] : NULL;
}

/* Not static: the verifier looks at them once. */
__noinline int
file_add_given_at(struct ev_scratch *s, __u32 out_at, int dirfd, __u64 given)
{
	struct ev_str *out = s ? file_str_at(s, out_at) : NULL;

	return out ? file_add_from(s, out, dirfd, (const char *)given, false) : 0;
}

/* The name is names[0], since it may be given numbers but no pointers. */
__noinline int
file_add_name_at(struct ev_scratch *s, __u32 out_at, int dirfd)
{
	struct ev_str *out = s ? file_str_at(s, out_at) : NULL;

	return out ? file_add_from(s, out, dirfd, (const char *)s->names[0], true) : 0;
}

/*
 * A path as the process gave it to a call, made whole by the folder that it is relative to.  Where
 * in the record the given part begins; 0: there is no such folder, or nothing was given.
 */
static __always_inline __u32
file_add_given(struct ev_scratch *s, struct ev_str *out, int dirfd, const char *given)
{
	return file_add_given_at(s, (__u32)((__u64)out - (__u64)s->b), dirfd, (__u64)given);
}

/* The same of a copy in the kernel. */
static __always_inline __u32
file_add_name(struct ev_scratch *s, struct ev_str *out, int dirfd, const char *name)
{
	s->names[0] = (__u64)name;
	return file_add_name_at(s, (__u32)((__u64)out - (__u64)s->b), dirfd);
}

#endif
