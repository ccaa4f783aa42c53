/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Subprograms, static and global, and a callback. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

static __noinline __u64
twice(__u64 v)
{
	return v * 2;
}

__noinline int
add_one(int v)
{
	return v + 1;
}

static long
each(__u32 i, void *sum)
{
	*(__u64 *)sum += twice(i);
	return 0;
}

SEC("tp/sched/sched_process_exec")
int
subprogs_prog(void *ctx)
{
	__u64 sum = 0;

	bpf_loop(10, each, &sum, 0);
	return add_one((int)twice(sum));
}

SEC("tcx/ingress")
int
subprogs_tcx(struct __sk_buff *skb)
{
	return (int)twice(skb->len);
}

SEC("our/own/section")
int
subprogs_untyped(struct __sk_buff *skb)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
