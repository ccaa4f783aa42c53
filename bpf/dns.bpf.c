/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DNS over UDP: what processes of this host ask, and what they are answered.  These programs see each
 * packet of each socket, so whatever is not DNS leaves after a few comparisons; the message goes
 * to user space as it is, where a parser has no rights.
 */
#define EV_THIS DNS
#define EV_IN_CGROUPS
#include "bpf/sock.bpf.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "bpf/dns.h"

#define DNS_PORT	53
#define DNS_PORT_MDNS	5353
#define DNS_ASKED	4	/* queries of a socket that wait: libc asks for A and AAAA at once */
#define DNS_IS_RESPONSE	0x80

struct dns_header { __be16 id; __u8 flags[2]; __be16 counts[4]; };

struct dns_asked {
	__u64 at_ns;			/* 0: unused */
	__u32 id, reserved;
};
/* Who asked by a socket: an answer arrives in an interrupt. */
struct dns_socket {
	struct ev_hdr h;
	struct dns_asked asked[DNS_ASKED];
	__u32 next, reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct dns_socket);
} dns_sockets SEC(".maps");

/* Of a packet that is DNS. */
struct dns_packet {
	__u8 from[16], to[16];
	__u16 sport, dport;
	__u32 at, len;			/* of the message in the packet */
	struct dns_header h;
};

static __always_inline bool
is_dns_port(__be16 port)
{
	return port == bpf_htons(DNS_PORT) || port == bpf_htons(DNS_PORT_MDNS);
}

/* Where UDP's header is; 0: it is something else, or not the first fragment. */
static __always_inline __u32
udp_at(const struct __sk_buff *skb)
{
	const void *data = (const void *)(long)skb->data, *end = (const void *)(long)skb->data_end;
	const struct ipv6hdr *six = data;
	const struct iphdr *four = data;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if ((const void *)(four + 1) > end || four->protocol != IPPROTO_UDP ||
		    four->frag_off & bpf_htons(0x1fff))
			return 0;
		return four->ihl * 4U;
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if ((const void *)(six + 1) > end || six->nexthdr != IPPROTO_UDP)
			return 0;
		return sizeof(*six);
	}
	return 0;
}

static __always_inline void
addresses(struct __sk_buff *skb, struct dns_packet *p)
{
	__be32 four[2] = {};

	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		bpf_skb_load_bytes(skb, offsetof(struct ipv6hdr, saddr), p->from, 16);
		bpf_skb_load_bytes(skb, offsetof(struct ipv6hdr, daddr), p->to, 16);
		return;
	}
	bpf_skb_load_bytes(skb, offsetof(struct iphdr, saddr), four, sizeof(four));
	net_map4(p->from, &four[0]);
	net_map4(p->to, &four[1]);
}

/* server: the one of the two ports that must be a server's is the destination. */
static __always_inline bool
packet(struct __sk_buff *skb, struct dns_packet *p, bool query)
{
	struct ev_settings *set;
	struct udphdr u;
	__u32 at = udp_at(skb);

	if (!at || bpf_skb_load_bytes(skb, at, &u, sizeof(u)) || !is_dns_port(query ? u.dest : u.source))
		return false;
	set = ev_settings();
	if (!set || !(set->on & EV_BIT))
		return false;
	p->at = at + sizeof(u);
	p->len = bpf_ntohs(u.len) - sizeof(u);
	p->sport = bpf_ntohs(u.source);
	p->dport = bpf_ntohs(u.dest);
	if (p->len < sizeof(p->h) || p->len > 0xffff || bpf_skb_load_bytes(skb, p->at, &p->h, sizeof(p->h)))
		return false;
	/* mDNS sends both kinds to the same port. */
	if (!(p->h.flags[0] & DNS_IS_RESPONSE) != query)
		return false;
	addresses(skb, p);
	return true;
}

/* The message is the record's only string, so it has a fixed place. */
static __always_inline void
add_message(struct __sk_buff *skb, struct ev_scratch *s, const struct dns_packet *p)
{
	struct ev_dns *e = ev_record(s);
	__u32 len = p->len;

	e->message.off = sizeof(*e);
	if (len > DNS_MESSAGE_MAX) {
		ev_mark_cut(s, &e->message, 1);
		len = DNS_MESSAGE_MAX;
	}
	/* It has a header.  Linux 6.1 learns of no comparison that it is at least 1. */
	asm volatile("" : "+r"(len));
	len = ((len - 1) & (DNS_MESSAGE_MAX - 1)) + 1;
	if (bpf_skb_load_bytes(skb, p->at, s->b + sizeof(*e), len))
		return;
	e->message.len = len;
	e->h.len = sizeof(*e) + len;
}

static __always_inline void
asked(struct __sk_buff *skb, const struct dns_packet *p)
{
	struct ev_scratch *s = ev_new(DNS_QUERY, sizeof(struct ev_dns));
	struct bpf_sock *sk = skb->sk;
	struct dns_socket *of;
	struct dns_asked *a;
	struct ev_dns *e;

	if (!s)
		return;
	e = ev_record(s);
	__builtin_memcpy(e->server, p->to, 16);
	e->sport = p->sport;
	e->dport = p->dport;
	e->len = p->len;
	e->cookie = bpf_get_socket_cookie(skb);
	add_message(skb, s, p);
	of = sk ? bpf_sk_storage_get(&dns_sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE) : NULL;
	if (of) {
		of->h = e->h;
		a = &of->asked[of->next++ % DNS_ASKED];
		a->id = p->h.id;
		a->at_ns = bpf_ktime_get_boot_ns();
	}
	ev_send(s);
}

static __always_inline __u64
latency(struct dns_socket *of, __u16 id)
{
	__u64 ns = 0;

#pragma unroll
	for (int i = 0; i < DNS_ASKED; i++) {
		struct dns_asked *a = &of->asked[i];

		if (!a->at_ns || a->id != id)
			continue;
		ns = bpf_ktime_get_boot_ns() - a->at_ns;
		a->at_ns = 0;
	}
	return ns;
}

static __always_inline void
answered(struct __sk_buff *skb, const struct dns_packet *p)
{
	struct bpf_sock *sk = skb->sk;
	struct dns_socket *of = sk ? bpf_sk_storage_get(&dns_sockets, sk, NULL, 0) : NULL;
	struct ev_scratch *s = of ? ev_new_of(&of->h, DNS_RESPONSE, sizeof(struct ev_dns)) :
				    ev_new_unowned(DNS_RESPONSE, sizeof(struct ev_dns));
	struct ev_dns *e;

	if (!s)
		return;
	e = ev_record(s);
	__builtin_memcpy(e->server, p->from, 16);
	e->sport = p->dport;
	e->dport = p->sport;
	e->len = p->len;
	e->cookie = bpf_get_socket_cookie(skb);
	e->latency_ns = of ? latency(of, p->h.id) : 0;
	add_message(skb, s, p);
	ev_send_other(s);
}

SEC("cgroup_skb/egress")
SOCK_PROGRAM(dns_egress, __sk_buff)
{
	struct dns_packet p;

	if (packet(ctx, &p, true) && ev_enter()) {
		asked(ctx, &p);
		ev_leave();
	}
}

SEC("cgroup_skb/ingress")
SOCK_PROGRAM(dns_ingress, __sk_buff)
{
	struct dns_packet p;

	if (packet(ctx, &p, false) && ev_enter()) {
		answered(ctx, &p);
		ev_leave();
	}
}
