/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* More than 4096 instructions, for which an unprivileged load would be refused. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

volatile __u32 long_sum;

SEC("raw_tp/sched_process_exec")
int
long_exec(struct bpf_raw_tracepoint_args *ctx)
{
#pragma clang loop unroll(full)
	for (__u32 i = 0; i < 2500; i++)
		long_sum += i;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
