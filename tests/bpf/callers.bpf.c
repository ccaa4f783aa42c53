/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts bpf(2) calls by the caller's name: the tests' witness of who calls it. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define NR_BPF_X86_64 321
#define NR_BPF_GENERIC 280

struct caller {
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct caller);
	__type(value, __u64);
} callers_seen SEC(".maps");

SEC("raw_tp/sys_enter")
int
callers_count(struct bpf_raw_tracepoint_args *ctx)
{
	struct caller key = {};
	__u64 one = 1, *n;

	if (ctx->args[1] != NR_BPF_X86_64 && ctx->args[1] != NR_BPF_GENERIC)
		return 0;
	bpf_get_current_comm(&key.comm, sizeof(key.comm));
	n = bpf_map_lookup_elem(&callers_seen, &key);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&callers_seen, &key, &one, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
