/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_OPENPATH_BPF_H
#define BPFD_BPF_OPENPATH_BPF_H

/*
 * The path of a descriptor's file for the tracer that needs it most often: bpf/file.bpf.h without
 * its calls, of which each costs 9 ns, where there are few components.
 */
#include "bpf/file.bpf.h"

/* As little as most paths need, because the verifier walks each turn of a loop. */
#define OPENPATH_TURNS	10		/* components and mounts */
#define OPENPATH_LEN	64		/* of a component, without it */
#define OPENPATH_FEW	6		/* components */
#define OPENPATH_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5)

/* As file_names().  False: it is not so short that it can be composed here. */
static __always_inline bool
openpath_names(struct ev_scratch *s, const struct file *file)
{
	struct dentry *d = FILE_CAST(struct dentry, FILE_CAST(struct file, file)->f_path.dentry), *up;
	struct mount *m = FILE_CAST(struct mount, (__u64)FILE_CAST(struct file, file)->f_path.mnt -
			bpf_core_field_offset(struct mount, mnt)), *above;
	struct dentry *root = m->mnt.mnt_root;
	/* In the scratch, of which the verifier knows nothing: all turns look alike to it. */
	volatile __u32 *n_names = &s->n_names, *names_len = &s->names_len;
	__u64 packed;
	__u32 n;

	*n_names = 0;
	*names_len = 0;
	s->whole = 1;

#pragma clang loop unroll(disable)
	for (int i = 0; i < OPENPATH_TURNS; i++) {
		if (d == root) {
			above = m->mnt_parent;
			if (above == m || !above)
				return *n_names && *names_len < OPENPATH_LEN;
			d = m->mnt_mountpoint;
			m = above;
			root = m->mnt.mnt_root;
			continue;
		}
		n = *n_names;
		if (n >= OPENPATH_FEW)
			return false;
		up = d->d_parent;
		packed = file_name_pack(d);
		*names_len |= packed >> 56;
		s->names[n] = packed;
		*n_names = n + 1;
		if (up == d || !up)
			return *names_len < OPENPATH_LEN;
		d = up;
	}
	return false;
}

/*
 * As file_compose_step(): what is copied behind a name's end is overwritten, or cut off.  Where the
 * next one goes lies in the scratch, so that the verifier takes all lengths for the same.
 */
static __always_inline void
openpath_compose_one(struct ev_scratch *s, __u64 packed)
{
	volatile __u32 *pos = &s->judge.at;
	__u64 name = packed | FILE_TOP;
	__u32 at = *pos, left = packed >> 56, k;
	struct timespec64 *words;
	__u64 *to;

	/* The verifier must see the bound at the register that is used. */
	asm volatile("" : "+r"(at));
	if (at >= EV_OFFS + EV_PATH_MAX - 257)
		return;
	s->b[at++] = '/';
	*pos = at + left;
#pragma clang loop unroll(disable)
	for (k = 0; k < OPENPATH_LEN; k += 16) {
		words = FILE_CAST(struct timespec64, name + k);
		to = ev_words(s, at + k);
		to[0] = words->tv_sec;
		to[1] = words->tv_nsec;
		if (left <= k + 16)
			break;
	}
}

static __always_inline void
openpath_compose(struct ev_scratch *s, struct ev_str *out)
{
	__u32 start = ev_head(s)->len, n = s->n_names;

	s->judge.at = start;

#define X(i)                                                                                       \
	if ((i) < n)                                                                               \
		openpath_compose_one(s, s->names[(n - 1 - (i)) & (EV_DEPTH - 1)]);
	OPENPATH_EACH(X)
#undef X
	out->len = s->judge.at - start;
	ev_head(s)->len = s->judge.at;
}

/*
 * False: counted as filtered, do not send.  True: ask ev_path_passes() nevertheless.
 */
static __always_inline bool
openpath_add_wanted(struct ev_scratch *s, struct ev_str *out, const struct file *file)
{
	struct file_at at;

	if (!FILE_CAN_CAST)
		return file_add_path_wanted(s, out, file_where(file));
	out->off = ev_head(s)->len;
	out->len = 0;
	at = file_where(file);
	if (!at.dentry || !at.mnt)
		return true;
	if (!openpath_names(s, file))
		return file_add_path_wanted(s, out, at);
	if (!file_names_pass(s))
		return false;
	openpath_compose(s, out);
	return true;
}

#endif
