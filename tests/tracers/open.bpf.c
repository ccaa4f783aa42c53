/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stands for the tracer of this name: a program of the dispatcher, and one that is loaded after it. */
#define EV_THIS OPEN
#include "bpf/bpfd.bpf.h"

SEC("tp_btf/sys_exit")
int
BPF_PROG(test_open, struct pt_regs *regs, long ret)
{
	struct ev_scratch *s = ev_new(0, sizeof(struct ev_hdr));

	if (s) {
		ev_head(s)->ret = ret;
		ev_send(s);
	}
	ev_next(ctx, regs);
	return 0;
}

SEC("?tp_btf/io_uring_complete")
int
BPF_PROG(test_open_uring)
{
	return 0;
}
