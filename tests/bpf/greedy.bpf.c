/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Asks for more map memory than the budget of one load. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << 24);
	__type(key, __u32);
	__type(value, __u64[8]);
} greedy_map SEC(".maps");

SEC("xdp")
int
greedy_xdp(struct xdp_md *ctx)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&greedy_map, &zero) ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
