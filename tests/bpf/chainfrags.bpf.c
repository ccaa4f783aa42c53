/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An XDP program that takes packets of several pages. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 frags_runs = 0;

SEC("xdp.frags")
int
chain_frags(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&frags_runs, 1);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
