/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_FILTER_BPF_H
#define BPFD_BPF_FILTER_BPF_H

/* Part of bpf/bpfd.bpf.h: the in-kernel filter of bpf/event.h. */
#include "bpf/info.bpf.h"

static __always_inline bool
ev_is_in(__u64 value, __u32 dim, __u32 element)
{
	struct ev_filter_key key = { value, dim, element };
	__u64 *mask = bpf_map_lookup_elem(&filter_set, &key);

	return mask && (*mask & EV_BIT);
}

static __always_inline bool
ev_in_set(const struct ev_scratch *s, __u64 value, __u32 dim)
{
	return ev_is_in(value, dim, s->element);
}

static __always_inline struct ev_tracer_filter *
ev_filter_of(__u32 element)
{
	struct ev_filter *f = bpf_map_lookup_elem(&filters, &element);

	return f ? &f->t[EV_TRACER] : NULL;
}

static __always_inline void
ev_count_filtered(void)
{
	struct ev_cpu *c = ev_this_cpu();

	if (c)
		__sync_fetch_and_add(&c->count[EV_TRACER].filtered, 1);
}

#define EV_IS_ONE(value, of)                                                                       \
	((value) == (of)[0] || (value) == (of)[1] || (value) == (of)[2] || (value) == (of)[3])
_Static_assert(EV_INLINE == 4, "EV_IS_ONE compares as many");

static __always_inline bool
ev_cgroup_is_in(const struct ev_tracer_filter *f, __u64 id, __u32 element)
{
	if (f->inlined & DIM_CGROUP)
		return EV_IS_ONE(id, f->cgroup);
	return ev_is_in(id, DIM_CGROUP, element);
}

static __always_inline bool
ev_cgroups_are_in(struct task_struct *current, const struct ev_tracer_filter *f, __u32 element)
{
	__u64 id;

	if (ev_cgroup_is_in(f, current->cgroups->dfl_cgrp->kn->id, element))
		return true;
	id = ev_v1_now(current, ev_v1());
	return id && ev_cgroup_is_in(f, id, element);
}

/* The bit of the runtime that a cgroup is of, and that of a pod; 0: not known. */
static __always_inline __u32
ev_kind(__u64 id, __u32 hierarchy, __u32 epoch)
{
	__u32 place = EV_KIND_PLACE(id, hierarchy);
	__u64 *word = bpf_map_lookup_elem(&cgroup_kinds, &place), kind;

	if (!word || id >= EV_KIND_ID_MAX)
		return 0;
	kind = *(volatile __u64 *)word ^ EV_KIND_WORD(id, hierarchy, epoch, 0);
	if (kind > EV_KIND_MASK)
		return 0;
	return 1u << (kind & EV_KIND_RUNTIMES) | (__u32)(kind & EV_KIND_POD) << 25;
}

/* As the enricher tells it: by the v1 hierarchy, and if there is no container by the other. */
static __always_inline bool
ev_runtime_passes(__u32 runtimes, __u64 cgroup, __u64 cgroup1)
{
	__u32 zero = 0, kind;
	struct ev_v1 *v1;

	if (cgroup1) {
		v1 = bpf_map_lookup_elem(&cgroup_v1, &zero);
		kind = v1 ? ev_kind(cgroup1, 1, v1->epoch) : 0;
		if (!kind || !(kind & 1))
			return !kind || (kind & runtimes);
	}
	kind = ev_kind(cgroup, 2, 0);
	return !kind || (kind & runtimes);
}

static __always_inline bool
ev_current_runtime_passes(struct task_struct *current, const struct ev_tracer_filter *f)
{
	return ev_runtime_passes(f->runtimes, current->cgroups->dfl_cgrp->kn->id, ev_v1_now(current, ev_v1()));
}

