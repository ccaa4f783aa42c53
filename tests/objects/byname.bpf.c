/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A map that is shared with other objects by its name. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u32);
} shared_by_name SEC(".maps");

SEC("xdp")
int
byname_xdp(struct xdp_md *ctx)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&shared_by_name, &zero) ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
