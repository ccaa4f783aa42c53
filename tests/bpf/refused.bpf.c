/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the verifier refuses: a read behind the end of the packet. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int
refused_xdp(struct xdp_md *ctx)
{
	const unsigned char *data = (const unsigned char *)(long)ctx->data;

	return data[100] ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
