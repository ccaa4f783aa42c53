/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much comes from each input device, of which class: not which key, which does not leave this
 * program, and not when.  Ticks lie on whole seconds of the clock, whenever the first event was, since the
 * times between keys tell what is typed.
 */
#define EV_THIS KEYINPUT
#define ROWS_NEXT_NS keyinput_next_ns()
#include "bpf/rows.bpf.h"

#include "bpf/keyinput.h"

#define KEYINPUT_ROWS	256
#define TYPE_KEY	1
#define TYPE_REL	2
#define TYPE_ABS	3
#define BUTTON_FIRST	0x100		/* of a mouse, a pad, a pen; then keys again */
#define BUTTON_END	0x160
enum { RELEASED, PRESSED, REPEATED };

static __always_inline __u64
keyinput_next_ns(void)
{
	return 2 * ROWS_TICK_NS - bpf_ktime_get_boot_ns() % ROWS_TICK_NS;
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct input_id { __u16 bustype, vendor, product, version; };
struct input_dev {
	const char *name;
	struct input_id id;
};
#pragma clang attribute pop

struct keyinput_row {
	__u64 presses, repeats, releases, moves;
	char name[64];
	__u16 bus, vendor, product, version;
	__u32 life;			/* enum rows_life */
	__u32 reserved;
};

/* By the device's address, which stays here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, KEYINPUT_ROWS);
	__type(key, __u64);
	__type(value, struct keyinput_row);
} keyinput_rows SEC(".maps");
ROWS_TICKS(keyinput_ticks);

static long
tick_row(void *map, __u64 *key, struct keyinput_row *row, void *ctx)
{
	struct ev_scratch *s;
	struct ev_keyinput *e;

	if (!(row->presses | row->repeats | row->releases | row->moves)) {
		if (rows_age(&row->life))
			bpf_map_delete_elem(&keyinput_rows, key);
		return 0;
	}
	s = ev_new_unowned(KEYINPUT_COUNT, sizeof(*e));
	if (!s)
		return 0;
	e = ev_record(s);
	e->presses = __sync_lock_test_and_set(&row->presses, 0);
	e->repeats = __sync_lock_test_and_set(&row->repeats, 0);
	e->releases = __sync_lock_test_and_set(&row->releases, 0);
	e->moves = __sync_lock_test_and_set(&row->moves, 0);
	__builtin_memcpy(e->name, row->name, sizeof(e->name));
	e->bus = row->bus;
	e->vendor = row->vendor;
	e->product = row->product;
	e->version = row->version;
	ev_send_other(s);
	return 0;
}

static int
tick(void *map, __u32 *key, struct rows_tick *t)
{
	rows_tick(t, &keyinput_rows, tick_row);
	return 0;
}

static __always_inline struct keyinput_row *
row_of(struct input_dev *dev)
{
	__u64 key = (__u64)dev;
	struct keyinput_row fresh = {}, *row = bpf_map_lookup_elem(&keyinput_rows, &key);

	if (row)
		return rows_use(&row->life) ? row : NULL;
	bpf_probe_read_kernel_str(fresh.name, sizeof(fresh.name), dev->name);
	fresh.bus = dev->id.bustype;
	fresh.vendor = dev->id.vendor;
	fresh.product = dev->id.product;
	fresh.version = dev->id.version;
	bpf_map_update_elem(&keyinput_rows, &key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&keyinput_rows, &key);
}

/* A count that has no row is told as one record lost. */
static __always_inline void
lose(void)
{
	struct ev_cpu *c = ev_this_cpu();

	if (!c)
		return;
	__sync_fetch_and_add(&c->count[EV_TRACER].produced, 1);
	__sync_fetch_and_add(&c->count[EV_TRACER].lost, 1);
}

SEC("fexit/input_event")
int
BPF_PROG(keyinput_event, struct input_dev *dev, unsigned int type, unsigned int code, int value)
{
	struct ev_settings *set = ev_settings();
	struct keyinput_row *row;

	if (!set || !(set->on & EV_BIT) || type < TYPE_KEY || type > TYPE_ABS)
		return 0;
	row = row_of(dev);
	if (!row) {
		lose();
		return 0;
	}
	if (type != TYPE_KEY || (code >= BUTTON_FIRST && code < BUTTON_END))
		__sync_fetch_and_add(&row->moves, 1);
	else if (value == PRESSED)
		__sync_fetch_and_add(&row->presses, 1);
	else if (value == REPEATED)
		__sync_fetch_and_add(&row->repeats, 1);
	else
		__sync_fetch_and_add(&row->releases, 1);
	if (!rows_arm(&keyinput_ticks, tick))
		lose();
	return 0;
}
