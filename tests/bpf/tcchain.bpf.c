/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs for chains at traffic control.  A packet to port 7008 of UDP says its number (__u16, this
 * machine's order) and what each program is to return for it (__s8 each); each notes in the packet's mark,
 * and so under its number, that it ran.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define N_PROGS 5

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u32);
} chain_orders SEC(".maps");

struct order {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	__u16 number;
	__s8 returns[N_PROGS];
} __attribute__((packed));

static __always_inline int
step(struct __sk_buff *skb, __u32 which)
{
	const struct order *o = (void *)(long)skb->data;
	__u32 number, *at;

	if ((void *)(o + 1) > (void *)(long)skb->data_end || o->eth.h_proto != bpf_htons(ETH_P_IP) ||
	    o->ip.protocol != IPPROTO_UDP || o->udp.dest != bpf_htons(7008))
		return TC_ACT_UNSPEC;
	number = o->number;
	skb->mark = skb->mark * 10 + which;
	at = bpf_map_lookup_elem(&chain_orders, &number);
	if (at)
		*at = skb->mark;
	return o->returns[which - 1];
}

/* One has its work in a function of its own, as a program may. */
static __noinline int
apart(struct __sk_buff *skb)
{
	return step(skb, 2);
}

SEC("tc") int step_1(struct __sk_buff *skb) { return step(skb, 1); }
SEC("tc") int step_2(struct __sk_buff *skb) { return apart(skb); }
SEC("tc") int step_3(struct __sk_buff *skb) { return step(skb, 3); }
SEC("tc") int theirs_4(struct __sk_buff *skb) { return step(skb, 4); }
SEC("tc") int theirs_5(struct __sk_buff *skb) { return step(skb, 5); }

char LICENSE[] SEC("license") = "Dual BSD/GPL";
