/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_FILTER_BPF_H
#define BPFD_BPF_FILTER_BPF_H

/* Part of bpf/bpfd.bpf.h: the in-kernel filter of bpf/event.h. */
#include "bpf/record.bpf.h"

static __always_inline bool
ev_in_set(const struct ev_scratch *s, __u64 value, __u32 dim)
{
	struct ev_filter_key key = { value, dim, s->element };
	__u64 *mask = bpf_map_lookup_elem(&filter_set, &key);

	return mask && (*mask & EV_BIT);
}

static __always_inline void
ev_filter_take(struct ev_scratch *s)
{
	__u32 element = s->element;
	struct ev_filter *f = bpf_map_lookup_elem(&filters, &element);

	if (f)
		s->filter = f->t[EV_TRACER];
	else
		__builtin_memset(&s->filter, 0, sizeof(s->filter));
}

static __always_inline void
ev_count_filtered(void)
{
	struct ev_cpu *c = ev_this_cpu();

	if (c)
		__sync_fetch_and_add(&c->count[EV_TRACER].filtered, 1);
}

static __always_inline bool
ev_comm_in_set(const struct ev_scratch *s, const char *comm)
{
	__u64 hash = EV_HASH_INIT;
	int i;

	for (i = 0; i < EV_COMM && comm[i]; i++)
		hash = EV_HASH_STEP(hash, comm[i]);
	return ev_in_set(s, hash, DIM_COMM);
}

/* What the header says; paths come later. */
static __always_inline bool
ev_passes(struct ev_scratch *s)
{
	const struct ev_hdr *h = ev_head(s);
	__u32 dims;

	ev_filter_take(s);
	dims = s->filter.dims;
	if ((dims & DIM_PID) && !ev_in_set(s, h->tgid, DIM_PID))
		goto no;
	if ((dims & DIM_UID) && !ev_in_set(s, h->uid, DIM_UID))
		goto no;
	if ((dims & DIM_COMM) && !ev_comm_in_set(s, h->comm))
		goto no;
	if ((dims & DIM_CGROUP) && !ev_in_set(s, h->cgroup, DIM_CGROUP) &&
	    !(h->cgroup1 && ev_in_set(s, h->cgroup1, DIM_CGROUP)))
		goto no;
	return true;
no:
	ev_count_filtered();
	return false;
}

/*
 * Takes s->hash on from byte at: that one, then what follows up to a slash, to end, or for
 * EV_HASH_RUN bytes.  Where it stopped.  Short, because the verifier walks each repetition.
 */
#define EV_HASH_RUN 32
__noinline __u32
ev_hash_run(struct ev_scratch *s, __u32 at, __u32 end)
{
	__u64 hash;
	__u8 c;
	int i;

	if (!s)
		return end;
	hash = s->hash;
	for (i = 0; i < EV_HASH_RUN; i++) {
		/* The verifier must see the bound at the register that is used. */
		asm volatile("" : "+r"(at));
		if (at >= end || at >= EV_ROOM)
			break;
		c = s->b[at];
		if (i && c == '/')
			break;
		hash = EV_HASH_STEP(hash, c);
		at++;
	}
	s->hash = hash;
	return at;
}

struct ev_judge {
	struct ev_scratch *s;
	__u32 at, end, depth, passes;
};

static int
ev_judge_step(__u32 i, struct ev_judge *j)
{
	struct ev_scratch *s = j->s;
	__u32 dims = s->filter.dims, depths = s->filter.depths, at;

	at = ev_hash_run(s, j->at, j->end);
	j->at = at;
	if (at < j->end && at < EV_ROOM && s->b[at] != '/')
		return 0;
	j->depth++;
	if ((dims & DIM_PREFIX) && j->depth <= EV_PREFIX_MAX && (depths >> (j->depth & 31) & 1) &&
	    ev_in_set(s, s->hash, DIM_PREFIX)) {
		j->passes = 1;
		return 1;
	}
	if (at >= j->end) {
		j->passes = (dims & DIM_PATH) && ev_in_set(s, s->hash, DIM_PATH);
		return 1;
	}
	/* No deeper prefix is asked for. */
	return !(dims & DIM_PATH) && !(depths >> (j->depth & 31) >> 1);
}

/* dims: DIM_PATH, DIM_PREFIX.  A superset: a path that cannot be judged passes. */
__noinline int
ev_path_judge(struct ev_scratch *s, __u32 off, __u32 len)
{
	struct ev_judge j = {};

	if (!s || !len || off >= EV_OFFS || len > EV_PATH_MAX || s->b[off] != '/')
		return 1;
	if ((s->filter.dims & DIM_PREFIX) && (s->filter.depths & 1))
		return 1;
	j.s = s;
	j.at = off;
	j.end = off + len;
	s->hash = EV_HASH_INIT;
	bpf_loop(EV_PATH_MAX, ev_judge_step, &j, 0);
	return j.passes;
}

/* Call it when the path is there; false: counted as filtered, do not send. */
static __always_inline bool
ev_path_passes(struct ev_scratch *s, const struct ev_str *path)
{
	if (!(s->filter.dims & (DIM_PATH | DIM_PREFIX)) || (ev_head(s)->flags & EV_TRUNCATED))
		return true;
	if (ev_path_judge(s, path->off, path->len))
		return true;
	ev_count_filtered();
	return false;
}

#endif
