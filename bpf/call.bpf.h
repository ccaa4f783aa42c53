/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_CALL_BPF_H
#define BPFD_BPF_CALL_BPF_H

/*
 * Part of bpf/bpfd.bpf.h: a system call as the 64-bit table has it, whichever table it came
 * through.  A process chooses that anew for each call, whatever it is itself: int $0x80 is there
 * for a 64-bit one too.
 */
#include "bpf/record.bpf.h"

#include <asm/unistd.h>

#define KERNEL_X32_BIT		0x40000000U
#define CALL_SOCKETCALL		102	/* in the 32-bit table */
#define CALL_SAME_FROM		424	/* from here on the 32-bit table has the same numbers */
#define CALL_X32_FROM		512	/* from here on x32 has others */

struct ev_call {
	__u64 arg[6];
	__u32 nr;			/* in the 64-bit table; EV_SYSCALLS: it is not there */
	__u32 words32;			/* 1: structures in the process's memory are of 32-bit words */
};

static __always_inline struct ev_slot *
ev_slot(__u32 nr)
{
	return bpf_map_lookup_elem(&sys_slots, &nr);
}

/* bx: the first argument in the 32-bit table.  Not static: the verifier looks at it once. */
__noinline __u32
ev_call_native(__u32 nr, __u32 bx, __u32 compat)
{
	struct ev_slot *slot;

	if (compat && nr == CALL_SOCKETCALL) {
		slot = ev_slot(bx);
		return slot && slot->socketcall ? slot->socketcall - 1 : EV_SYSCALLS;
	}
	if (!compat)
		nr &= ~KERNEL_X32_BIT;
	if (compat ? nr >= CALL_SAME_FROM : nr < CALL_X32_FROM)
		return nr;
	slot = ev_slot(nr);
	if (!slot)
		return EV_SYSCALLS;
	nr = compat ? slot->as32 : slot->asx32;
	return nr ? nr - 1 : EV_SYSCALLS;
}

static __always_inline bool
ev_call_is_other(const struct pt_regs *regs, __u32 compat)
{
	return __builtin_expect(compat | ((__u32)regs->orig_ax & KERNEL_X32_BIT), 0);
}

/* Of another table: the call is one of this tracer's. */
static __always_inline bool
ev_call_is_mine(__u32 nr)
{
	struct ev_slot *slot = ev_slot(nr);

	return slot && (slot->mask & EV_BIT);
}

/* compat: not 0 when it came through the 32-bit table. */
static __always_inline __u32
ev_call_nr(const struct pt_regs *regs, __u32 compat)
{
	if (ev_call_is_other(regs, compat))
		return ev_call_native(regs->orig_ax, regs->bx, compat);
	return regs->orig_ax;
}

/*
 * An argument where each nanosecond counts: by one path, which the verifier looks at once.  way: all
 * bits of a call through the 32-bit table, else none; r32: the register that has it there.
 */
#define EV_ARG(regs, way, r64, r32) ((regs)->r64 ^ (((regs)->r64 ^ (__u32)(regs)->r32) & (way)))

static __always_inline __u64
ev_way(__u32 compat)
{
	__u64 way = -(__u64)(compat / KERNEL_TS_COMPAT);

	/* The compiler would make branches of it. */
	asm volatile("" : "+r"(way));
	return way;
}

/* A user of 16 bits; -1 stays that. */
static __always_inline __u64
ev_call_id16(__u64 id)
{
	return (__u16)id == 0xffff ? 0xffffffff : (__u16)id;
}

/*
 * As the kernel's own entry of the call does it.  Of socketcall and the old mmap they lie in the
 * process's memory, where another thread may have changed them since.
 */
static __always_inline void
ev_call_args32(struct ev_call *c, const struct pt_regs *regs)
{
	__u32 nr = regs->orig_ax, form, n = 6, words[6] = {};
	struct ev_slot *slot = ev_slot(nr);

	c->arg[0] = (__u32)regs->bx;
	c->arg[1] = (__u32)regs->cx;
	c->arg[2] = (__u32)regs->dx;
	c->arg[3] = (__u32)regs->si;
	c->arg[4] = (__u32)regs->di;
	c->arg[5] = (__u32)regs->bp;
	if (!slot)
		return;
	form = slot->form;
	if (form == EV_FORM_IDS16) {
		c->arg[0] = ev_call_id16(c->arg[0]);
		c->arg[1] = ev_call_id16(c->arg[1]);
		c->arg[2] = ev_call_id16(c->arg[2]);
	} else if (form == EV_FORM_OWNER16) {
		c->arg[1] = ev_call_id16(c->arg[1]);
		c->arg[2] = ev_call_id16(c->arg[2]);
	} else if (form == EV_FORM_SPLIT) {
		c->arg[1] |= c->arg[2] << 32;
	} else if (form == EV_FORM_ONE) {
		c->arg[1] = 0;
	} else if (form == EV_FORM_MEMORY) {
		bpf_probe_read_user(words, sizeof(words), (const void *)(nr == CALL_SOCKETCALL ? c->arg[1] : c->arg[0]));
		if (nr == CALL_SOCKETCALL) {
			slot = ev_slot(c->arg[0]);
			n = slot ? slot->socketcall_args : 0;
		}
#pragma unroll
		for (__u32 i = 0; i < 6; i++)
			c->arg[i] = i < n ? words[i] : 0;
	}
}

/* Of the current task, at the exit of the call. */
static __always_inline void
ev_call(struct ev_call *c, const struct pt_regs *regs)
{
	__u32 compat = ev_compat(bpf_get_current_task_btf());

	c->nr = ev_call_nr(regs, compat);
	c->words32 = compat || (__u32)regs->orig_ax >= (KERNEL_X32_BIT | CALL_X32_FROM);
	if (compat) {
		ev_call_args32(c, regs);
		return;
	}
	c->arg[0] = regs->di;
	c->arg[1] = regs->si;
	c->arg[2] = regs->dx;
	c->arg[3] = regs->r10;
	c->arg[4] = regs->r8;
	c->arg[5] = regs->r9;
}

/*
 * At a function that calls lead to, instead of the exit of all calls: what the process has called with,
 * and what it will get.  Linux refuses such programs under lockdown, so they are one way
 * (NAME__function) and the exit of the call the other (NAME__call).
 */
static __always_inline const struct pt_regs *
ev_call_regs(struct task_struct *current)
{
	return (const struct pt_regs *)bpf_task_pt_regs(current);
}

/* ctx: of a program for fexit.  The functions return an int or a long: descriptors and errnos fit. */
static __always_inline long
ev_function_ret(void *ctx)
{
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	return (int)ret;
}

#endif
