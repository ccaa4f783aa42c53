/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What all tracers stand on: the shared maps, the one program at the exit of system calls, the end
 * of processes, the choice of the cgroup v1 hierarchy, and the processes that are there already.
 */
#define EV_THIS NONE
#include "bpf/bpfd.bpf.h"

SEC("tp_btf/sys_exit")
int
BPF_PROG(core_sys_exit, struct pt_regs *regs, long ret)
{
	struct ev_slot *slot = ev_slot(regs->orig_ax);

	/* Which of the two it is costs a call, so both are asked for at once. */
	if (slot && !(slot->mask | slot->mask32))
		return 0;
	/* Asks that itself, of the task that it needs anyway, and is the first one for its calls. */
	if (slot && (slot->mask & (1ULL << TR_OPEN)))
		bpf_tail_call_static(ctx, &sys_progs, TR_OPEN);
	ev_next(ctx, regs);
	return 0;
}

/*
 * Not at its exit: files and sockets are closed after that, in its name.  Runs in an interrupt.
 */
SEC("tp_btf/sched_process_free")
int
BPF_PROG(core_process_free, struct task_struct *t)
{
	struct ev_proc_key key = { .start = t->start_boottime, .tgid = t->tgid };
	struct ev_hdr h = {};
	struct ev_proc_said *said;

	if (t->pid != t->tgid)
		return 0;
	said = bpf_task_storage_get(&procs, t, NULL, 0);
	if (!said || !said->proc) {
		said = bpf_map_lookup_elem(&procs_hashed, &key);
		if (!said || !said->proc)
			return 0;
		bpf_map_delete_elem(&procs_hashed, &key);
	}
	h.len = sizeof(h);
	h.event = EV_PROC_GONE;
	h.ts = bpf_ktime_get_boot_ns();
	h.start = t->start_boottime;
	h.tgid = h.tid = t->tgid;
	h.exec_id = t->self_exec_id;
	ev_output(EV_CONTROL, TR_NONE, &h, sizeof(h), false);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int
BPF_PROG(core_cgroup_mkdir)
{
	ev_v1_choose();
	return 0;
}

struct bpf_iter_meta { struct seq_file *seq; } __attribute__((preserve_access_index));
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

/* Reading it gives a struct ev_proc_info, without arguments, of each process. */
SEC("iter/task")
int
core_processes(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct ev_scratch *s;
	struct ev_v1 *v1;
	struct cgroup *cgrp;

	if (!t)
		return 0;
	t = EV_READ_ONLY(struct task_struct, t);
	if (t->pid != t->tgid)
		return 0;
	s = ev_scratch(0);
	if (!s)
		return 0;
	__builtin_memset(s->b, 0, sizeof(struct ev_proc_info));
	ev_fill_any(ev_head(s), t);
	v1 = ev_v1();
	cgrp = v1 ? ev_v1_cgroup(t->cgroups, v1->controller) : NULL;
	ev_head(s)->cgroup1 = cgrp ? cgrp->kn->id : 0;
	ev_fill_proc(s, t);
	ev_head(s)->ts = bpf_ktime_get_boot_ns();
	bpf_seq_write(ctx->meta->seq, s->b, ev_close(s));
	return 0;
}
