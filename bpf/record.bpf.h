/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_RECORD_BPF_H
#define BPFD_BPF_RECORD_BPF_H

#include "bpf/kernel.bpf.h"
#include "bpf/maps.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;	/* Linux 6.2 */

/*
 * A pointer to read from.  Not for helpers: from Linux 6.2 on it is not trusted, which saves the
 * verifier a search of all BTF for each pointer that is loaded through it: programs load in an
 * eighth of the time.
 */
#define EV_READ_ONLY(type, p)                                                                      \
	(bpf_rdonly_cast ? (type *)bpf_rdonly_cast(p, bpf_core_type_id_kernel(type)) : (p))

/* Any type of the kernel that is two words without pointers. */
struct timespec64 { __s64 tv_sec, tv_nsec; } __attribute__((preserve_access_index));

/* The current task, to read from. */
static __always_inline struct task_struct *
ev_task(void)
{
	struct task_struct *t = bpf_get_current_task_btf();

	return EV_READ_ONLY(struct task_struct, t);
}

/* Not 0 during a call through the 32-bit table. */
static __always_inline __u32
ev_compat(const struct task_struct *current)
{
	return current->thread_info.status & KERNEL_TS_COMPAT;
}

/*
 * A record while it is made, in memory of this CPU and this object alone: strings are put behind
 * one another at the record's end, h.len is where the next one goes.
 */
#define EV_OFFS		16384		/* a string begins below this: what is behind is cut */
#define EV_ROOM		(EV_OFFS + EV_PATH_MAX + 264)
#define EV_DEPTH	32		/* components of a path that are kept, the last ones */

/* As they follow one another in struct mount, and in struct dentry. */
struct ev_mount { __u64 parent, mountpoint, root; };
struct ev_dentry { __u64 parent, hash_len, name; };
struct ev_walk_above {
	__u64 mount, dentry;
	struct ev_mount m;
};

/* Whose event was the last one that needed nothing to be said before it. */
struct ev_announced {
	__u64 start, cgroup, cgroup1;
	__u32 tgid, exec_id, generation, epoch;
};

struct ev_scratch {
	__u32 dims, depths, urgent, element;	/* of this tracer's filter, when the record was begun */
	__u32 generation;
	__u32 n_names;
	__u32 whole;			/* names begin at a root */
	__u32 busy;			/* ev_enter() */
	__u32 names_len;		/* bytes of the names, where that is known */
	__u32 names_at;			/* where the next one is put */
	__u32 runtimes;			/* of this tracer's filter */
	__u32 cut;			/* 1: the path that was composed last is */
	__u32 own;			/* ev_hide() */
	struct {			/* of a path */
		__u64 hash;
		__u32 at, end, depth, inside, passes, reserved;
	} judge;
	__u64 names[EV_DEPTH];		/* addresses, the last component first */
	struct ev_walk_above above;
	struct ev_announced announced;
	struct ev_proc_said said;	/* in ev_announce() */
	__u8 b[EV_ROOM];
};

static __always_inline struct ev_hdr *
ev_head(struct ev_scratch *s)
{
	return (struct ev_hdr *)s->b;
}

/*
 * A number that the verifier knows, as one that it does not know: by way of memory of which it knows
 * nothing.  What follows many branches with a constant for each is looked at once then.
 */
static __always_inline __u32
ev_hide(struct ev_scratch *s, __u32 number)
{
	*(volatile __u32 *)&s->own = number;
	return *(volatile __u32 *)&s->own;
}

/*
 * Words of the record at any place.  By a variable: clang puts together from bytes what it stores
 * through a cast of &s->b[at], of which it knows that it need not be aligned.
 */
static __always_inline __u64 *
ev_words(struct ev_scratch *s, __u32 at)
{
	void *words = &s->b[at];

	asm volatile("" : "+r"(words));
	return words;
}

/* is: 0 or 1.  Without a branch, behind which the verifier would look at all that follows twice. */
static __always_inline void
ev_mark_cut(struct ev_scratch *s, const struct ev_str *str, __u32 is)
{
	struct ev_hdr *h = ev_head(s);

	_Static_assert(EV_TRUNCATED == 1, "is is that bit");
	h->flags |= is;
	h->cut |= is * EV_CUT((__u32)((__u64)str - (__u64)h));
}

static __always_inline __u32
ev_is_cut(struct ev_scratch *s, const struct ev_str *str)
{
	struct ev_hdr *h = ev_head(s);

	return h->cut & EV_CUT((__u32)((__u64)str - (__u64)h));
}

