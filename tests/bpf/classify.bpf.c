/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The least of a program for TC, alone in its object: bpftool loads all that an object has. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__u64 classified = 0;

SEC("tc")
int
classify(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&classified, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
