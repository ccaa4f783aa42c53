/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every packet is aborted: what the kernel's tracepoints of XDP tell of. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int
aborted_xdp(struct xdp_md *ctx)
{
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
