/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel side of least.c: who opened, and the name as the process gave it. */
#include <linux/bpf.h>
#include <asm/unistd.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "tests/bench/least.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct pt_regs { unsigned long si, di, orig_ax; };
struct cred { struct { __u32 val; } uid; };
struct task_struct {
	int pid, tgid;
	const struct cred *cred;
	char comm[16];
};
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} ring SEC(".maps");

const volatile __u64 wanted[2] = {};	/* comm */
__u32 sleeping;				/* the reader waits: wake it, and write 0 */
__u64 lost;

SEC("tp_btf/sys_exit")
int
BPF_PROG(least_exit, struct pt_regs *regs, long ret)
{
	unsigned long nr = regs->orig_ax;
	__u64 wake = BPF_RB_NO_WAKEUP;
	struct least_event *e;
	struct task_struct *t;
	const __u64 *comm;
	void *empty;

	if (nr != __NR_open && nr != __NR_openat)
		return 0;
	t = bpf_get_current_task_btf();
	comm = (const __u64 *)t->comm;
	if (comm[0] != wanted[0] || comm[1] != wanted[1])
		return 0;
	e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	e->ts = bpf_ktime_get_boot_ns();
	e->tgid = t->tgid;
	e->tid = t->pid;
	e->uid = t->cred->uid.val;
	e->ret = ret;
	((__u64 *)e->comm)[0] = comm[0];
	((__u64 *)e->comm)[1] = comm[1];
	e->len = bpf_probe_read_user_str(e->name, sizeof(e->name),
			(const void *)(nr == __NR_open ? regs->di : regs->si));
	if (*(volatile __u32 *)&sleeping) {
		*(volatile __u32 *)&sleeping = 0;
		wake = BPF_RB_FORCE_WAKEUP;
	}
	bpf_ringbuf_submit(e, wake);
	/* As in bpf/send.bpf.h: the reader may have begun to wait meanwhile. */
	if (wake != BPF_RB_FORCE_WAKEUP && *(volatile __u32 *)&sleeping) {
		*(volatile __u32 *)&sleeping = 0;
		empty = bpf_ringbuf_reserve(&ring, 8, 0);
		if (empty)
			bpf_ringbuf_discard(empty, BPF_RB_FORCE_WAKEUP);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
