/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where processes send datagrams, by the kernel's own copy of the address.  Of each process and
 * destination the first one, and once a minute how many there were since.
 */
#define EV_THIS UDP
#define EV_IN_CGROUPS
#include "bpf/sock.bpf.h"

#include "bpf/udp.h"

#define UDP_DESTINATIONS	16384
#define UDP_AGAIN_NS		60000000000ULL

struct bpf_sock_addr_kern { struct sock *sk; } KERNEL_TYPE;

struct udp_key {
	__u64 start;			/* of the process */
	__u32 daddr[4];
	__u32 tgid;
	__u16 dport, event;
};
struct udp_seen {
	__u64 told_ns;
	__u64 count;			/* since then */
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, UDP_DESTINATIONS);
	__type(key, struct udp_key);
	__type(value, struct udp_seen);
} udp_destinations SEC(".maps");

static __always_inline void
tell(struct bpf_sock_addr *ctx, const struct udp_key *key, struct udp_seen *seen, __u64 now)
{
	struct ev_scratch *s = ev_new(key->event, sizeof(struct ev_udp));
	struct udp_seen first = { .told_ns = now };
	const struct sock *sk;
	struct ev_udp *e;

	if (!s)
		return;
	e = ev_record(s);
	e->count = 1;
	if (seen) {
		seen->told_ns = now;
		e->count += __sync_lock_test_and_set(&seen->count, 0);
	} else {
		bpf_map_update_elem(&udp_destinations, key, &first, BPF_ANY);
	}
	sk = BPF_CORE_READ((struct bpf_sock_addr_kern *)ctx, sk);
	e->netns = sock_netns(sk);
	e->sport = BPF_CORE_READ(sk, __sk_common.skc_num);
	e->cookie = bpf_get_socket_cookie(ctx);
	__builtin_memcpy(e->daddr, key->daddr, sizeof(e->daddr));
	e->dport = key->dport;
	e->family = ctx->family;
	e->protocol = ctx->protocol;
	ev_send(s);
}

static __always_inline bool
is_wanted(const struct bpf_sock_addr *ctx)
{
	struct ev_settings *set = ev_settings();

	return (ctx->protocol == IPPROTO_UDP || ctx->protocol == IPPROTO_UDPLITE) && set && (set->on & EV_BIT);
}

/* key: with the destination. */
static __always_inline void
sent(struct bpf_sock_addr *ctx, struct udp_key *key, __u16 event)
{
	struct task_struct *t = bpf_get_current_task_btf();
	__u64 now = bpf_ktime_get_boot_ns();
	struct udp_seen *seen;

	key->start = t->group_leader->start_boottime;
	key->tgid = t->tgid;
	key->dport = bpf_ntohs(ctx->user_port);
	key->event = event;
	seen = bpf_map_lookup_elem(&udp_destinations, key);
	if (seen && now - seen->told_ns < UDP_AGAIN_NS) {
		__sync_fetch_and_add(&seen->count, 1);
		return;
	}
	if (!ev_enter())
		return;
	tell(ctx, key, seen, now);
	ev_leave();
}

static __always_inline void
sent4(struct bpf_sock_addr *ctx, __u16 event)
{
	if (is_wanted(ctx))
		sent(ctx, &(struct udp_key){ .daddr = { 0, 0, bpf_htonl(0xffff), ctx->user_ip4 } }, event);
}

static __always_inline void
sent6(struct bpf_sock_addr *ctx, __u16 event)
{
	if (is_wanted(ctx))
		sent(ctx, &(struct udp_key){ .daddr = { ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2],
			ctx->user_ip6[3] } }, event);
}

SEC("cgroup/sendmsg4")
SOCK_PROGRAM(udp_sendmsg4, bpf_sock_addr)
{
	sent4(ctx, UDP_SEND);
}

SEC("cgroup/sendmsg6")
SOCK_PROGRAM(udp_sendmsg6, bpf_sock_addr)
{
	sent6(ctx, UDP_SEND);
}

SEC("cgroup/connect4")
SOCK_PROGRAM(udp_connect4, bpf_sock_addr)
{
	sent4(ctx, UDP_CONNECT);
}

SEC("cgroup/connect6")
SOCK_PROGRAM(udp_connect6, bpf_sock_addr)
{
	sent6(ctx, UDP_CONNECT);
}
