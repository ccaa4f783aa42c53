/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets of all protocols that the kernel dropped, added up by reason and place, told once a second. */
#define EV_THIS SKBDROP
#include "bpf/drop.bpf.h"
#include "bpf/rows.bpf.h"

#include "bpf/skbdrop.h"

#define SKBDROP_ROWS	1024

struct skbdrop_key { __u64 location, kernel_reason; };
struct skbdrop_row {
	__u64 packets;
	__u64 since_ns;
	char location[SKBDROP_LOCATION];
	__u32 reason;
	__u32 life;			/* enum rows_life */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SKBDROP_ROWS);
	__type(key, struct skbdrop_key);
	__type(value, struct skbdrop_row);
} skbdrop_rows SEC(".maps");
ROWS_TICKS(skbdrop_ticks);

/* The function's name leaves the kernel, its address does not. */
static const char name_of_place[] = "%ps";

static long
tick_row(void *map, struct skbdrop_key *key, struct skbdrop_row *row, void *ctx)
{
	struct ev_scratch *s;
	struct ev_skbdrop *e;
	__u64 packets = __sync_lock_test_and_set(&row->packets, 0), now = bpf_ktime_get_boot_ns();

	if (!packets) {
		if (rows_age(&row->life))
			bpf_map_delete_elem(&skbdrop_rows, key);
		return 0;
	}
	s = ev_new_unowned(SKBDROP_COUNT, sizeof(*e));
	if (!s)
		return 0;
	e = ev_record(s);
	e->packets = packets;
	e->interval_ns = now - row->since_ns;
	row->since_ns = now;
	__builtin_memcpy(e->location, row->location, sizeof(e->location));
	e->reason = row->reason;
	e->kernel_reason = key->kernel_reason;
	ev_send_other(s);
	return 0;
}

static int
tick(void *map, __u32 *key, struct rows_tick *t)
{
	rows_tick(t, &skbdrop_rows, tick_row);
	return 0;
}

/* A row for its first packet; another CPU may have been faster: then it is its. */
static __always_inline struct skbdrop_row *
new_row(const struct skbdrop_key *key)
{
	struct skbdrop_row fresh = { .since_ns = bpf_ktime_get_boot_ns(), .reason = drop_reason(key->kernel_reason) };

	bpf_snprintf(fresh.location, sizeof(fresh.location), name_of_place, (__u64 *)&key->location, sizeof(__u64));
	bpf_map_update_elem(&skbdrop_rows, key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&skbdrop_rows, key);
}

SEC("tp_btf/kfree_skb")
int
BPF_PROG(skbdrop_kfree_skb, struct sk_buff *skb, void *location, __u32 reason)
{
	struct skbdrop_key key = { (__u64)location, reason };
	struct ev_settings *set = ev_settings();
	struct skbdrop_row *row;

	if (!set || !(set->on & EV_BIT))
		return 0;
	row = bpf_map_lookup_elem(&skbdrop_rows, &key);
	if (!row)
		row = new_row(&key);
	if (!row || !rows_use(&row->life)) {
		rows_lost();
		return 0;
	}
	__sync_fetch_and_add(&row->packets, 1);
	if (!rows_arm(&skbdrop_ticks, tick))
		rows_lost();
	return 0;
}
