/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_NET_BPF_H
#define BPFD_BPF_NET_BPF_H

#include "bpf/bpfd.bpf.h"

#include <bpf/bpf_endian.h>

/* What the tracers of the network read of the kernel's types. */
#define KERNEL_TYPE __attribute__((preserve_access_index))

#define AF_INET		2
#define AF_INET6	10
#define IPPROTO_TCP	6
#define ETH_P_IP	0x0800
#define ETH_P_ARP	0x0806
#define ETH_P_IPV6	0x86dd

struct possible_net { struct net *net; } KERNEL_TYPE;

struct net_device {
	int ifindex;
	char name[16];
	struct possible_net nd_net;
} KERNEL_TYPE;

struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct possible_net skc_net;
	struct { __u8 bytes[16]; } skc_v6_daddr, skc_v6_rcv_saddr;
	struct { __s64 counter; } skc_cookie;
	unsigned long skc_flags;
	int skc_bound_dev_if;
	unsigned char skc_reuse : 4, skc_reuseport : 1;
} KERNEL_TYPE;

struct sock {
	struct sock_common __sk_common;
	int sk_err;
	__u16 sk_type, sk_protocol;
	__u32 sk_max_ack_backlog;
} KERNEL_TYPE;

struct sk_buff {
	struct sock *sk;
	struct net_device *dev;
	unsigned int len, data_len;
	__be16 protocol;
	__u16 transport_header, network_header;
	unsigned char *head, *data;
} KERNEL_TYPE;

/* Addresses in records are IPv6; an IPv4 one is mapped. */
static __always_inline void
net_map4(__u8 to[16], const void *be)
{
	__builtin_memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	__builtin_memcpy(to + 12, be, 4);
}

/* Name, number and namespace of an interface; dev may be NULL. */
static __always_inline void
net_interface(const struct net_device *dev, char name[16], __u32 *ifindex, __u32 *netns)
{
	if (!dev)
		return;
	((__u64 *)name)[0] = ((const __u64 *)dev->name)[0];
	((__u64 *)name)[1] = ((const __u64 *)dev->name)[1];
	*ifindex = dev->ifindex;
	*netns = dev->nd_net.net->ns.inum;
}

#endif
