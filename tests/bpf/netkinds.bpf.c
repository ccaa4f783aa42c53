/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs of the network stack that are neither XDP nor TC, all counting into one map. */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum {
	HIT_SK_LOOKUP, HIT_FLOW_DISSECTOR, HIT_SK_MSG, HIT_PARSER, HIT_STREAM_VERDICT, HIT_VERDICT,
	HIT_NETFILTER, HIT_NETKIT, HIT_NETKIT_PEER, N_HITS
};

#define STEERED_PORT	7007	/* sk_lookup gives it to the socket in lookup_targets */
#define DROPPED		'D'	/* first byte of what a verdict drops */
#define NF_DROP		0
#define NF_ACCEPT	1
#define NETKIT_PASS	0

struct bpf_nf_ctx;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_HITS);
	__type(key, __u32);
	__type(value, __u64);
} net_hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} lookup_targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} hashed_sockets SEC(".maps");

static __always_inline void
hit(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&net_hits, &which);

	if (n)
		__sync_fetch_and_add(n, 1);
}

SEC("sk_lookup")
int
on_sk_lookup(struct bpf_sk_lookup *ctx)
{
	__u32 key = 0;
	struct bpf_sock *sk;

	hit(HIT_SK_LOOKUP);
	if (ctx->local_port != STEERED_PORT)
		return SK_PASS;
	sk = bpf_map_lookup_elem(&lookup_targets, &key);
	if (!sk)
		return SK_PASS;
	bpf_sk_assign(ctx, sk, 0);
	bpf_sk_release(sk);
	return SK_PASS;
}

SEC("flow_dissector")
int
on_flow_dissector(struct __sk_buff *skb)
{
	hit(HIT_FLOW_DISSECTOR);
	return BPF_OK;
}

SEC("sk_msg")
int
on_sk_msg(struct sk_msg_md *msg)
{
	__u8 *data = msg->data, *end = msg->data_end;

	hit(HIT_SK_MSG);
	return data + 1 <= end && *data == DROPPED ? SK_DROP : SK_PASS;
}

SEC("sk_skb/stream_parser")
int
on_parser(struct __sk_buff *skb)
{
	hit(HIT_PARSER);
	return (int)skb->len;
}

static __always_inline int
verdict(struct __sk_buff *skb)
{
	__u8 first = 0;

	bpf_skb_load_bytes(skb, 0, &first, sizeof(first));
	return first == DROPPED ? SK_DROP : SK_PASS;
}

SEC("sk_skb/stream_verdict")
int
on_stream_verdict(struct __sk_buff *skb)
{
	hit(HIT_STREAM_VERDICT);
	return verdict(skb);
}

/* A section that does not say which hook. */
SEC("sk_skb")
int
on_verdict(struct __sk_buff *skb)
{
	hit(HIT_VERDICT);
	return verdict(skb);
}

SEC("netfilter")
int
on_netfilter(struct bpf_nf_ctx *ctx)
{
	hit(HIT_NETFILTER);
	return NF_ACCEPT;
}

SEC("netfilter")
int
on_drop(struct bpf_nf_ctx *ctx)
{
	return NF_DROP;
}

SEC("netkit/primary")
int
on_netkit(struct __sk_buff *skb)
{
	hit(HIT_NETKIT);
	return NETKIT_PASS;
}

SEC("netkit/peer")
int
on_netkit_peer(struct __sk_buff *skb)
{
	hit(HIT_NETKIT_PEER);
	return NETKIT_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
