/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What bpfd-linker loads before any load arrives: it has each thing that makes libbpf ask the
 * kernel whether it can do it, and is never attached.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} warm_map SEC(".maps");

const volatile __u32 warm_knob = 1;
__u64 warm_count;

__noinline int
warm_global(int v)
{
	return v + (int)warm_knob;
}

SEC("socket")
int
warm_prog(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&warm_map, &zero);

	if (n)
		warm_count += *n;
	return warm_global((int)skb->len);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
