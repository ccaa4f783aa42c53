/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Probes of all kinds, counting into one map, for the system tests. */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <linux/ptrace.h>

/* bpf_tracing.h asks for the machine; the target of the compiler is none. */
#ifdef PSR_MODE_EL0t
#define __TARGET_ARCH_arm64
#else
#define __TARGET_ARCH_x86
#endif
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

enum {
	HIT_KPROBE, HIT_KRETPROBE, HIT_KPROBE_MULTI, HIT_UPROBE, HIT_URETPROBE, HIT_UPROBE_MULTI, HIT_USDT,
	HIT_PERF_EVENT, LAST_COOKIE, LAST_RETURN, LAST_N_ARGS, SUM_ARG_0, SUM_ARG_1, LAST_USDT_COOKIE,
	HIT_GUARDED, N_HITS
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_HITS);
	__type(key, __u32);
	__type(value, __u64);
} probe_hits SEC(".maps");

static __always_inline void
hit(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&probe_hits, &which);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline void
add(__u32 which, long value)
{
	__u64 *n = bpf_map_lookup_elem(&probe_hits, &which);

	if (n)
		__sync_fetch_and_add(n, (__u64)value);
}

static __always_inline void
set(__u32 which, __u64 value)
{
	bpf_map_update_elem(&probe_hits, &which, &value, BPF_ANY);
}

SEC("kprobe/security_inode_mkdir")
int
on_kprobe(struct pt_regs *ctx)
{
	hit(HIT_KPROBE);
	set(LAST_COOKIE, bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("kretprobe/security_inode_mkdir")
int
on_kretprobe(struct pt_regs *ctx)
{
	hit(HIT_KRETPROBE);
	return 0;
}

SEC("kprobe.multi/security_inode_mkdi*")
int
on_kprobe_multi(struct pt_regs *ctx)
{
	hit(HIT_KPROBE_MULTI);
	set(LAST_COOKIE, bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("uprobe")
int
on_uprobe(struct pt_regs *ctx)
{
	hit(HIT_UPROBE);
	set(LAST_COOKIE, bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("uretprobe")
int
on_uretprobe(struct pt_regs *ctx)
{
	hit(HIT_URETPROBE);
	set(LAST_RETURN, PT_REGS_RC(ctx));
	return 0;
}

SEC("uprobe.multi")
int
on_uprobe_multi(struct pt_regs *ctx)
{
	hit(HIT_UPROBE_MULTI);
	set(LAST_COOKIE, bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("usdt")
int
on_usdt(struct pt_regs *ctx)
{
	long value;

	hit(HIT_USDT);
	set(LAST_N_ARGS, (__u64)bpf_usdt_arg_cnt(ctx));
	set(LAST_USDT_COOKIE, (__u64)bpf_usdt_cookie(ctx));
	if (bpf_usdt_arg(ctx, 0, &value) == 0)
		add(SUM_ARG_0, value);
	if (bpf_usdt_arg(ctx, 1, &value) == 0)
		add(SUM_ARG_1, -value);
	return 0;
}

SEC("usdt")
int
on_guarded(struct pt_regs *ctx)
{
	hit(HIT_GUARDED);
	return 0;
}

SEC("perf_event")
int
on_perf_event(struct bpf_perf_event_data *ctx)
{
	hit(HIT_PERF_EVENT);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
