/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A TCP congestion control that lacks functions it must have. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct sock;
struct tcp_congestion_ops {
	void (*init)(struct sock *sk);
	char name[16];
} __attribute__((preserve_access_index));

SEC("struct_ops/on_half")
void
BPF_PROG(on_half, struct sock *sk)
{
}

SEC(".struct_ops")
struct tcp_congestion_ops bpfd_half = {
	.init = (void *)on_half,
	.name = "bpfd_half",
};

char LICENSE[] SEC("license") = "GPL";
