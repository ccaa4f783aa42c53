/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every map type that libbpf makes by itself, used or not, and maps in maps. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define MAP(name_, type_, n_, key_, value_, flags_)                                                \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##type_);                                                \
		__uint(max_entries, n_);                                                           \
		__type(key, key_);                                                                 \
		__type(value, value_);                                                             \
		__uint(map_flags, flags_);                                                         \
	} name_ SEC(".maps")

struct lpm_key {
	__u32 prefix;
	__u32 address;
};

MAP(m_array, ARRAY, 4, __u32, __u64, 0);
MAP(m_mmapable, ARRAY, 4, __u32, __u64, BPF_F_MMAPABLE);
MAP(m_percpu_array, PERCPU_ARRAY, 4, __u32, __u64, 0);
MAP(m_hash, HASH, 16, __u32, __u64, 0);
MAP(m_hash_lazy, HASH, 16, __u32, __u64, BPF_F_NO_PREALLOC);
MAP(m_percpu_hash, PERCPU_HASH, 16, __u32, __u64, 0);
MAP(m_lru_hash, LRU_HASH, 16, __u32, __u64, 0);
MAP(m_lru_percpu_hash, LRU_PERCPU_HASH, 16, __u32, __u64, 0);
MAP(m_lpm, LPM_TRIE, 16, struct lpm_key, __u64, BPF_F_NO_PREALLOC);

#define PLAIN_MAP(name_, type_, n_, key_, value_)                                                  \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##type_);                                                \
		__uint(max_entries, n_);                                                           \
		__uint(key_size, key_);                                                            \
		__uint(value_size, value_);                                                        \
	} name_ SEC(".maps")

PLAIN_MAP(m_prog_array, PROG_ARRAY, 4, 4, 4);
PLAIN_MAP(m_perf, PERF_EVENT_ARRAY, 0, 4, 4);
PLAIN_MAP(m_stack, STACK_TRACE, 16, 4, 8 * 127);
PLAIN_MAP(m_ringbuf, RINGBUF, 4096, 0, 0);
PLAIN_MAP(m_queue, QUEUE, 8, 0, 8);
PLAIN_MAP(m_lifo, STACK, 8, 0, 8);
PLAIN_MAP(m_bloom, BLOOM_FILTER, 8, 0, 8);
PLAIN_MAP(m_devmap, DEVMAP, 4, 4, 4);
PLAIN_MAP(m_devmap_hash, DEVMAP_HASH, 4, 4, 4);
PLAIN_MAP(m_cpumap, CPUMAP, 2, 4, 4);
PLAIN_MAP(m_xskmap, XSKMAP, 4, 4, 4);
PLAIN_MAP(m_sockmap, SOCKMAP, 4, 4, 4);
PLAIN_MAP(m_sockhash, SOCKHASH, 4, 4, 4);
PLAIN_MAP(m_cgroup_array, CGROUP_ARRAY, 4, 4, 4);

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} m_task_storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} m_sk_storage SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} m_inner_one SEC(".maps"), m_inner_two SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} m_outer SEC(".maps") = { .values = { &m_inner_one, &m_inner_two } };

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} m_outer_hash SEC(".maps");

SEC("raw_tp/sched_process_exec")
int
maps_exec(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 one = 1, zero = 0;
	void *inner = bpf_map_lookup_elem(&m_outer, &one);
	__u64 *n = inner ? bpf_map_lookup_elem(inner, &zero) : NULL;

	if (n)
		__sync_fetch_and_add(n, 1);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
