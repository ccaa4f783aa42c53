/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets that get an address of this end, or wait for connections.
 *
 * TCP and UDP where the kernel has done it, whoever asked for it in whatever way: at post_bind of the
 * root cgroup and at the change to LISTEN.  Other families and failures at the exit of the system
 * call, from the socket that the descriptor is of.
 */
#define EV_THIS BIND
#define EV_IN_CGROUPS
#include "bpf/sock.bpf.h"

#include "bpf/bind.h"

#define TCP_LISTEN	10
#define SUN_PATH	108

struct sockaddr_any {			/* as the process gives it */
	__u16 family;
	__be16 port;
	__u8 v4[4], v6[16];
};

struct sockaddr_un { char sun_path[SUN_PATH]; } KERNEL_TYPE;
struct unix_address {
	int len;
	struct sockaddr_un name[1];
} KERNEL_TYPE;
struct unix_sock {
	struct unix_address *addr;
	struct path path;
} KERNEL_TYPE;
struct packet_sock {
	int ifindex;
	__be16 num;
} KERNEL_TYPE;

static __always_inline bool
is_inet(__u16 family)
{
	return family == AF_INET || family == AF_INET6;
}

static __always_inline bool
is_zero(const __u8 addr[16])
{
	const __u64 *w = (const __u64 *)addr;

	return !w[0] && (!w[1] || w[1] == 0xffff0000ULL);
}

static __always_inline void
describe(const struct sock *sk, struct ev_bind *e)
{
	const struct sock_common *c = &sk->__sk_common;

	e->family = BPF_CORE_READ(c, skc_family);
	e->type = BPF_CORE_READ(sk, sk_type);
	e->protocol = BPF_CORE_READ(sk, sk_protocol);
	e->ifindex = BPF_CORE_READ(c, skc_bound_dev_if);
	e->cookie = BPF_CORE_READ(c, skc_cookie.counter);
	e->netns = sock_netns(sk);
	e->flags = (BPF_CORE_READ_BITFIELD_PROBED(c, skc_reuseport) ? BIND_REUSEPORT : 0) |
		   (BPF_CORE_READ_BITFIELD_PROBED(c, skc_reuse) ? BIND_REUSEADDR : 0);
	if (e->h.event == BIND_LISTEN)
		e->backlog = BPF_CORE_READ(sk, sk_max_ack_backlog);
}

static __always_inline void
inet_place(const struct sock *sk, struct ev_bind *e)
{
	sock_address(sk, e->addr, NULL);
	e->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (is_zero(e->addr))
		e->flags |= BIND_WILDCARD;
}

static __always_inline void
tell_inet(const struct sock *sk, __u16 event)
{
	struct ev_scratch *s = ev_new(event, sizeof(struct ev_bind));

	if (!s)
		return;
	describe(sk, ev_record(s));
	inet_place(sk, ev_record(s));
	ev_send(s);
}

static __always_inline void
enter_inet(const struct sock *sk, __u16 event)
{
	if (ev_enter()) {
		tell_inet(sk, event);
		ev_leave();
	}
}

SEC("cgroup/post_bind4")
SOCK_PROGRAM(bind_post4, bpf_sock)
{
	enter_inet((const struct sock *)ctx, BIND_BIND);
}

SEC("cgroup/post_bind6")
SOCK_PROGRAM(bind_post6, bpf_sock)
{
	enter_inet((const struct sock *)ctx, BIND_BIND);
}

/* In the listening process.  One that did not bind before gets its port a moment later. */
SEC("tp_btf/inet_sock_set_state")
int
BPF_PROG(bind_set_state, struct sock *sk, int oldstate, int newstate)
{
	if (newstate == TCP_LISTEN)
		enter_inet(sk, BIND_LISTEN);
	return 0;
}

/* Told already, by the programs above. */
static __always_inline bool
is_told(const struct ev_bind *e)
{
	if (!is_inet(e->family) || (e->type != SOCK_STREAM && e->type != SOCK_DGRAM))
		return false;
	return e->h.event == BIND_LISTEN || e->protocol == IPPROTO_TCP || e->protocol == IPPROTO_UDP ||
	       e->protocol == IPPROTO_UDPLITE;
}

/* A socket file by the kernel's own path; an abstract name without the NUL that it begins with. */
static __always_inline void
unix_place(struct ev_scratch *s, const struct sock *sk)
{
	const struct unix_sock *u = (const struct unix_sock *)sk;
	struct ev_bind *e = ev_record(s);
	struct file_at at = { (__u64)BPF_CORE_READ(u, path.mnt), (__u64)BPF_CORE_READ(u, path.dentry) };
	const struct unix_address *addr;
	int len;

	if (at.dentry) {
		file_add_path(s, &e->path, at);
		return;
	}
	addr = BPF_CORE_READ(u, addr);
	len = BPF_CORE_READ(addr, len);
	if (!addr || len <= 3)
		return;
	e->flags |= BIND_ABSTRACT;
	ev_add_bytes(s, &e->path, addr->name[0].sun_path + 1, len - 3, SUN_PATH);
}

static __always_inline void
place(struct ev_scratch *s, const struct sock *sk)
{
	struct ev_bind *e = ev_record(s);
	const struct packet_sock *packet = (const struct packet_sock *)sk;

	if (is_inet(e->family)) {
		inet_place(sk, e);
	} else if (e->family == AF_UNIX) {
		unix_place(s, sk);
	} else if (e->family == AF_PACKET) {
		e->ifindex = BPF_CORE_READ(packet, ifindex);
		e->ethertype = bpf_ntohs(BPF_CORE_READ(packet, num));
	}
}

/* Where it was to be bound, as the process says. */
static __always_inline void
wanted(struct ev_scratch *s, const void *from)
{
	struct sockaddr_any a = {};
	struct ev_bind *e = ev_record(s);

	e->h.flags |= EV_UNTRUSTED;
	if (e->family == AF_UNIX) {
		ev_add_user_str(s, &e->path, from + sizeof(a.family), SUN_PATH);
	} else if (e->family == AF_INET && !bpf_probe_read_user(&a, 8, from)) {
		net_map4(e->addr, a.v4);
		e->port = bpf_ntohs(a.port);
	} else if (e->family == AF_INET6 && !bpf_probe_read_user(&a, 24, from)) {
		__builtin_memcpy(e->addr, a.v6, 16);
		e->port = bpf_ntohs(a.port);
	}
	if (e->port && is_zero(e->addr))
		e->flags |= BIND_WILDCARD;
}

static __always_inline void
called(const struct ev_call *c, long ret)
{
	__u16 event = c->nr == __NR_listen ? BIND_LISTEN : BIND_BIND;
	const struct sock *sk = sock_of(c->arg[0]);
	struct ev_scratch *s;
	struct ev_bind *e;

	/* Netlink sockets bind to get a number. */
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) == AF_NETLINK)
		return;
	s = ev_new(event, sizeof(*e));
	if (!s)
		return;
	e = ev_record(s);
	e->h.ret = ret;
	describe(sk, e);
	if (ret < 0 && event == BIND_BIND) {
		wanted(s, (const void *)c->arg[1]);
	} else {
		if (!ret && is_told(e))
			return;
		place(s, sk);
	}
	ev_send(s);
}

/* bind, listen */
SEC("tp_btf/sys_exit")
int
BPF_PROG(bind_exit, struct pt_regs *regs, long ret)
{
	struct ev_call c;

	ev_call(&c, regs);
	if (ev_enter()) {
		called(&c, ret);
		ev_leave();
	}
	ev_next_call(ctx, c.nr);
	return 0;
}
