/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Counts program starts and packets, per CPU, in one map that its four programs share.
 * Load it with: bpfctl load count.bpf.o
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "count.h"

/* The fields of the kernel's type that are read; CO-RE finds their places on the running kernel. */
struct trace_event_raw_sched_process_exec {
	int pid;
} __attribute__((preserve_access_index));

/* Packets shorter than this are not counted: --global count_min_bytes=LE-HEX. */
const volatile __u32 count_min_bytes = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct count_totals);
} count_totals SEC(".maps");

static __always_inline struct count_totals *
totals(void)
{
	__u32 first = 0;

	return bpf_map_lookup_elem(&count_totals, &first);
}

static __always_inline void
add(struct count_traffic *t, __u64 len)
{
	if (len < count_min_bytes)
		return;
	t->packets++;
	t->bytes += len;
}

SEC("tracepoint/sched/sched_process_exec")
int
count_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	struct count_totals *t = totals();

	if (!t)
		return 0;
	t->execs++;
	t->last_pid = (__u64)ctx->pid;
	return 0;
}

SEC("xdp")
int
count_xdp(struct xdp_md *ctx)
{
	struct count_totals *t = totals();

	if (t)
		add(&t->xdp, ctx->data_end - ctx->data);
	return XDP_PASS;
}

/* TC_ACT_UNSPEC lets the next program or filter on the hook decide. */
SEC("tc")
int
count_ingress(struct __sk_buff *skb)
{
	struct count_totals *t = totals();

	if (t)
		add(&t->ingress, skb->len);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int
count_egress(struct __sk_buff *skb)
{
	struct count_totals *t = totals();

	if (t)
		add(&t->egress, skb->len);
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
