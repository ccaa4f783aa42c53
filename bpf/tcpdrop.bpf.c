/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP segments that the kernel freed because it did not want them. */
#define EV_THIS TCPDROP
#include "bpf/drop.bpf.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#define TCP_CLOSE	7
#define V6_HEADERS	4	/* extension headers that are skipped */

/* Linux 6.11 passes the socket that was to receive. */
struct trace_event_raw_kfree_skb { void *rx_sk; } KERNEL_TYPE;

/* Where TCP's header begins after an IPv6 header at ip; 0: something else is there. */
static __always_inline unsigned int
after_ipv6(const unsigned char *ip, __u8 next)
{
	unsigned int off = sizeof(struct ipv6hdr);

	for (int i = 0; i < V6_HEADERS; i++) {
		__u8 ext[2] = {};

		if (next == IPPROTO_TCP)
			return off;
		/* Hop-by-hop, routing, destination options. */
		if (next != 0 && next != 43 && next != 60)
			return 0;
		bpf_probe_read_kernel(ext, sizeof(ext), ip + off);
		next = ext[0];
		off += (ext[1] + 1U) * 8;
	}
	return next == IPPROTO_TCP ? off : 0;
}

/* Addresses, and where TCP's header is; false: no first fragment of TCP.  total: bytes from ip. */
static __always_inline bool
network(const struct sk_buff *skb, const unsigned char *ip, struct ev_tcpdrop *e, unsigned int *off,
	unsigned int *total)
{
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr h;

		bpf_probe_read_kernel(&h, sizeof(h), ip);
		if (h.protocol != IPPROTO_TCP || h.frag_off & bpf_htons(0x1fff))
			return false;
		net_map4(e->saddr, &h.saddr);
		net_map4(e->daddr, &h.daddr);
		*off = h.ihl * 4U;
		*total = bpf_ntohs(h.tot_len);
		return true;
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr h;

		bpf_probe_read_kernel(&h, sizeof(h), ip);
		__builtin_memcpy(e->saddr, &h.saddr, 16);
		__builtin_memcpy(e->daddr, &h.daddr, 16);
		*off = after_ipv6(ip, h.nexthdr);
		*total = h.payload_len ? bpf_ntohs(h.payload_len) + sizeof(h) : 0;
		return *off != 0;
	}
	return false;
}

static __always_inline bool
segment(const struct sk_buff *skb, struct ev_tcpdrop *e)
{
	const unsigned char *ip = skb->head + skb->network_header;
	unsigned int off = 0, total = 0, headers;
	struct tcphdr th;

	if (!network(skb, ip, e, &off, &total))
		return false;
	if (!total)	/* larger than the field: segmentation offload */
		total = skb->len + (unsigned int)(skb->data - ip);
	if (total < off + sizeof(th))
		return true;	/* cut off before its ports */
	bpf_probe_read_kernel(&th, sizeof(th), ip + off);
	e->sport = bpf_ntohs(th.source);
	e->dport = bpf_ntohs(th.dest);
	e->seq = bpf_ntohl(th.seq);
	e->ack = bpf_ntohl(th.ack_seq);
	e->tcpflags = ((__u8 *)&th)[13];
	headers = off + th.doff * 4U;
	e->len = total > headers ? total - headers : 0;
	return true;
}

/*
 * What every connection ends with: what is left in the queues of a closed socket.  Kernels before
 * 6.7 have no reason of its own for that.
 */
static __always_inline bool
expected(__u32 reason, __u8 state)
{
	return reason == TCPDROP_QUEUE_PURGE ||
	       (reason == TCPDROP_NOT_SPECIFIED && (!state || state == TCP_CLOSE));
}

static __always_inline __u8
receiver_state(void *ctx)
{
	struct sock *sk;

	asm volatile("" : "+r"(ctx));
	sk = ((struct sock **)ctx)[3];
	return sk ? sk->__sk_common.skc_state : 0;
}

SEC("tp_btf/kfree_skb")
int
BPF_PROG(tcpdrop_kfree_skb, struct sk_buff *skb, void *location, __u32 kernel_reason)
{
	struct ev_scratch *s;
	struct ev_tcpdrop *e;
	struct sock *sk = skb->sk;
	__u32 reason;
	__u8 state = 0;

	if (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6))
		return 0;
	if (sk)
		state = sk->__sk_common.skc_state;
	else if (bpf_core_field_exists(struct trace_event_raw_kfree_skb, rx_sk))
		state = receiver_state(ctx);
	reason = drop_reason(kernel_reason);
	if (expected(reason, state))
		return 0;
	s = ev_new_unowned(TCPDROP_DROP, sizeof(*e));
	if (!s)
		return 0;
	e = ev_record(s);
	if (!segment(skb, e))
		return 0;
	e->state = state;
	e->reason = reason;
	e->kernel_reason = kernel_reason;
	net_interface(skb->dev, e->dev, &e->ifindex, &e->netns);
	ev_send_other(s);
	return 0;
}
