/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_CAST_BPF_H
#define BPFD_BPF_CAST_BPF_H

/*
 * Paths by address, where no typed pointer leads: from Linux 6.2 on by plain loads, which take a
 * third of the time of bpf/path.bpf.h; else by as few reads by helper as can be.  Part of
 * bpf/bpfd.bpf.h where EV_PLAIN_PATHS is defined, and of bpf/file.bpf.h.
 */
#include "bpf/record.bpf.h"

struct file_at { __u64 mnt, dentry; };		/* struct path */

/* Since Linux 6.2, as that helper: an address as a typed pointer, which plain loads can follow. */
enum bpf_func_id___cast { BPF_FUNC_cgrp_storage_get___cast };

#define FILE_CAN_CAST                                                                              \
	bpf_core_enum_value_exists(enum bpf_func_id___cast, BPF_FUNC_cgrp_storage_get___cast)
#define FILE_CAST(type, address)                                                                   \
	((type *)bpf_rdonly_cast((void *)(address), bpf_core_type_id_kernel(type)))
/* A field behind an address. */
#define FILE_READ(type, address, field)                                                            \
	({                                                                                         \
		__u64 value_;                                                                      \
		if (FILE_CAN_CAST)                                                                 \
			value_ = (__u64)FILE_CAST(type, address)->field;                           \
		else                                                                               \
			value_ = (__u64)BPF_CORE_READ((type *)(address), field);                   \
		value_;                                                                            \
	})

/* A name's address, whose highest byte is the kernel's 0xff, with its length in that place. */
#define FILE_TOP	(0xffULL << 56)
struct qstr___len { __u32 len; } __attribute__((preserve_access_index));
struct dentry___len { struct qstr___len d_name; } __attribute__((preserve_access_index));

static __always_inline __u64
file_name_pack(struct dentry *d)
{
	__u64 len = ((struct dentry___len *)d)->d_name.len;

	return ((__u64)d->d_name.name & ~FILE_TOP) | len << 56;
}

struct file_compose {
	struct ev_scratch *s;
	__u32 end;			/* no name begins behind it */
};

/*
 * What is copied behind the name's end is overwritten, or cut off by ev_close().  Where it ends lies
 * in the scratch, of which the verifier knows nothing: names of all lengths look alike to it then,
 * and it looks at a fifth as much.
 */
static int
file_compose_step(__u32 i, struct file_compose *c)
{
	struct ev_scratch *s = c->s;
	__u32 at = s->names_at, n = s->n_names, len, k;
	__u64 packed, name;
	struct timespec64 *words;
	__u64 *to;

	if (i >= n || at >= EV_OFFS + EV_PATH_MAX - 257)
		return 1;
	if (at > c->end) {
		s->cut = 1;
		return 1;
	}
	packed = s->names[(n - 1 - i) & (EV_DEPTH - 1)];
	name = packed | FILE_TOP;
	len = packed >> 56;
	/* After the last step's name, or at the root: without a branch, behind which all is looked at
	 * twice.  Where none belongs the name overwrites it. */
	s->b[at] = '/';
	at += (((s->whole & 1) | i) + EV_DEPTH - 1) / EV_DEPTH & 1;
	for (k = 0; k < 256; k += 16) {
		if (k >= len)
			break;
		words = FILE_CAST(struct timespec64, name + k);
		to = ev_words(s, at + k);
		to[0] = words->tv_sec;
		to[1] = words->tv_nsec;
	}
	s->names_at = at + len;
	return 0;
}

/* ev_compose() by plain loads, of names that are packed.  Verified where it is not called, too. */
__noinline int
file_compose_cast(struct ev_scratch *s)
{
	struct file_compose c = {};
	__u32 start;

	if (!s || !FILE_CAN_CAST)
		return 0;
	start = ev_head(s)->len;
	s->cut = 1;
	if (start >= EV_OFFS)
		return 0;
	s->cut = !s->whole;
	c.s = s;
	c.end = start + EV_PATH_MAX - 257;
	s->names_at = start;
	if (!s->n_names)
		s->b[start] = '/', s->names_at++;
	else
		bpf_loop(EV_DEPTH, file_compose_step, &c, 0);
	ev_head(s)->len = s->names_at;
	return s->names_at - start;
}

/* The same by plain loads. */
struct file_walk {
	struct ev_scratch *s;
	struct dentry *d;
	struct mount *m;
};

static int
file_cast_step(__u32 i, struct file_walk *w)
{
	struct ev_scratch *s = w->s;
	struct dentry *d = w->d, *up;
	struct mount *m = w->m, *above;
	__u64 packed;

	if (d == m->mnt.mnt_root) {
		above = m->mnt_parent;
		if (above == m || !above) {
			s->whole = 1;
			return 1;
		}
		w->d = m->mnt_mountpoint;
		w->m = above;
		return 0;
	}
	if (s->n_names >= EV_DEPTH)
		return 1;
	up = d->d_parent;
	packed = file_name_pack(d);
	s->names_len += packed >> 56;
	ev_name_push(s, packed);
	if (up == d || !up) {
		s->whole = 1;
		return 1;
	}
	w->d = up;
	return 0;
}

static __always_inline void
file_names_cast(struct ev_scratch *s, __u64 dentry, __u64 mount)
{
	struct file_walk w = { s, FILE_CAST(struct dentry, dentry), FILE_CAST(struct mount, mount) };

	s->names_len = 0;
	bpf_loop(EV_DEPTH + 8, file_cast_step, &w, 0);
}

/*
 * s->names, the last one first, as ev_names().  Not static: the verifier looks at it once.  Dentry
 * and mnt come in names[0] and names[1], since it may be given numbers but no pointers.
 */
__noinline int
file_names(struct ev_scratch *s)
{
	__u64 dentry, mount;

	if (!s)
		return 0;
	dentry = s->names[0];
	mount = s->names[1] - bpf_core_field_offset(struct mount, mnt);
	s->n_names = 0;
	s->whole = 0;
	if (FILE_CAN_CAST)
		file_names_cast(s, dentry, mount);
	else
		ev_names_from(s, dentry, mount);
	return 0;
}

static __always_inline bool
file_names_at(struct ev_scratch *s, struct ev_str *out, struct file_at at)
{
	out->off = ev_head(s)->len;
	out->len = 0;
	if (!at.dentry || !at.mnt)
		return false;
	s->names[0] = at.dentry;
	s->names[1] = at.mnt;
	file_names(s);
	return true;
}

static __always_inline void
file_composed(struct ev_scratch *s, struct ev_str *out)
{
	out->len = FILE_CAN_CAST ? file_compose_cast(s) : ev_compose(s);
	ev_mark_cut(s, out, s->cut);
}

static __always_inline void
file_add_path(struct ev_scratch *s, struct ev_str *out, struct file_at at)
{
	if (file_names_at(s, out, at))
		file_composed(s, out);
}

#endif
