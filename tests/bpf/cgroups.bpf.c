/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs on cgroups, all counting into one map; what is named refused or changed is so only there. */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum {
	HIT_INGRESS, HIT_EGRESS, HIT_SOCK_CREATE, HIT_SOCK_RELEASE, HIT_BIND4, HIT_CONNECT4, HIT_CONNECT6,
	HIT_SENDMSG4, HIT_GETSOCKNAME4, HIT_SETSOCKOPT, HIT_GETSOCKOPT, HIT_SYSCTL, HIT_DEVICE, HIT_SOCK_OPS,
	HIT_POST_BIND4, HIT_FIRST, HIT_ORDER, N_HITS
};

#define REFUSED_PORT	7
#define TOS_ASKED	0x08
#define TOS_SET		0x10
#define SOL_IP		0
#define IP_TOS		1
#define REFUSED_MINOR	5		/* /dev/zero */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_HITS);
	__type(key, __u32);
	__type(value, __u64);
} cgroup_hits SEC(".maps");

static __always_inline __u64
hit(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&cgroup_hits, &which);

	return n ? __sync_fetch_and_add(n, 1) : 0;
}

static __always_inline void
put(__u32 which, __u64 value)
{
	bpf_map_update_elem(&cgroup_hits, &which, &value, BPF_ANY);
}

SEC("cgroup_skb/ingress")
int
on_ingress(struct __sk_buff *skb)
{
	hit(HIT_INGRESS);
	return 1;
}

SEC("cgroup_skb/egress")
int
on_egress(struct __sk_buff *skb)
{
	hit(HIT_EGRESS);
	return 1;
}

/* Two that tell who was first: each writes its number when it runs after the other. */
SEC("cgroup_skb/egress")
int
on_first(struct __sk_buff *skb)
{
	put(HIT_FIRST, 1);
	put(HIT_ORDER, 1);
	return 1;
}

SEC("cgroup_skb/egress")
int
on_second(struct __sk_buff *skb)
{
	put(HIT_FIRST, 1);
	put(HIT_ORDER, 2);
	return 1;
}

SEC("cgroup/sock_create")
int
on_sock_create(struct bpf_sock *sk)
{
	hit(HIT_SOCK_CREATE);
	return 1;
}

SEC("cgroup/sock_release")
int
on_sock_release(struct bpf_sock *sk)
{
	hit(HIT_SOCK_RELEASE);
	return 1;
}

SEC("cgroup/post_bind4")
int
on_post_bind4(struct bpf_sock *sk)
{
	hit(HIT_POST_BIND4);
	return 1;
}

SEC("cgroup/bind4")
int
on_bind4(struct bpf_sock_addr *ctx)
{
	hit(HIT_BIND4);
	return 1;
}

SEC("cgroup/connect4")
int
on_connect4(struct bpf_sock_addr *ctx)
{
	hit(HIT_CONNECT4);
	return ctx->user_port != bpf_htons(REFUSED_PORT);
}

SEC("cgroup/connect6")
int
on_connect6(struct bpf_sock_addr *ctx)
{
	hit(HIT_CONNECT6);
	return 1;
}

SEC("cgroup/sendmsg4")
int
on_sendmsg4(struct bpf_sock_addr *ctx)
{
	hit(HIT_SENDMSG4);
	return 1;
}

SEC("cgroup/getsockname4")
int
on_getsockname4(struct bpf_sock_addr *ctx)
{
	hit(HIT_GETSOCKNAME4);
	return 1;
}

SEC("cgroup/setsockopt")
int
on_setsockopt(struct bpf_sockopt *ctx)
{
	__u8 *value = ctx->optval, *end = ctx->optval_end;

	hit(HIT_SETSOCKOPT);
	if (ctx->level == SOL_IP && ctx->optname == IP_TOS && value + 1 <= end && *value == TOS_ASKED)
		*value = TOS_SET;
	else
		ctx->optlen = 0;	/* as it is: a long one is not copied */
	return 1;
}

SEC("cgroup/getsockopt")
int
on_getsockopt(struct bpf_sockopt *ctx)
{
	hit(HIT_GETSOCKOPT);
	ctx->optlen = 0;
	return 1;
}

SEC("cgroup/sysctl")
int
on_sysctl(struct bpf_sysctl *ctx)
{
	hit(HIT_SYSCTL);
	return !ctx->write;
}

SEC("cgroup/dev")
int
on_device(struct bpf_cgroup_dev_ctx *ctx)
{
	hit(HIT_DEVICE);
	return !(ctx->major == 1 && ctx->minor == REFUSED_MINOR);
}

SEC("sockops")
int
on_sock_ops(struct bpf_sock_ops *ctx)
{
	hit(HIT_SOCK_OPS);
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
