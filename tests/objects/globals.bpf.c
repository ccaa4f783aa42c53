/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Global data of each kind, and what of it the program makes visible in a map. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 knob = 7;
const volatile char label[8] = "before";
__u64 counter_start = 1;
__u64 scratch;
static volatile const __u16 hidden = 3;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

SEC("socket")
int
globals_show(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *v = bpf_map_lookup_elem(&seen, &zero);

	if (v)
		*v = knob + counter_start++ + (__u64)label[0] + hidden;
	scratch = knob;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
