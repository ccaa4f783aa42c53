/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps in maps and programs in maps, filled by the object itself. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} inner_a SEC(".maps"), inner_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [0] = &inner_a, [1] = &inner_b } };

int	tail_target(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { [0] = (void *)&tail_target } };

SEC("tc")
int
tail_target(struct __sk_buff *skb)
{
	return 1;
}

SEC("tc")
int
tail_entry(struct __sk_buff *skb)
{
	__u32 one = 1, zero = 0;
	void *inner = bpf_map_lookup_elem(&outer, &one);
	__u64 *v = inner ? bpf_map_lookup_elem(inner, &zero) : 0;

	if (v)
		__sync_fetch_and_add(v, 1);
	bpf_tail_call(skb, &jumps, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
