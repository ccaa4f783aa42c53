/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A tracepoint program without CO-RE and without maps: the smallest thing to load. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tracepoint/sched/sched_process_exec")
int
plain_exec(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
