/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_BPFINSNS_BPF_H
#define BPFD_BPF_BPFINSNS_BPF_H

/* Which helpers the instructions of a program call that is given to bpf(2). */
#include "bpf/bpfaudit.h"

/* Instructions are looked at by so many at once. */
#define INSNS_ONCE	16
#define INSNS_LOOKS	4096

struct insns {
	__u64 at;			/* in the process's memory */
	__u32 left, helpers;
};

/* 1: equal.  Without a branch, which the verifier would follow both ways for each instruction. */
static __always_inline __u32
insns_same(__u64 a, __u64 b)
{
	__u64 differ = a ^ b, minus = -differ;

	asm volatile("" : "+r"(minus));
	return 1 - ((differ | minus) >> 63);
}

/* A call of a helper: opcode, no source register, its number as the constant. */
static __always_inline __u32
helper_of(__u64 insn)
{
	__u64 number = insn >> 32;

	return insns_same(insn & 0xf0ff, 0x85) * (
		insns_same(number, BPF_FUNC_probe_write_user) * BPFAUDIT_WRITE_USER |
		insns_same(number, BPF_FUNC_override_return) * BPFAUDIT_OVERRIDE_RETURN |
		insns_same(number, BPF_FUNC_send_signal) * BPFAUDIT_SEND_SIGNAL |
		insns_same(number, BPF_FUNC_send_signal_thread) * BPFAUDIT_SEND_SIGNAL);
}

static int
look_at_insns(__u32 turn, struct insns *in)
{
	__u64 insns[INSNS_ONCE] = {};
	__u32 n = in->left < INSNS_ONCE ? in->left : INSNS_ONCE;

	if (bpf_probe_read_user(insns, n * sizeof(insns[0]), (const void *)in->at)) {
		in->helpers |= BPFAUDIT_UNREAD;
		in->left = 0;
		return 1;
	}
	for (int i = 0; i < INSNS_ONCE; i++)
		in->helpers |= helper_of(insns[i]);
	in->at += sizeof(insns);
	in->left -= n;
	return !in->left;
}

static __always_inline void
insns_look(struct insns *in)
{
	if (in->left)
		bpf_loop(INSNS_LOOKS, look_at_insns, in, 0);
	if (in->left)
		in->helpers |= BPFAUDIT_UNREAD;
}

#endif