/* Where the next string goes; EV_OFFS or more: there is no room, and it is marked as cut. */
static __always_inline __u32
ev_str_begin(struct ev_scratch *s, struct ev_str *out)
{
	__u32 at = ev_head(s)->len;

	out->off = at;
	out->len = 0;
	if (at >= EV_OFFS)
		ev_mark_cut(s, out, 1);
	return at;
}

/* n: what bpf_probe_read_*_str(max + 1) returned. */
static __always_inline void
ev_str_end(struct ev_scratch *s, struct ev_str *out, __u32 at, long n, __u32 max)
{
	if (n <= 0 || n > max)
		ev_mark_cut(s, out, 1);
	if (n <= 0)
		return;
	out->len = n - 1;
	ev_head(s)->len = at + n - 1;
}

/* max: a constant, at most EV_PATH_MAX, without the NUL. */
static __always_inline void
ev_add_user_str(struct ev_scratch *s, struct ev_str *out, const void *from, __u32 max)
{
	__u32 at = ev_str_begin(s, out);

	if (at >= EV_OFFS)
		return;
	ev_head(s)->flags |= EV_UNTRUSTED;
	ev_str_end(s, out, at, bpf_probe_read_user_str(&s->b[at], max + 1, from), max);
}

/*
 * The same of what is mostly short.  The kernel asks of memory that it copies to what it is, which takes
 * longer than the copy does, and is soonest answered for the stack.
 */
#define EV_SHORT_WORDS	8
static __always_inline void
ev_add_user_short(struct ev_scratch *s, struct ev_str *out, const void *from, __u32 max)
{
	__u64 words[EV_SHORT_WORDS], *to;
	__u32 at = ev_str_begin(s, out);
	long n;

	if (at >= EV_OFFS)
		return;
	ev_head(s)->flags |= EV_UNTRUSTED;
	n = bpf_probe_read_user_str(words, sizeof(words), from);
	to = ev_words(s, at);
#pragma unroll
	for (__u32 i = 0; i < EV_SHORT_WORDS; i++)
		to[i] = words[i];
	if (n == sizeof(words))
		n = bpf_probe_read_user_str(&s->b[at], max + 1, from);
	ev_str_end(s, out, at, n, max);
}

static __always_inline void
ev_add_kernel_str(struct ev_scratch *s, struct ev_str *out, const void *from, __u32 max)
{
	__u32 at = ev_str_begin(s, out);

	if (at >= EV_OFFS)
		return;
	ev_str_end(s, out, at, bpf_probe_read_kernel_str(&s->b[at], max + 1, from), max);
}

/* Puts a slash and what was given behind the string that was added last. */
static __always_inline void
ev_append_str(struct ev_scratch *s, struct ev_str *out, const void *from, __u32 max, bool kernel)
{
	__u32 at = ev_head(s)->len, off = out->off;
	long n;

	if (at >= EV_OFFS || off >= EV_OFFS) {
		ev_mark_cut(s, out, 1);
		return;
	}
	if (out->len != 1 || s->b[off] != '/')
		s->b[at++] = '/';
	if (kernel) {
		n = bpf_probe_read_kernel_str(&s->b[at], max + 1, from);
	} else {
		ev_head(s)->flags |= EV_UNTRUSTED;
		n = bpf_probe_read_user_str(&s->b[at], max + 1, from);
	}
	if (n <= 0 || n > max)
		ev_mark_cut(s, out, 1);
	if (n <= 0)
		return;
	out->len = at + n - 1 - off;
	ev_head(s)->len = at + n - 1;
}

/* len bytes, of which max (a constant, at most EV_PATH_MAX) are taken. */
#define EV_ADD_BYTES(read)                                                                         \
	{                                                                                          \
		__u32 at = ev_str_begin(s, out);                                                   \
                                                                                                   \
		if (len > max) {                                                                   \
			ev_mark_cut(s, out, 1);                                                    \
			len = max;                                                                 \
		}                                                                                  \
		if (at >= EV_OFFS || !len)                                                         \
			return;                                                                    \
		/* The verifier follows the bound of the register that is used. */                 \
		asm volatile("" : "+r"(len));                                                      \
		if (len > max)                                                                     \
			return;                                                                    \
		if (read(&s->b[at], len, from)) {                                                  \
			ev_mark_cut(s, out, 1);                                                    \
			return;                                                                    \
		}                                                                                  \
		out->len = len;                                                                    \
		ev_head(s)->len = at + len;                                                        \
	}

static __always_inline void
ev_add_bytes(struct ev_scratch *s, struct ev_str *out, const void *from, __u64 len, __u32 max)
EV_ADD_BYTES(bpf_probe_read_kernel)

static __always_inline void
ev_add_user_bytes(struct ev_scratch *s, struct ev_str *out, const void *from, __u64 len, __u32 max)
EV_ADD_BYTES(bpf_probe_read_user)

#endif
