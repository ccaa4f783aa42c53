/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_PATH_BPF_H
#define BPFD_BPF_PATH_BPF_H

#include "bpf/record.bpf.h"

/*
 * Paths from dentry and mount to the root of the mount tree, which of a process in a mount
 * namespace of its own is that namespace's: what a container calls "/" is "/".  A file that was
 * removed has the name that it had; one that never had a place has its name alone ("/memfd:x").
 *
 * Within the file's own mount the kernel's pointers are followed by plain loads; what is above a
 * mount point is reached through struct mount, which no typed pointer leads to, and costs a read
 * by helper for each component.
 */
static __always_inline void
ev_name_push(struct ev_scratch *s, __u64 name)
{
	__u32 n = s->n_names;

	if (n < EV_DEPTH) {
		s->names[n] = name;
		s->n_names = n + 1;
	}
}

#define EV_OFFSET bpf_core_field_offset

static __always_inline void
ev_read_mount(struct ev_mount *m, __u64 mount)
{
	const struct mount *at = (const struct mount *)mount;

	/* As it always was: one read for three. */
	if (EV_OFFSET(struct mount, mnt_mountpoint) == EV_OFFSET(struct mount, mnt_parent) + 8 &&
	    EV_OFFSET(struct mount, mnt.mnt_root) == EV_OFFSET(struct mount, mnt_parent) + 16) {
		bpf_core_read(m, sizeof(*m), &at->mnt_parent);
		return;
	}
	m->parent = (__u64)BPF_CORE_READ(at, mnt_parent);
	m->mountpoint = (__u64)BPF_CORE_READ(at, mnt_mountpoint);
	m->root = (__u64)BPF_CORE_READ(at, mnt.mnt_root);
}

static __always_inline void
ev_read_dentry(struct ev_dentry *d, __u64 dentry)
{
	const struct dentry *at = (const struct dentry *)dentry;

	if (EV_OFFSET(struct dentry, d_name.name) == EV_OFFSET(struct dentry, d_parent) + 16) {
		bpf_core_read(d, sizeof(*d), &at->d_parent);
		return;
	}
	d->parent = (__u64)BPF_CORE_READ(at, d_parent);
	d->name = (__u64)BPF_CORE_READ(at, d_name.name);
}

/*
 * The walks are bpf_loop()s: the verifier looks at a step once, not at each of its repetitions, and
 * a tracer loads in a tenth of the time.
 */
struct ev_walk {
	struct ev_scratch *s;
	struct dentry *d, *root;
};

static int
ev_step(__u32 i, struct ev_walk *w)
{
	struct dentry *d = w->d, *up;

	if (d == w->root)
		return 1;
	up = d->d_parent;
	ev_name_push(w->s, (__u64)d->d_name.name);
	if (up == d) {
		w->s->whole = 1;
		return 1;
	}
	w->d = up;
	return 0;
}

struct ev_walk_up { struct ev_scratch *s; };

static int
ev_step_above(__u32 i, struct ev_walk_up *up)
{
	struct ev_scratch *s = up->s;
	struct ev_walk_above *w = &s->above;
	struct ev_dentry d = {};

	if (w->dentry == w->m.root) {
		if (w->m.parent == w->mount || !w->m.parent) {
			s->whole = 1;
			return 1;
		}
		w->dentry = w->m.mountpoint;
		w->mount = w->m.parent;
		ev_read_mount(&w->m, w->mount);
		return 0;
	}
	if (s->n_names >= EV_DEPTH)
		return 1;
	ev_read_dentry(&d, w->dentry);
	ev_name_push(s, d.name);
	/* Not in its mount's tree: a pipe, a socket, what was moved out of a bind mount. */
	if (d.parent == w->dentry || !d.parent) {
		s->whole = 1;
		return 1;
	}
	w->dentry = d.parent;
	return 0;
}

/* From a dentry below a mount up, by address; 0: from the mount's root. */
static __always_inline void
ev_names_from(struct ev_scratch *s, __u64 dentry, __u64 mount)
{
	struct ev_walk_up up = { s };

	s->above.mount = mount;
	ev_read_mount(&s->above.m, mount);
	s->above.dentry = dentry ? dentry : s->above.m.root;
	bpf_loop(EV_DEPTH + 8, ev_step_above, &up, 0);
}

/* s->names of a dentry below a mount, the last one first. */
static __noinline int
ev_names(struct ev_scratch *s, struct dentry *d, struct vfsmount *mnt)
{
	struct ev_walk w = { s, d, mnt->mnt_root };

	s->n_names = 0;
	s->whole = 0;
	bpf_loop(EV_DEPTH, ev_step, &w, 0);
	if (w.d == w.root)
		ev_names_from(s, 0, (__u64)mnt - EV_OFFSET(struct mount, mnt));
	return 0;
}

struct ev_compose {
	struct ev_scratch *s;
	__u32 start, rel;
};

static int
ev_compose_step(__u32 i, struct ev_compose *c)
{
	struct ev_scratch *s = c->s;
	__u32 start = c->start, rel = c->rel, n = s->n_names;
	long got;

	if (i >= n || start >= EV_OFFS)
		return 1;
	if (rel > EV_PATH_MAX - 257) {
		s->cut = 1;
		return 1;
	}
	if (s->whole || rel)
		s->b[start + rel++] = '/';
	got = bpf_probe_read_kernel_str(&s->b[start + rel], 256,
			(const void *)s->names[(n - 1 - i) & (EV_DEPTH - 1)]);
	if (got > 1 && got <= 256)
		rel += got - 1;
	c->rel = rel;
	return 0;
}

/*
 * s->names as a path at the record's end; its length, and s->cut.  Not static: the verifier looks at it
 * once.  A path whose beginning is missing does not begin with a slash.
 */
__noinline int
ev_compose(struct ev_scratch *s)
{
	struct ev_compose c = {};

	if (!s)
		return 0;
	c.s = s;
	c.start = ev_head(s)->len;
	s->cut = 1;
	if (c.start >= EV_OFFS)
		return 0;
	s->cut = !s->whole;
	if (!s->n_names) {
		s->b[c.start] = '/';
		c.rel = 1;
	} else {
		bpf_loop(EV_DEPTH, ev_compose_step, &c, 0);
	}
	ev_head(s)->len = c.start + c.rel;
	return c.rel;
}

#ifdef EV_PLAIN_PATHS
#include "bpf/cast.bpf.h"
#endif

static __always_inline void
ev_add_path(struct ev_scratch *s, struct ev_str *out, struct dentry *dentry, struct vfsmount *mnt)
{
#ifdef EV_PLAIN_PATHS
	if (FILE_CAN_CAST) {
		file_add_path(s, out, (struct file_at){ (__u64)mnt, (__u64)dentry });
		return;
	}
#endif
	out->off = ev_head(s)->len;
	out->len = 0;
	if (!dentry || !mnt)
		return;
	ev_names(s, dentry, mnt);
	out->len = ev_compose(s);
	ev_mark_cut(s, out, s->cut);
}

static __always_inline void
ev_add_file_path(struct ev_scratch *s, struct ev_str *out, struct file *file)
{
	ev_add_path(s, out, file->f_path.dentry, file->f_path.mnt);
}

#endif