#ifdef EV_IN_CGROUPS_TOO	/* such programs have no storage of tasks before Linux 6.16, and what others noted is in it */
static __always_inline bool
ev_exe_is_in(const struct ev_tracer_filter *f, __u32 element)
{
	return true;
}
#else
/* By what was said of the process last: what has changed since, and who was never told, passes. */
__noinline int
ev_exe_is_in(const struct ev_tracer_filter *f, __u32 element)
{
	struct ev_settings *set = ev_settings();
	struct ev_proc_said said = {};

	if (!f || !set || !ev_said(&said, 0) || !said.proc || said.generation != set->generation ||
	    said.exec_id != (__u32)ev_task()->self_exec_id || !said.exe)
		return true;
	if (f->inlined & DIM_EXE)
		return EV_IS_ONE(said.exe, f->exe);
	return ev_is_in(said.exe, DIM_EXE, element);
}
#endif

#define EV_DIMS_INLINED	(DIM_PID | DIM_UID | DIM_COMM)	/* asked without a call when inlined */
#define EV_DIMS_CURRENT	(EV_DIMS_INLINED | DIM_CGROUP | DIM_RUNTIME | DIM_EXE)

/* The current task by what is in the map, by its cgroups and by its executable. */
__noinline int
ev_in_sets(struct ev_tracer_filter *f, __u32 element)
{
	struct task_struct *t = ev_task();
	__u32 dims;

	if (!f)
		return 1;
	dims = f->dims & ~(f->inlined & EV_DIMS_INLINED);
	if ((dims & DIM_PID) && !ev_is_in(t->tgid, DIM_PID, element))
		return 0;
	if ((dims & DIM_UID) && !ev_is_in(t->cred->uid.val, DIM_UID, element))
		return 0;
	if ((dims & DIM_COMM) && !ev_is_in(ev_hash_comm(t->comm), DIM_COMM, element))
		return 0;
	if ((dims & DIM_CGROUP) && !ev_cgroups_are_in(t, f, element))
		return 0;
	if ((dims & DIM_RUNTIME) && !ev_current_runtime_passes(t, f))
		return 0;
	return !(dims & DIM_EXE) || ev_exe_is_in(f, element);
}

/*
 * Of the current task, before anything is put together: what is rejected costs the cache lines that
 * are looked at.  A call costs as much as seven of them.  current: NULL, or what is at hand.
 */
static __always_inline bool
ev_current_passes(struct task_struct *current, struct ev_tracer_filter *f, __u32 element)
{
	__u32 dims = f->dims, inlined, number;
	struct task_struct *t;
	__u64 comm;

	if (!(dims & EV_DIMS_CURRENT))
		return true;
	inlined = f->inlined;
	if (inlined & EV_DIMS_INLINED) {
		/* Trusted, its own fields are read without a check of the address. */
		t = current ? current : bpf_get_current_task_btf();
		number = t->tgid;
		if ((inlined & DIM_PID) && !EV_IS_ONE(number, f->pid))
			return false;
		if (inlined & DIM_UID) {
			number = EV_READ_ONLY(struct task_struct, t)->cred->uid.val;
			if (!EV_IS_ONE(number, f->uid))
				return false;
		}
		if (inlined & DIM_COMM) {
			comm = ev_hash_comm(t->comm);
			if (!EV_IS_ONE(comm, f->comm))
				return false;
		}
	}
	dims &= ~(inlined & EV_DIMS_INLINED) & EV_DIMS_CURRENT;
	if (!dims)
		return true;
	if (current && dims == DIM_CGROUP && (inlined & DIM_CGROUP))
		return ev_cgroups_are_in(EV_READ_ONLY(struct task_struct, current), f, element);
	return ev_in_sets(f, element);
}

/* The same of a header, but for the executable. */
static __always_inline bool
ev_passes(struct ev_scratch *s)
{
	const struct ev_hdr *h = ev_head(s);
	__u32 dims = s->dims;

	if ((dims & DIM_PID) && !ev_in_set(s, h->tgid, DIM_PID))
		goto no;
	if ((dims & DIM_UID) && !ev_in_set(s, h->uid, DIM_UID))
		goto no;
	if ((dims & DIM_COMM) && !ev_in_set(s, ev_hash_comm(h->comm), DIM_COMM))
		goto no;
	if ((dims & DIM_CGROUP) && !ev_in_set(s, h->cgroup, DIM_CGROUP) &&
	    !(h->cgroup1 && ev_in_set(s, h->cgroup1, DIM_CGROUP)))
		goto no;
	if ((dims & DIM_RUNTIME) && !ev_runtime_passes(s->runtimes, h->cgroup, h->cgroup1))
		goto no;
	return true;
no:
	ev_count_filtered();
	return false;
}

