/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Refuses a cgroup's connections to unix sockets, from Linux 6.7 on. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("cgroup/connect_unix")
int
on_connect_unix(struct bpf_sock_addr *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
