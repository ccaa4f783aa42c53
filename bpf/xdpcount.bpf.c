/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What XDP programs do with packets, by interface and action.  Whosever they are, the kernel's
 * tracepoints show redirects, transmits, errors and aborts; nothing shows a plain pass or drop of
 * somebody else's program.
 */
#define EV_THIS XDPCOUNT
#include "bpf/net.bpf.h"
#include "bpf/rows.bpf.h"

#include "bpf/xdpcount.h"

#define XDPCOUNT_ROWS	1024

struct bpf_prog_aux { __u32 id; } KERNEL_TYPE;
struct bpf_prog { struct bpf_prog_aux *aux; } KERNEL_TYPE;

struct xdpcount_key { __u32 ifindex, netns, action, prog; };
struct xdpcount_row {
	__u64 packets, bytes;
	__u64 since_ns;
	char dev[16];
	__u32 life;			/* enum rows_life */
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, XDPCOUNT_ROWS);
	__type(key, struct xdpcount_key);
	__type(value, struct xdpcount_row);
} xdpcount_rows SEC(".maps");
ROWS_TICKS(xdpcount_ticks);

static long
tick_row(void *map, struct xdpcount_key *key, struct xdpcount_row *row, void *ctx)
{
	struct ev_scratch *s;
	struct ev_xdpcount *e;
	__u64 packets = __sync_lock_test_and_set(&row->packets, 0), now = bpf_ktime_get_boot_ns();

	if (!packets) {
		if (rows_age(&row->life))
			bpf_map_delete_elem(&xdpcount_rows, key);
		return 0;
	}
	s = ev_new_unowned(XDPCOUNT_COUNT, sizeof(*e));
	if (!s)
		return 0;
	e = ev_record(s);
	e->packets = packets;
	e->bytes = __sync_lock_test_and_set(&row->bytes, 0);
	e->interval_ns = now - row->since_ns;
	row->since_ns = now;
	__builtin_memcpy(e->dev, row->dev, sizeof(e->dev));
	e->ifindex = key->ifindex;
	e->netns = key->netns;
	e->action = key->action;
	e->prog = key->prog;
	ev_send_other(s);
	return 0;
}

static int
tick(void *map, __u32 *key, struct rows_tick *t)
{
	rows_tick(t, &xdpcount_rows, tick_row);
	return 0;
}

static __always_inline bool
is_on(void)
{
	struct ev_settings *set = ev_settings();

	return set && (set->on & EV_BIT);
}

/* The row of a key, alive; what it is called and where it is comes with the first one. */
static __always_inline struct xdpcount_row *
row_of(struct xdpcount_key *key, struct xdpcount_row *fresh)
{
	struct xdpcount_row *row = bpf_map_lookup_elem(&xdpcount_rows, key);

	if (row)
		return rows_use(&row->life) ? row : NULL;
	fresh->since_ns = bpf_ktime_get_boot_ns();
	/* Another CPU may have been faster: then it is its. */
	bpf_map_update_elem(&xdpcount_rows, key, fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&xdpcount_rows, key);
}

static __always_inline void
count(const struct net_device *dev, const struct bpf_prog *prog, __u32 action, __u64 packets)
{
	struct xdpcount_key key = { .action = action };
	struct xdpcount_row fresh = {}, *row;

	if (!packets || !is_on())
		return;
	if (prog)
		key.prog = prog->aux->id;
	net_interface(dev, fresh.dev, &key.ifindex, &key.netns);
	row = row_of(&key, &fresh);
	if (!row) {
		rows_lost();
		return;
	}
	__sync_fetch_and_add(&row->packets, packets);
	if (!rows_arm(&xdpcount_ticks, tick))
		rows_lost();
}

/* Aborted, or an action that there is not; a transmit that the driver refused comes here too. */
SEC("tp_btf/xdp_exception")
int
BPF_PROG(xdpcount_exception, struct net_device *dev, struct bpf_prog *prog, __u32 action)
{
	if (action == XDPCOUNT_TX || action == XDPCOUNT_REDIRECT)
		action = XDPCOUNT_TX_DROP;
	else if (action != XDPCOUNT_ABORTED)
		action = XDPCOUNT_INVALID;
	count(dev, prog, action, 1);
	return 0;
}

SEC("tp_btf/xdp_redirect")
int
BPF_PROG(xdpcount_redirect, struct net_device *dev, struct bpf_prog *prog)
{
	count(dev, prog, XDPCOUNT_REDIRECT, 1);
	return 0;
}

SEC("tp_btf/xdp_redirect_err")
int
BPF_PROG(xdpcount_redirect_err, struct net_device *dev, struct bpf_prog *prog)
{
	count(dev, prog, XDPCOUNT_REDIRECT_ERR, 1);
	return 0;
}

/* Of drivers that gather what XDP_TX sends. */
SEC("tp_btf/xdp_bulk_tx")
int
BPF_PROG(xdpcount_bulk_tx, struct net_device *dev, int sent, int drops)
{
	count(dev, NULL, XDPCOUNT_TX, sent > 0 ? sent : 0);
	count(dev, NULL, XDPCOUNT_TX_DROP, drops > 0 ? drops : 0);
	return 0;
}

/* What a redirect's target did not take; what it took has been counted as REDIRECT. */
SEC("tp_btf/xdp_devmap_xmit")
int
BPF_PROG(xdpcount_devmap_xmit, struct net_device *from, struct net_device *to, int sent, int drops)
{
	count(to, NULL, XDPCOUNT_TX_DROP, drops > 0 ? drops : 0);
	return 0;
}
