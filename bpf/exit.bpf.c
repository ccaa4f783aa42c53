/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Processes that ended. */
#define EV_THIS EXIT
#include "bpf/bpfd.bpf.h"
#include "bpf/exit.h"

#define KERNEL_SIGNAL_GROUP_EXIT 4
#define KERNEL_PAGE_BYTES	4096

/*
 * Two last threads can both see that nobody lives any more: the first one here speaks for the
 * process.  Its leader, a zombie then, is not counted in nr_threads' fall.
 */
static __always_inline bool
is_first(void)
{
	struct task_struct *t = bpf_get_current_task_btf();
	struct ev_proc_said *said;

	if (t->signal->nr_threads == 1)
		return true;
	said = bpf_task_storage_get(&procs, t->group_leader, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	return !said || !__sync_lock_test_and_set(&said->ended, 1);
}

SEC("tp_btf/sched_process_exit")
int
BPF_PROG(exit_process)
{
	struct task_struct *t = ev_task(), *leader = t->group_leader;
	struct signal_struct *signal = t->signal;
	struct ev_scratch *s;
	struct ev_exit *e;
	__u32 status;

	if (signal->live.counter || !is_first())
		return 0;
	s = ev_new(EXIT_EXIT, sizeof(*e));
	if (!s)
		return 0;
	e = ev_record(s);
	status = signal->flags & KERNEL_SIGNAL_GROUP_EXIT ? signal->group_exit_code : leader->exit_code;
	e->code = (status >> 8) & 0xff;
	e->signal = status & 0x7f;
	e->core = (status >> 7) & 1;
	e->utime_ns = signal->utime + t->utime;
	e->stime_ns = signal->stime + t->stime;
	if (t != leader) {
		e->utime_ns += leader->utime;
		e->stime_ns += leader->stime;
	}
	e->maxrss = (__u64)signal->maxrss * KERNEL_PAGE_BYTES;
	e->run_ns = bpf_ktime_get_boot_ns() - e->h.start;
	ev_send(s);
	return 0;
}
