/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets of the kinds that few programs need, and those that the kernel refused.  INET where it is
 * made, whoever asked for it in whatever way; other families and failures at the exit of the call,
 * whose arguments are numbers that nobody can change behind the kernel's back.
 */
#define EV_THIS SOCKET
#define EV_IN_CGROUPS
#include "bpf/sock.bpf.h"

#include "bpf/socket.h"

#define SOCK_TYPE_MASK	0xf
#define NETLINK_ROUTE	0
#define IPPROTO_IP	0

/* What every program makes: connections, datagrams, and lists of interfaces. */
static __always_inline bool
is_ordinary(__u32 family, __u32 type, __u32 protocol)
{
	if (family == AF_UNIX)
		return true;
	if (family == AF_NETLINK)
		return protocol == NETLINK_ROUTE;
	if (family != AF_INET && family != AF_INET6)
		return false;
	if (type == SOCK_STREAM)
		return protocol == IPPROTO_IP || protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP;
	return type == SOCK_DGRAM && (protocol == IPPROTO_IP || protocol == IPPROTO_UDP);
}

static __always_inline void
put(__u32 family, __u32 type, __u32 protocol, long ret)
{
	struct ev_scratch *s = ev_new(SOCKET_SOCKET, sizeof(struct ev_socket));
	struct ev_socket *e;

	if (!s)
		return;
	e = ev_record(s);
	e->h.ret = ret;
	e->family = family;
	e->type = type;
	e->protocol = protocol;
	ev_send(s);
}

static __always_inline void
tell(__u32 family, __u32 type, __u32 protocol, long ret)
{
	if (ev_enter()) {
		put(family, type, protocol, ret);
		ev_leave();
	}
}

SEC("cgroup/sock_create")
SOCK_PROGRAM(socket_create, bpf_sock)
{
	if (!is_ordinary(ctx->family, ctx->type, ctx->protocol))
		tell(ctx->family, ctx->type, ctx->protocol, 0);
}

static __always_inline void
called(const struct ev_call *c, long ret)
{
	__u32 family = c->arg[0], type = c->arg[1] & SOCK_TYPE_MASK, protocol = c->arg[2];

	if (ret >= 0 && (family == AF_INET || family == AF_INET6 || is_ordinary(family, type, protocol)))
		return;
	if (family == AF_PACKET)
		protocol = bpf_ntohs(protocol);
	tell(family, type, protocol, ret);
}

/* socket */
SEC("tp_btf/sys_exit")
int
BPF_PROG(socket_exit, struct pt_regs *regs, long ret)
{
	struct ev_call c;

	ev_call(&c, regs);
	called(&c, ret);
	ev_next_call(ctx, c.nr);
	return 0;
}
