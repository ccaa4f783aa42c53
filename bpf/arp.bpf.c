/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ARP packets as they go to an interface's queue and as they come from one. */
#define EV_THIS ARP
#include "bpf/net.bpf.h"


#include "bpf/arp.h"

/* RFC 826 for Ethernet and IPv4. */
struct packet {
	__be16 hardware, protocol;
	__u8 hlen, plen;
	__be16 op;
	__u8 smac[6], sip[4], tmac[6], tip[4];
};
_Static_assert(sizeof(struct packet) == 28, "ARP packet");

static __always_inline void
tell(const struct sk_buff *skb, const unsigned char *at, __u16 event)
{
	struct ev_scratch *s = ev_new_unowned(event, sizeof(struct ev_arp));
	struct packet p = {};
	struct ev_arp *e;

	if (!s)
		return;
	e = ev_record(s);
	bpf_probe_read_kernel(&p, sizeof(p), at);
	e->op = bpf_ntohs(p.op);
	if (p.hlen == sizeof(p.smac) && p.plen == sizeof(p.sip)) {
		net_map4(e->sip, p.sip);
		net_map4(e->tip, p.tip);
		__builtin_memcpy(e->smac, p.smac, sizeof(e->smac));
		__builtin_memcpy(e->tmac, p.tmac, sizeof(e->tmac));
	}
	net_interface(skb->dev, e->dev, &e->ifindex, &e->netns);
	ev_send_other(s);
}

/* What is received may interrupt what is sent. */
static __always_inline int
seen(const struct sk_buff *skb, const unsigned char *at, __u16 event)
{
	if (!ev_enter())
		return 0;
	tell(skb, at, event);
	ev_leave();
	return 0;
}

SEC("tp_btf/net_dev_queue")
int
BPF_PROG(arp_sent, struct sk_buff *skb)
{
	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	return seen(skb, skb->head + skb->network_header, ARP_SENT);
}

/* The network header's place is not set yet, but the link layer's is taken off. */
SEC("tp_btf/netif_receive_skb")
int
BPF_PROG(arp_received, struct sk_buff *skb)
{
	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return 0;
	return seen(skb, skb->data, ARP_RECEIVED);
}
