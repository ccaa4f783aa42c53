/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Filters of sockets for the system tests: one counts what it lets through, one lets nothing through. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum { HIT_PASS, HIT_DROP, N_HITS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_HITS);
	__type(key, __u32);
	__type(value, __u64);
} sockets_hits SEC(".maps");

static __always_inline void
hit(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&sockets_hits, &which);

	if (n)
		__sync_fetch_and_add(n, 1);
}

SEC("socket")
int
on_pass(struct __sk_buff *skb)
{
	hit(HIT_PASS);
	return (int)skb->len;
}

SEC("socket")
int
on_drop(struct __sk_buff *skb)
{
	hit(HIT_DROP);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
