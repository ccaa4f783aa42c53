/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One program of each attach kind, all counting into one map, for the system tests. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

struct trace_event_raw_sched_process_exec {
	int pid;
} __attribute__((preserve_access_index));

enum { HIT_TRACEPOINT, HIT_RAW_TP, HIT_TP_BTF, HIT_XDP, HIT_TC_IN, HIT_TC_OUT, N_HITS };

const volatile __u32 kinds_step = 1;
__u64 kinds_written = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_HITS);
	__type(key, __u32);
	__type(value, __u64);
} kinds_hits SEC(".maps");

static __always_inline void
hit(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&kinds_hits, &which);

	if (n)
		__sync_fetch_and_add(n, kinds_step);
}

SEC("tracepoint/sched/sched_process_exec")
int
on_tracepoint(struct trace_event_raw_sched_process_exec *ctx)
{
	if (ctx->pid > 0)
		hit(HIT_TRACEPOINT);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int
on_raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	hit(HIT_RAW_TP);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int
on_tp_btf(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];

	if (task->pid > 0) {
		hit(HIT_TP_BTF);
		kinds_written = (__u64)task->pid;
	}
	return 0;
}

SEC("xdp")
int
on_xdp(struct xdp_md *ctx)
{
	hit(HIT_XDP);
	return XDP_PASS;
}

SEC("tc")
int
on_ingress(struct __sk_buff *skb)
{
	hit(HIT_TC_IN);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int
on_egress(struct __sk_buff *skb)
{
	hit(HIT_TC_OUT);
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
