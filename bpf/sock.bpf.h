/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_SOCK_BPF_H
#define BPFD_BPF_SOCK_BPF_H

#include "bpf/net.bpf.h"
#include "bpf/file.bpf.h"

/*
 * Sockets by descriptor and by the hooks of cgroups.
 *
 * SOCK_PROGRAM(name, context) { ... } behind a SEC("cgroup/..."): the loader attaches it to the root of
 * the cgroups.  It looks on: what a program of that kind returns is the kernel's decision, and here
 * that is always to allow.  Such a program may be preempted: what it tells is between ev_enter() and
 * ev_leave(), and so is that of all others of its object.
 */
#define SOCK_PROGRAM(name, context)                                                                \
	int name(struct context *ctx);                                                             \
	static __always_inline void name##_see(struct context *ctx);                               \
	int name(struct context *ctx)                                                              \
	{                                                                                          \
		name##_see(ctx);                                                                   \
		return 1;                                                                          \
	}                                                                                          \
	static __always_inline void name##_see(struct context *ctx)

#define AF_UNIX		1
#define AF_NETLINK	16
#define AF_PACKET	17
#define AF_VSOCK	40
#define SOCK_STREAM	1
#define SOCK_DGRAM	2
#define IPPROTO_UDP	17
#define IPPROTO_UDPLITE	136
#define IPPROTO_MPTCP	262

struct socket {
	short type;
	struct sock *sk;
} KERNEL_TYPE;
struct inet_sock { __be16 inet_sport; } KERNEL_TYPE;
struct file___socket { struct socket *private_data; } KERNEL_TYPE;

/* NULL: the descriptor is of something else. */
static __always_inline struct sock *
sock_of(int fd)
{
	struct file *file = file_of(fd);
	const struct file___socket *of = (const void *)file;

	if ((BPF_CORE_READ(file, f_inode, i_mode) & FILE_S_IFMT) != FILE_S_IFSOCK)
		return NULL;
	return BPF_CORE_READ(of, private_data, sk);
}

/* sk: as the hook gave it, or read from elsewhere: all reads are of the kind that may fail. */
static __always_inline void
sock_address(const struct sock *sk, __u8 local[16], __u8 other[16])
{
	const struct sock_common *c = &sk->__sk_common;
	__u16 family = BPF_CORE_READ(c, skc_family);
	__be32 from, to;

	if (family == AF_INET) {
		from = BPF_CORE_READ(c, skc_rcv_saddr);
		net_map4(local, &from);
		if (other) {
			to = BPF_CORE_READ(c, skc_daddr);
			net_map4(other, &to);
		}
	} else if (family == AF_INET6) {
		bpf_core_read(local, 16, &c->skc_v6_rcv_saddr);
		if (other)
			bpf_core_read(other, 16, &c->skc_v6_daddr);
	}
}

/* A closed socket has given its port back, but still knows it. */
static __always_inline __u16
sock_port(const struct sock *sk)
{
	__u16 port = BPF_CORE_READ(sk, __sk_common.skc_num);

	return port ? port : bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
}

static __always_inline __u32
sock_netns(const struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

#endif
