/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_BPFD_BPF_H
#define BPFD_BPF_BPFD_BPF_H

/*
 * The way to write a tracer, bpf/NAME.bpf.c:
 *
 *	#define EV_THIS OPEN				// its ID in bpf/tracers.def
 *	#include "bpf/bpfd.bpf.h"
 *	#include "bpf/open.h"
 *
 *	SEC("tp_btf/sys_exit")				// calls: bpf/syscalls.def
 *	int BPF_PROG(open_exit, struct pt_regs *regs, long ret)
 *	{
 *		struct ev_scratch *s = ev_new(OPEN_OPEN, sizeof(struct ev_open));
 *		struct ev_open *e;
 *		struct ev_call c;
 *
 *		ev_call(&c, regs);			// number and arguments, as in the 64-bit table
 *		if (!s)
 *			goto next;			// off, or filtered out
 *		e = ev_record(s);
 *		e->h.ret = ret;
 *		ev_add_file_path(s, &e->path, file);
 *		if (ev_path_passes(s, &e->path))
 *			ev_send(s);
 *	next:
 *		ev_next_call(ctx, c.nr);		// must be the last: it does not come back
 *		return 0;
 *	}
 *
 * A tracer of calls that lead to few functions may have a better way there: ev_call_regs(), docs/TRACERS.md.
 *
 * Never regs->orig_ax or regs->di: int $0x80 has other numbers and registers (bpf/call.bpf.h).  A
 * program that needs neither ends with ev_next(ctx, regs).
 *
 * A tracer of what happens often takes ev_new_bare() and file_add_path_wanted() (open.bpf.c): what
 * is rejected costs 9 ns for each function or helper that is called, and some for each cache line of
 * code or data that is touched.  Before this header it may define EV_SHORT_RECORDS, when most of its
 * records have less than 320 bytes, and EV_PLAIN_PATHS, when it often announces processes: both
 * take the verifier some milliseconds more.  tests/bench/kernel-bench measures.  EV_IN_CGROUPS is for
 * objects with programs of cgroups (bpf/sock.bpf.h).
 *
 * ev_new() has filled the header but for ret, and zeroed the rest of the struct.  Strings are put
 * into the record in the order of the calls; a record has one string at a time at its end.  The
 * record lies in memory of this CPU: nothing of it may be kept, and a program that can be preempted
 * (uprobes), or interrupted by another of its object, puts ev_enter() and ev_leave() around
 * what it does.  The kernel itself keeps a program from interrupting itself.
 *
 * Kernel types: bpf/kernel.bpf.h.  Pointers from the arguments and from ev_task(), the current one,
 * are followed by plain loads, which cost next to nothing and read 0 behind NULL; BPF_CORE_READ
 * only where the compiler has lost the type.
 *
 * An event that is not the current task's (interrupts): ev_new_unowned() and ev_send_other(), which
 * announces nobody.  One of a task that was current earlier: ev_owner() then, ev_new_of() now.
 *
 * The verifier takes about a microsecond for an instruction, each time that it comes by: a tracer of 10,000
 * delays the next one by 10 ms.  After a switch over calls ev_hide() makes one way of many; loops are
 * bpf_loop(), or go by way of memory; what several places ask is a function that is not static, which takes
 * the scratch and numbers.  "bpfctl list --all -o json" tells verified_insns.
 *
 * Linux 6.1 verifies with what a register holds, not with what is known of another: where an index
 * was checked, hold the compiler to the checked one by asm volatile("" : "+r"(index)) before the
 * check.  All functions that call one another have 512 bytes of stack; these take 250 of them.
 */
#include "bpf/info.bpf.h"

#ifndef EV_THIS
#error "define EV_THIS, a tracer's ID, before this header"
#endif
#define EV_CAT2(a, b) a##b
#define EV_CAT(a, b) EV_CAT2(a, b)
#ifndef EV_TRACER
#define EV_TRACER EV_CAT(TR_, EV_THIS)
#endif
#define EV_BIT (1ULL << EV_TRACER)

enum {
	EV_CLASS_NONE = EV_CONTROL,
	EV_CLASS_DECLARED = EV_BULK,
#define TRACER(id, name, class, flags, help) EV_CLASS_##id = EV_##class,
#include "bpf/tracers.def"
};
#define EV_CLASS EV_CAT(EV_CLASS_, EV_THIS)

/* [0]: the record, [1]: what must be said before it.  One for each object, never shared. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct ev_scratch);
} EV_CAT(scratch_, EV_THIS) SEC(".maps");

static __always_inline struct ev_scratch *
ev_scratch(__u32 which)
{
	return bpf_map_lookup_elem(&EV_CAT(scratch_, EV_THIS), &which);
}

#include "bpf/call.bpf.h"
#include "bpf/filter.bpf.h"

#define ev_record(s) ((void *)(s)->b)

/* False: another program of this object is at work on this CPU.  What is to be told is lost. */
static __always_inline bool
ev_enter(void)
{
	struct ev_scratch *s = ev_scratch(0);
	struct ev_cpu *c = ev_this_cpu();

	if (!s || !c)
		return false;
	if (!__sync_lock_test_and_set(&s->busy, 1))
		return true;
	__sync_fetch_and_add(&c->count[EV_TRACER].produced, 1);
	__sync_fetch_and_add(&c->count[EV_TRACER].lost, 1);
	return false;
}

static __always_inline void
ev_leave(void)
{
	struct ev_scratch *s = ev_scratch(0);

	if (s)
		*(volatile __u32 *)&s->busy = 0;
}

