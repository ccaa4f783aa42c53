/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls a helper that the default policy denies. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("raw_tp/sched_process_exec")
int
denied_signal(struct bpf_raw_tracepoint_args *ctx)
{
	return (int)bpf_send_signal(0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
