/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps whose keys and values are of every shape that bpfctl writes and reads. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

enum colour { RED = 1, GREEN = 2, DARK = -3 };

struct flow {
	__u32 address;
	__u16 port;
	__u8 proto;
	__u8 pad;
};

struct point {
	__s32 x, y;
};

struct sample {
	char name[8];
	__u64 count;
	enum colour colour;
	unsigned int low : 3, high : 5;
	struct point at[2];
	union {
		__u32 whole;
		__u16 halves[2];
	};
	_Bool on;
	__u8 raw[3];
	void *next;
	double ratio;
};

#define MAP(name_, type_, n_, key_, value_, flags_)                                                \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##type_);                                                \
		__uint(max_entries, n_);                                                           \
		__type(key, key_);                                                                 \
		__type(value, value_);                                                             \
		__uint(map_flags, flags_);                                                         \
	} name_ SEC(".maps")

MAP(k_flows, HASH, 64, struct flow, struct sample, 0);
MAP(k_points, ARRAY, 2, __u32, struct point, 0);
MAP(k_percpu, PERCPU_ARRAY, 2, __u32, struct point, 0);
MAP(k_percpu_hash, PERCPU_HASH, 8, enum colour, __u32, 0);
MAP(k_lru, LRU_HASH, 64, __u64, enum colour, 0);
MAP(k_big, HASH, 131072, __u32, __u64, 0);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, 6);
} k_plain SEC(".maps");

const volatile __u32 k_constant = 7;
__u32 k_variable = 5;
__u64 k_runs;

SEC("raw_tp/sched_process_exec")
int
mapkinds_exec(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 zero = 0;
	struct point *p = bpf_map_lookup_elem(&k_percpu, &zero);

	if (p)
		p->x++;
	k_runs += k_constant + k_variable;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
