/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_ROWS_BPF_H
#define BPFD_BPF_ROWS_BPF_H

#include "bpf/bpfd.bpf.h"

/*
 * Tracers that add up what happens and tell it once a second: rows in a hash, and a timer of the
 * kernel's that runs only while there are rows.  Each tick sends the rows that moved, and takes
 * what it sent from them.
 *
 * A row that did not move goes from LIVE to IDLE at one tick and from IDLE to DEAD, and out of the
 * hash, at the next one.  Whoever adds makes it LIVE again, or sees that it is DEAD and sends what
 * it has by itself.  Who saw it LIVE has long added when it dies a second later.  So nothing that
 * was added is lost.
 */
#define ROWS_TICK_NS	1000000000ULL
#define ROWS_CLOCK	7	/* CLOCK_BOOTTIME */

/* From an event, or a tick, to the next tick. */
#ifndef ROWS_NEXT_NS
#define ROWS_NEXT_NS ROWS_TICK_NS
#endif

enum rows_life { ROWS_LIVE, ROWS_IDLE, ROWS_DEAD };

struct rows_tick {
	struct bpf_timer timer;
	__u32 armed, reserved;
};

/* Before adding; false: the row is not to be used. */
static __always_inline bool
rows_use(__u32 *life)
{
	if (*(volatile __u32 *)life == ROWS_LIVE)
		return true;
	return __sync_val_compare_and_swap(life, ROWS_IDLE, ROWS_LIVE) != ROWS_DEAD;
}

/* In the tick, of a row that did not move; true: delete it. */
static __always_inline bool
rows_age(__u32 *life)
{
	if (__sync_val_compare_and_swap(life, ROWS_LIVE, ROWS_IDLE) == ROWS_LIVE)
		return false;
	return __sync_val_compare_and_swap(life, ROWS_IDLE, ROWS_DEAD) == ROWS_IDLE;
}

/* No row to add to: told as lost, one record of which nobody knows. */
static __always_inline void
rows_lost(void)
{
	struct ev_cpu *c = ev_this_cpu();

	if (!c)
		return;
	__sync_fetch_and_add(&c->count[EV_TRACER].produced, 1);
	__sync_fetch_and_add(&c->count[EV_TRACER].lost, 1);
}

#define ROWS_TICKS(name)                                                                           \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, 1);                                                            \
		__type(key, __u32);                                                                \
		__type(value, struct rows_tick);                                                   \
	} name SEC(".maps")

/* After a row was added; false: there will be no tick, the row is to be taken away. */
#define rows_arm(ticks, callback)                                                                  \
	({                                                                                         \
		__u32 zero_ = 0;                                                                   \
		struct rows_tick *t_ = bpf_map_lookup_elem(ticks, &zero_);                         \
		bool ok_ = t_;                                                                     \
                                                                                                   \
		if (t_ && !__sync_lock_test_and_set(&t_->armed, 1)) {                              \
			bpf_timer_init(&t_->timer, ticks, ROWS_CLOCK);                             \
			bpf_timer_set_callback(&t_->timer, callback);                              \
			ok_ = !bpf_timer_start(&t_->timer, ROWS_NEXT_NS, 0);                       \
			if (!ok_)                                                                  \
				__sync_lock_test_and_set(&t_->armed, 0);                           \
		}                                                                                  \
		ok_;                                                                               \
	})

/*
 * The tick itself, over rows with a callback for each.  Disarmed before it looks, so that whoever
 * adds a row behind its back arms it again.
 */
#define rows_tick(t, rows, each)                                                                   \
	({                                                                                         \
		__sync_lock_test_and_set(&(t)->armed, 0);                                          \
		if (bpf_for_each_map_elem(rows, each, NULL, 0) > 0 &&                              \
		    !__sync_lock_test_and_set(&(t)->armed, 1))                                     \
			bpf_timer_start(&(t)->timer, ROWS_NEXT_NS, 0);                             \
	})

#endif
