/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A small file whose global data libbpf cannot hold within its limit of memory. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

volatile char huge_room[224 << 20];

SEC("xdp")
int
huge_xdp(struct xdp_md *ctx)
{
	return huge_room[12345] ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
