/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whom the kernel kills for want of memory. */
#define EV_THIS OOM
#include "bpf/bpfd.bpf.h"
#include "bpf/target.bpf.h"

#include "bpf/oom.h"

#define PAGE_KB	4
enum { FILE_PAGES, ANON_PAGES, SWAP_ENTRIES, SHMEM_PAGES, N_COUNTERS };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct percpu_counter { __s64 count; };
struct mm_struct___oom {
	unsigned long total_vm;
	struct percpu_counter rss_stat[N_COUNTERS];	/* Linux 6.2 */
};
struct mm_rss_stat { struct { __s64 counter; } count[N_COUNTERS]; };
struct mm_struct___stat { struct mm_rss_stat rss_stat; };	/* before */
struct signal_struct___oom {
	short oom_score_adj;
	struct mm_struct___oom *oom_mm;
};
#pragma clang attribute pop

/* What another processor has not added yet may make it negative. */
static __always_inline __u64
kb(__s64 pages)
{
	return pages > 0 ? pages * PAGE_KB : 0;
}

#define COUNTED(mm, which)                                                                         \
	kb(bpf_core_type_exists(struct mm_rss_stat) ?                                              \
		BPF_CORE_READ((struct mm_struct___stat *)(mm), rss_stat.count[which].counter) :    \
		BPF_CORE_READ(mm, rss_stat[which].count))

static __always_inline void
describe(struct ev_oom *e, struct task_struct *t)
{
	struct signal_struct___oom *signal = (struct signal_struct___oom *)BPF_CORE_READ(t, signal);
	struct mm_struct___oom *mm = BPF_CORE_READ(signal, oom_mm);

	target_fill(&e->target, (__u64)t);
	e->score_adj = BPF_CORE_READ(signal, oom_score_adj);
	e->total_kb = kb(BPF_CORE_READ(mm, total_vm));
	e->anon_kb = COUNTED(mm, ANON_PAGES);
	e->file_kb = COUNTED(mm, FILE_PAGES);
	e->shmem_kb = COUNTED(mm, SHMEM_PAGES);
	e->swap_kb = COUNTED(mm, SWAP_ENTRIES);
}

/*
 * The argument is a process's number up to Linux 6.7, then its task: no number is as large.  Where who runs
 * is in a pid namespace, a number of the first one leads nowhere, or to another.
 */
SEC("tp_btf/mark_victim")
int
oom_victim(__u64 *ctx)
{
	struct ev_scratch *s = ev_new(OOM_VICTIM, sizeof(struct ev_oom));
	__u64 victim = 0, task;
	struct ev_oom *e;

	if (!s)
		return 0;
	e = ev_record(s);
	/* By helper, which gives it no type: what it is is asked here. */
	bpf_probe_read_kernel(&victim, sizeof(victim), ctx);
	task = victim >> 32 ? victim : target_of_number(victim);
	if (task && !(victim >> 32) && FILE_READ(struct task_struct, task, pid) != victim)
		task = 0;
	if (task)
		describe(e, (struct task_struct *)task);
	else
		e->target.pid = victim;
	ev_send(s);
	return 0;
}
