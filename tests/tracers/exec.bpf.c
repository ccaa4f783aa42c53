/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stands for the tracer of this name in test-loader-tracers: one program, one event. */
#define EV_THIS EXEC
#include "bpf/bpfd.bpf.h"

SEC("tp_btf/sched_process_exec")
int
BPF_PROG(test_exec)
{
	struct ev_scratch *s = ev_new(0, sizeof(struct ev_hdr));

	if (s)
		ev_send(s);
	return 0;
}
