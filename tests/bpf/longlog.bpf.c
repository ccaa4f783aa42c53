/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the verifier refuses after a long way: its log has more than 1 MiB, and no address. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int
longlog_xdp(struct xdp_md *ctx)
{
	const unsigned char *data = (const unsigned char *)(long)ctx->data;
	volatile __u32 sum = 0;

#pragma clang loop unroll(full)
	for (__u32 i = 0; i < 4000; i++)
		sum += i;
	return data[100] == sum ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
