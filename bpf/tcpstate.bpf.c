/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * States of TCP sockets.  Most of them change in an interrupt, where whoever runs has nothing to do
 * with it: the owner is noted when it acts (connect, listen, accept) and its name put on the rest.
 */
#define EV_THIS TCPSTATE
#include "bpf/sock.bpf.h"

#include "bpf/tcpstate.h"

#define TCPSTATE_SOCKETS	65536
#define ECONNABORTED		103

enum { ESTABLISHED = 1, SYN_SENT = 2, SYN_RECV = 3, CLOSE = 7, LISTEN = 10 };

enum sock_flags { SOCK_DEAD, SOCK_DONE };

struct tcp_sock {
	__u64 bytes_received, bytes_sent, bytes_retrans;
} KERNEL_TYPE;

struct owner {
	struct ev_hdr h;		/* tgid 0: nobody yet */
	__u64 began_ns, since_ns;	/* SYN_SENT; ESTABLISHED or LISTEN */
};

/* By socket cookie.  When it is full, events say EV_NO_OWNER. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TCPSTATE_SOCKETS);
	__type(key, __u64);
	__type(value, struct owner);
} tcpstate_owners SEC(".maps");

static __always_inline void
describe(const struct sock *sk, struct ev_tcpstate *e)
{
	const struct sock_common *c = &sk->__sk_common;

	e->family = BPF_CORE_READ(c, skc_family);
	e->protocol = BPF_CORE_READ(sk, sk_protocol);
	e->sport = sock_port(sk);
	e->dport = bpf_ntohs(BPF_CORE_READ(c, skc_dport));
	e->netns = sock_netns(sk);
	sock_address(sk, e->saddr, e->daddr);
}

static __always_inline void
count_bytes(const struct sock *sk, struct ev_tcpstate *e)
{
	const struct tcp_sock *tp = (const struct tcp_sock *)sk;
	unsigned long done;

	if (e->protocol != IPPROTO_TCP || e->oldstate == LISTEN)
		return;
	e->bytes_in = BPF_CORE_READ(tp, bytes_received);
	/* The kernel counts a FIN as a byte. */
	done = BPF_CORE_READ(sk, __sk_common.skc_flags) >> bpf_core_enum_value(enum sock_flags, SOCK_DONE);
	if ((done & 1) && e->bytes_in)
		e->bytes_in--;
	e->bytes_out = BPF_CORE_READ(tp, bytes_sent) - BPF_CORE_READ(tp, bytes_retrans);
}

static __always_inline __u16
event_of(int oldstate, int newstate)
{
	if (oldstate == SYN_SENT && (newstate == ESTABLISHED || newstate == CLOSE))
		return TCPSTATE_CONNECT;
	return newstate == CLOSE ? TCPSTATE_CLOSE : TCPSTATE_STATE;
}

/* An entry for a socket that the current task connects or listens on, or that nobody has yet. */
static __always_inline struct owner *
new_owner(__u64 cookie, bool current, __u64 now)
{
	struct owner o = { .began_ns = now, .since_ns = now };

	if (current)
		ev_owner(&o.h);
	bpf_map_update_elem(&tcpstate_owners, &cookie, &o, BPF_ANY);
	return bpf_map_lookup_elem(&tcpstate_owners, &cookie);
}

static __always_inline void
tell(const struct sock *sk, __u64 cookie, struct owner *o, int oldstate, int newstate, __u64 now)
{
	__u16 event = event_of(oldstate, newstate);
	struct ev_scratch *s = o && o->h.tgid ? ev_new_of(&o->h, event, sizeof(struct ev_tcpstate)) :
						ev_new_unowned(event, sizeof(struct ev_tcpstate));
	struct ev_tcpstate *e;
	int err;

	if (!s)
		return;
	e = ev_record(s);
	e->cookie = cookie;
	e->oldstate = oldstate;
	e->newstate = newstate;
	describe(sk, e);
	if (event == TCPSTATE_CONNECT) {
		e->duration_ns = o ? now - o->began_ns : 0;
		err = BPF_CORE_READ(sk, sk_err);
		if (newstate == CLOSE)
			e->h.ret = err ? -err : -ECONNABORTED;
	} else if (event == TCPSTATE_CLOSE) {
		e->duration_ns = o ? now - o->since_ns : 0;
		count_bytes(sk, e);
	}
	ev_send_other(s);
}

static __always_inline void
changed(struct sock *sk, int oldstate, int newstate)
{
	/* A new socket of a listener: its cookie and addresses are not its own yet. */
	bool newborn = newstate == SYN_RECV && oldstate == LISTEN;
	__u64 cookie = newborn ? 0 : bpf_get_socket_cookie(sk), now = bpf_ktime_get_boot_ns();
	struct owner *o = cookie ? bpf_map_lookup_elem(&tcpstate_owners, &cookie) : NULL;

	if (newstate == SYN_SENT || newstate == LISTEN)
		o = new_owner(cookie, true, now);
	else if (newstate == ESTABLISHED && !o)
		o = new_owner(cookie, false, now);
	tell(sk, cookie, o, oldstate, newstate, now);
	if (newstate == ESTABLISHED && o)
		o->since_ns = now;
	if (newstate == CLOSE && o)
		bpf_map_delete_elem(&tcpstate_owners, &cookie);
}

SEC("tp_btf/inet_sock_set_state")
int
BPF_PROG(tcpstate_set_state, struct sock *sk, int oldstate, int newstate)
{
	if (!ev_enter())
		return 0;
	changed(sk, oldstate, newstate);
	ev_leave();
	return 0;
}

static __always_inline void
accepted(int fd)
{
	struct sock *sk = sock_of(fd);
	struct ev_scratch *s;
	struct ev_tcpstate *e;
	struct owner *o;
	__u64 cookie;
	__u16 family;

	if (!sk)
		return;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (family != AF_INET && family != AF_INET6)
		return;
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	o = cookie ? bpf_map_lookup_elem(&tcpstate_owners, &cookie) : NULL;
	if (o)
		ev_owner(&o->h);
	s = ev_new(TCPSTATE_ACCEPT, sizeof(*e));
	if (!s)
		return;
	e = ev_record(s);
	e->h.ret = fd;
	e->cookie = cookie;
	e->oldstate = e->newstate = BPF_CORE_READ(sk, __sk_common.skc_state);
	describe(sk, e);
	ev_send(s);
}

/* accept, accept4 */
SEC("tp_btf/sys_exit")
int
BPF_PROG(tcpstate_exit, struct pt_regs *regs, long ret)
{
	if (ret >= 0 && ev_enter()) {
		accepted(ret);
		ev_leave();
	}
	ev_next(ctx, regs);
	return 0;
}
