/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP segments that are sent again, and connections that either end cut off. */
#define EV_THIS TCPRETRANS
#include "bpf/sock.bpf.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include "bpf/tcpretrans.h"

static __always_inline void
of_socket(const struct sock *sk, struct ev_tcpretrans *e)
{
	const struct sock_common *c = &sk->__sk_common;

	e->family = BPF_CORE_READ(c, skc_family);
	e->state = BPF_CORE_READ(c, skc_state);
	e->cookie = BPF_CORE_READ(c, skc_cookie.counter);
	e->sport = sock_port(sk);
	e->dport = bpf_ntohs(BPF_CORE_READ(c, skc_dport));
	e->netns = sock_netns(sk);
	sock_address(sk, e->saddr, e->daddr);
}

/* What is answered by a reset, so this end is where it was to go. */
static __always_inline void
of_segment(const struct sk_buff *skb, struct ev_tcpretrans *e)
{
	const unsigned char *head = BPF_CORE_READ(skb, head), *ip = head + BPF_CORE_READ(skb, network_header);
	__be16 protocol = BPF_CORE_READ(skb, protocol);
	struct ipv6hdr six;
	struct iphdr four;
	struct tcphdr th;

	if (protocol == bpf_htons(ETH_P_IP)) {
		bpf_probe_read_kernel(&four, sizeof(four), ip);
		e->family = AF_INET;
		net_map4(e->saddr, &four.daddr);
		net_map4(e->daddr, &four.saddr);
	} else if (protocol == bpf_htons(ETH_P_IPV6)) {
		bpf_probe_read_kernel(&six, sizeof(six), ip);
		e->family = AF_INET6;
		__builtin_memcpy(e->saddr, &six.daddr, 16);
		__builtin_memcpy(e->daddr, &six.saddr, 16);
	}
	bpf_probe_read_kernel(&th, sizeof(th), head + BPF_CORE_READ(skb, transport_header));
	e->sport = bpf_ntohs(th.dest);
	e->dport = bpf_ntohs(th.source);
}

static __always_inline void
tell(const struct sock *sk, const struct sk_buff *skb, __u16 event)
{
	struct ev_scratch *s = ev_new_unowned(event, sizeof(struct ev_tcpretrans));
	struct ev_tcpretrans *e;

	if (!s)
		return;
	e = ev_record(s);
	if (sk)
		of_socket(sk, e);
	else if (skb)
		of_segment(skb, e);
	if (event == TCPRETRANS_RETRANSMIT)
		e->len = BPF_CORE_READ(skb, len);
	ev_send_other(s);
}

/* Timers and arriving segments may interrupt who closes. */
static __always_inline int
seen(const struct sock *sk, const struct sk_buff *skb, __u16 event)
{
	if (ev_enter()) {
		tell(sk, skb, event);
		ev_leave();
	}
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int
BPF_PROG(tcpretrans_retransmit, struct sock *sk, struct sk_buff *skb)
{
	return seen(sk, skb, TCPRETRANS_RETRANSMIT);
}

/* Since Linux 6.10 also without a socket: a closed port. */
SEC("tp_btf/tcp_send_reset")
int
BPF_PROG(tcpretrans_send_reset, struct sock *sk, struct sk_buff *skb)
{
	return seen(sk, skb, TCPRETRANS_SEND_RESET);
}

SEC("tp_btf/tcp_receive_reset")
int
BPF_PROG(tcpretrans_receive_reset, struct sock *sk)
{
	return seen(sk, NULL, TCPRETRANS_RECEIVE_RESET);
}
