/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP programs for one interface: each notes how often it ran, and as which of the packet's. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum { A, B, C, D, N_RUNS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_RUNS);
	__type(key, __u32);
	__type(value, __u64);
} chain_runs SEC(".maps");

static __always_inline int
ran(__u32 which, int verdict)
{
	__u64 *n = bpf_map_lookup_elem(&chain_runs, &which);

	if (n)
		__sync_fetch_and_add(n, 1);
	return verdict;
}

SEC("xdp")
int
chain_a(struct xdp_md *ctx)
{
	return ran(A, XDP_PASS);
}

SEC("xdp")
int
chain_b(struct xdp_md *ctx)
{
	return ran(B, XDP_PASS);
}

SEC("xdp")
int
chain_c(struct xdp_md *ctx)
{
	return ran(C, XDP_PASS);
}

/* What no dispatcher takes: the kernel wants to see a struct xdp_md. */
SEC("xdp")
int
chain_alone(void *ctx)
{
	return ran(D, XDP_PASS);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