static __always_inline struct ev_scratch *
ev_begin(const struct ev_settings *set, const struct ev_tracer_filter *f, __u16 event, __u32 size)
{
	struct ev_scratch *s = ev_scratch(0);
	struct ev_hdr *h;

	if (!s)
		return NULL;
	s->dims = f->dims;
	s->depths = f->depths;
	s->runtimes = f->runtimes;
	_Static_assert(EV_FILTER_URGENT == 1, "urgent is that bit");
	s->urgent = f->flags & EV_FILTER_URGENT;
	s->element = set->filter & 1;
	s->generation = set->generation;
	h = ev_head(s);
	h->len = size;
	h->tracer = EV_TRACER;
	h->event = event;
	h->ret = 0;
	h->flags = h->cut = 0;
	__builtin_memset(h + 1, 0, size - sizeof(*h));
	return s;
}

/*
 * As ev_new(), but whose event it is must be filled in by ev_fill_current(): when the path passes.
 * t: the current task where it is at hand, or NULL.
 */
static __always_inline struct ev_scratch *
ev_new_bare(struct task_struct *t, __u16 event, __u32 size)
{
	struct ev_settings *set = ev_settings();
	struct ev_tracer_filter *f;

	if (!set || !(set->on & EV_BIT))
		return NULL;
	f = ev_filter_of(set->filter & 1);
	if (!f)
		return NULL;
	if (!ev_current_passes(t, f, set->filter & 1)) {
		ev_count_filtered();
		return NULL;
	}
	return ev_begin(set, f, event, size);
}

/* size: of the tracer's struct.  NULL: nobody wants it. */
static __always_inline struct ev_scratch *
ev_new(__u16 event, __u32 size)
{
	struct ev_scratch *s = ev_new_bare(NULL, event, size);

	if (s)
		ev_fill_current(s);
	return s;
}

/* Of what is not the current task's. */
static __always_inline struct ev_scratch *
ev_begin_other(__u16 event, __u32 size)
{
	struct ev_settings *set = ev_settings();
	struct ev_tracer_filter *f;

	if (!set || !(set->on & EV_BIT))
		return NULL;
	f = ev_filter_of(set->filter & 1);
	return f ? ev_begin(set, f, event, size) : NULL;
}

/* The same in an interrupt.  Filters of processes do not hold it back: nobody's it is. */
static __always_inline struct ev_scratch *
ev_new_unowned(__u16 event, __u32 size)
{
	struct ev_scratch *s = ev_begin_other(event, size);

	if (!s)
		return NULL;
	ev_fill_current(s);
	ev_head(s)->flags = EV_NO_OWNER;
	return s;
}

/* Header of the current task for ev_new_of() later; who it is has been said then.  Takes the scratch. */
static __always_inline void
ev_owner(struct ev_hdr *out)
{
	struct ev_settings *set = ev_settings();
	struct ev_scratch *s = ev_scratch(0), *i = ev_scratch(1);

	if (!set || !s || !i) {
		__builtin_memset(out, 0, sizeof(*out));
		return;
	}
	s->generation = set->generation;
	__builtin_memset(s->b, 0, sizeof(*out));
	ev_fill_current(s);
	ev_announce(i, s);
	*out = *ev_head(s);
}

static __always_inline struct ev_scratch *
ev_new_of(const struct ev_hdr *owner, __u16 event, __u32 size)
{
	struct ev_scratch *s = ev_begin_other(event, size);
	struct ev_hdr *h;

	if (!s)
		return NULL;
	h = ev_head(s);
	*h = *owner;
	h->len = size;
	h->tracer = EV_TRACER;
	h->event = event;
	h->flags = h->cut = 0;
	return ev_passes(s) ? s : NULL;
}

static __always_inline bool
ev_emit(struct ev_scratch *s)
{
	__u32 len = ev_close(s);

	ev_head(s)->ts = bpf_ktime_get_boot_ns();
	return ev_output_by(EV_CLASS, EV_TRACER, ev_head(s), len, s->urgent, s);
}

/* Of the current task.  False: the ring was full; it has been counted. */
static __always_inline bool
ev_send(struct ev_scratch *s)
{
	struct ev_scratch *i;

	if (ev_is_rejected(s))
		return true;
	if (!ev_is_announced(s)) {
		i = ev_scratch(1);
		if (i)
			ev_announce(i, s);
	}
	return ev_emit(s);
}

/* Of ev_new_unowned() and ev_new_of(). */
static __always_inline bool
ev_send_other(struct ev_scratch *s)
{
	return ev_is_rejected(s) || ev_emit(s);
}

/* Tracers that have a program for a system call. */
enum {
	EV_SYS_TRACERS = 0
#define SYSCALL(tracer, call) | 1ULL << TR_##tracer
#include "bpf/syscalls.def"
};

/* The calls are unlikely, so that they do not lie between the questions. */
static __always_inline void
ev_next_of(void *ctx, __u64 mask)
{
	mask &= EV_SYS_TRACERS & -(2ULL << EV_TRACER);
	if (!mask)
		return;
#define TRACER(id, name, class, flags, help)                                                       \
	if (TR_##id > EV_TRACER && ((__u64)EV_SYS_TRACERS >> TR_##id & 1) &&                       \
	    __builtin_expect(mask & (1ULL << TR_##id), 0))                                           \
		bpf_tail_call_static(ctx, &sys_progs, TR_##id);
#include "bpf/tracers.def"
}

/* On to the next tracer that has a program for this system call; nr: struct ev_call. */
static __always_inline void
ev_next_call(void *ctx, __u32 nr)
{
	struct ev_slot *slot = ev_slot(nr);

	if (slot)
		ev_next_of(ctx, slot->mask);
}

static __always_inline void
ev_next(void *ctx, struct pt_regs *regs)
{
	ev_next_call(ctx, ev_call_nr(regs, ev_compat(bpf_get_current_task_btf())));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#endif
