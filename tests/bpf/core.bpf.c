/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The small CO-RE tracepoint object of the bench, and of tests that load often. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct trace_event_raw_sched_process_exec {
	int pid;
	int old_pid;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} core_hits SEC(".maps");

SEC("tracepoint/sched/sched_process_exec")
int
core_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&core_hits, &zero);

	if (n && ctx->pid && ctx->old_pid)
		(*n)++;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
