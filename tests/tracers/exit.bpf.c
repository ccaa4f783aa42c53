/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A tracer of which this kernel lacks hooks, and refuses programs. */
#define EV_THIS EXIT
#include "bpf/bpfd.bpf.h"

SEC("tp_btf/sched_process_exit")
int
BPF_PROG(test_exit)
{
	struct ev_scratch *s = ev_new(0, sizeof(struct ev_hdr));

	if (s)
		ev_send(s);
	return 0;
}

SEC("tp_btf/bpfd_no_such_hook")
int
BPF_PROG(test_exit_missing)
{
	return 0;
}

SEC("?tp_btf/bpfd_no_other_hook")
int
BPF_PROG(test_exit_optional)
{
	return 0;
}

SEC("tp_btf/sched_process_exit")
int
BPF_PROG(test_exit_refused)
{
	return *(volatile int *)1234;
}

/* Ways to the same: none, one that is refused, one that is taken, one that is not needed. */
SEC("?tp_btf/bpfd_no_way")
int
BPF_PROG(test_way__missing)
{
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int
BPF_PROG(test_way__refused)
{
	return *(volatile int *)1234;
}

SEC("?tp_btf/sched_process_exit")
int
BPF_PROG(test_way__taken)
{
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int
BPF_PROG(test_way__spare)
{
	return 0;
}

/* Of which there is none here. */
SEC("?tp_btf/bpfd_no_way")
int
BPF_PROG(test_lost__missing)
{
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int
BPF_PROG(test_lost__refused)
{
	return *(volatile int *)1234;
}
