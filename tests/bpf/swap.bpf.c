/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Programs to be put in each other's place under traffic.  The filters drop what is sent to port 7007
 * of UDP; behind them "passed" counts what they let through.  Each of order_* notes that it ran in the
 * packet's mark, so the last of them in a hook sees in which order.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum { DROPPED_A, DROPPED_B, PASSED, ORDER, RAN_A, RAN_B, N_HITS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_HITS);
	__type(key, __u32);
	__type(value, __u64);
} swap_hits SEC(".maps");

static __always_inline void
hit(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&swap_hits, &which);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline int
is_sought(void *at, void *end)
{
	struct ethhdr *eth = at;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	return (void *)(udp + 1) <= end && eth->h_proto == bpf_htons(ETH_P_IP) &&
		ip->protocol == IPPROTO_UDP && udp->dest == bpf_htons(7007);
}

#define SKB_SOUGHT(skb) is_sought((void *)(long)(skb)->data, (void *)(long)(skb)->data_end)

#define FILTER(x, slot)                                                                            \
	SEC("tc") int filter_##x(struct __sk_buff *skb)                                            \
	{                                                                                          \
		if (!SKB_SOUGHT(skb))                                                              \
			return TC_ACT_UNSPEC;                                                      \
		hit(slot);                                                                         \
		return TC_ACT_SHOT;                                                                \
	}                                                                                          \
	SEC("xdp") int xdp_##x(struct xdp_md *ctx)                                                 \
	{                                                                                          \
		if (!is_sought((void *)(long)ctx->data, (void *)(long)ctx->data_end))              \
			return XDP_PASS;                                                           \
		hit(slot);                                                                         \
		return XDP_DROP;                                                                   \
	}
FILTER(a, DROPPED_A)
FILTER(b, DROPPED_B)

SEC("tc")
int
passed(struct __sk_buff *skb)
{
	if (SKB_SOUGHT(skb))
		hit(PASSED);
	return TC_ACT_UNSPEC;
}

static __always_inline int
noted(struct __sk_buff *skb, __u32 digit)
{
	__u32 slot = ORDER, order = skb->mark * 10 + digit;
	__u64 *last = bpf_map_lookup_elem(&swap_hits, &slot);

	skb->mark = order;
	if (last)
		*last = order;
	return TC_ACT_UNSPEC;
}

SEC("tc")
int
order_1(struct __sk_buff *skb)
{
	return noted(skb, 1);
}

SEC("tc")
int
order_2(struct __sk_buff *skb)
{
	return noted(skb, 2);
}

SEC("tc")
int
order_3(struct __sk_buff *skb)
{
	return noted(skb, 3);
}

/* Counts the program that the test executes, and no other. */
static __always_inline int
executed(__u32 slot)
{
	char comm[16] __attribute__((aligned(8))) = "", name[16] __attribute__((aligned(8))) = "swapexec";

	bpf_get_current_comm(comm, sizeof(comm));
	if (*(__u64 *)comm == *(__u64 *)name)
		hit(slot);
	return 0;
}

SEC("tracepoint/sched/sched_process_exec")
int
exec_a(void *ctx)
{
	return executed(RAN_A);
}

SEC("tracepoint/sched/sched_process_exec")
int
exec_b(void *ctx)
{
	return executed(RAN_B);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
