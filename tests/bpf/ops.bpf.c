/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A TCP congestion control that counts, for the system tests. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct sock;
struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	void (*init)(struct sock *sk);
	char name[16];
} __attribute__((preserve_access_index));

enum { HIT_INIT, HIT_CONG_AVOID, N_HITS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_HITS);
	__type(key, __u32);
	__type(value, __u64);
} ops_hits SEC(".maps");

static __always_inline void
hit(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&ops_hits, &which);

	if (n)
		__sync_fetch_and_add(n, 1);
}

SEC("struct_ops/on_init")
void
BPF_PROG(on_init, struct sock *sk)
{
	hit(HIT_INIT);
}

SEC("struct_ops/on_ssthresh")
__u32
BPF_PROG(on_ssthresh, struct sock *sk)
{
	return 16;
}

SEC("struct_ops/on_cong_avoid")
void
BPF_PROG(on_cong_avoid, struct sock *sk, __u32 ack, __u32 acked)
{
	hit(HIT_CONG_AVOID);
}

SEC("struct_ops/on_undo_cwnd")
__u32
BPF_PROG(on_undo_cwnd, struct sock *sk)
{
	return 16;
}


SEC(".struct_ops")
struct tcp_congestion_ops bpfd_test = {
	.init = (void *)on_init,
	.cong_avoid = (void *)on_cong_avoid,
	.undo_cwnd = (void *)on_undo_cwnd,
	.ssthresh = (void *)on_ssthresh,
	.name = "bpfd_test",
};

char LICENSE[] SEC("license") = "GPL";