/* A component has been hashed.  True: the path is judged. */
static __always_inline bool
ev_judge_component(struct ev_scratch *s, bool last)
{
	__u32 dims = s->dims, depth = ++s->judge.depth;
	__u32 depths = depth <= EV_PREFIX_MAX ? s->depths >> depth : 0;

	if ((dims & DIM_PREFIX) && (depths & 1) && ev_in_set(s, s->judge.hash, DIM_PREFIX)) {
		s->judge.passes = 1;
		return true;
	}
	if (last) {
		s->judge.passes = (dims & DIM_PATH) && ev_in_set(s, s->judge.hash, DIM_PATH);
		return true;
	}
	/* No deeper prefix is asked for. */
	return !(dims & DIM_PATH) && !(depths >> 1);
}

static int
ev_judge_step(__u32 i, struct ev_judging *judging)
{
	struct ev_scratch *s = judging->s;

	return ev_hash_component(s) && ev_judge_component(s, s->judge.at >= s->judge.end);
}

/* dims: DIM_PATH, DIM_PREFIX.  A superset: a path that cannot be judged passes. */
__noinline int
ev_path_judge(struct ev_scratch *s, __u32 off, __u32 len)
{
	struct ev_judging judging = { s };

	if (!s || !len || off >= EV_OFFS || len > EV_PATH_MAX || s->b[off] != '/')
		return 1;
	if ((s->dims & DIM_PREFIX) && (s->depths & 1))
		return 1;
	ev_hash_begin(s, off, len);
	bpf_loop(EV_PATH_MAX, ev_judge_step, &judging, 0);
	return s->judge.passes;
}

/* Of this tracer's filter the test with that number.  Not static: the verifier looks at it once. */
__noinline int
ev_test_passes(struct ev_scratch *s, __u32 number)
{
	struct ev_tracer_filter *f = s ? ev_filter_of(s->element) : NULL;
	const struct ev_test *t;
	__u32 kind, at;
	__u64 word;

	if (!f || number >= EV_TESTS)
		return 1;
	t = &f->test[number];
	kind = t->kind;
	at = t->off;

	if (kind == EV_TEST_NONE)
		return 1;
	asm volatile("" : "+r"(at));
	if (at > EV_TEST_OFF_MAX)
		return 1;
	word = *ev_words(s, at);
	if (kind < EV_TEST_ADDRESS)
		return ev_test_number(t, word);
	if (kind == EV_TEST_ADDRESS)
		return ev_test_address(t, word, *ev_words(s, at + 8));
	/* A struct ev_str: what is cut nobody knows. */
	at = (__u32)word & 0xffff;
	if (kind == EV_TEST_TAIL)
		at += ((__u32)word >> 16) - 8;
	asm volatile("" : "+r"(at));
	if (at > EV_ROOM - 8 || (ev_head(s)->cut & EV_CUT((__u32)t->off)))
		return 1;
	return ev_test_word(t, *ev_words(s, at));
}

/* Of a whole record.  True: counted as filtered. */
static __always_inline bool
ev_is_rejected(struct ev_scratch *s)
{
	_Static_assert(EV_TESTS == 4, "each is asked");
	if (!(s->dims & DIM_TESTS) || (ev_test_passes(s, 0) && ev_test_passes(s, 1) && ev_test_passes(s, 2) &&
	    ev_test_passes(s, 3)))
		return false;
	ev_count_filtered();
	return true;
}

/* Call it when the path is there; false: counted as filtered, do not send. */
static __always_inline bool
ev_path_passes(struct ev_scratch *s, const struct ev_str *path)
{
	if (!(s->dims & (DIM_PATH | DIM_PREFIX)) || ev_is_cut(s, path))
		return true;
	if (ev_path_judge(s, path->off, path->len))
		return true;
	ev_count_filtered();
	return false;
}

#endif
