/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* More than 4096 instructions; and a program that the verifier refuses late, with a long log. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define TEN(x) x x x x x x x x x x
#define STEP v = (v ^ ctx->rx_queue_index) * 3 + 1; v ^= v >> 7;

SEC("xdp")
int
large_xdp(struct xdp_md *ctx)
{
	volatile __u32 v = 1;

	TEN(TEN(TEN(STEP)))
	return v == 7 ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int
large_refused(struct xdp_md *ctx)
{
	volatile __u32 v = 1;
	const unsigned char *data = (const unsigned char *)(long)ctx->data;

	TEN(TEN(TEN(STEP)))
	return data[v & 1] ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
