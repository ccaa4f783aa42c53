/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory that can be executed and should not be: what can be written too, or has no file with a
 * name behind it; and files in memory alone.
 */
#define EV_THIS MEM
#include "bpf/bpfd.bpf.h"
#include "bpf/often.bpf.h"
#include "bpf/target.bpf.h"

#include "bpf/mem.h"

#define KERNEL_PROT_EXEC	4
#define KERNEL_MAP_ANONYMOUS	0x20
#define KERNEL_VM_PROT		7	/* of vm_flags; the same numbers as PROT_* */
#define KERNEL_MMAP_IMPLIES	0x0400000	/* READ_IMPLIES_EXEC of personality(2) */
#define PERSONALITY_ASKS	0xffffffffU	/* it only wants to know */

#ifndef __NR_memfd_secret
#define __NR_memfd_secret	447	/* Linux 5.14 */
#endif

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags;
	struct file *vm_file;
} __attribute__((preserve_access_index));
struct task_struct___mem { __u32 personality; } __attribute__((preserve_access_index));

struct mapping { __u64 start, end, flags, file; };

static long
found(struct task_struct *t, struct vm_area_struct *vma, struct mapping *m)
{
	m->start = BPF_CORE_READ(vma, vm_start);
	m->end = BPF_CORE_READ(vma, vm_end);
	m->flags = BPF_CORE_READ(vma, vm_flags);
	m->file = (__u64)BPF_CORE_READ(vma, vm_file);
	return 0;
}

/*
 * Why the mapping at addr is to be told; 0: it is as it should be, or gone.  anonymous: asked for so;
 * when it is shared the kernel puts a file behind it.
 */
static __always_inline __u32
why_of(struct task_struct *t, __u64 addr, bool anonymous, struct mapping *m)
{
	__u64 file, inode;
	__u32 why = 0;

	if (bpf_find_vma(t, addr, found, m, 0) || !(m->flags & KERNEL_PROT_EXEC))
		return 0;
	if (m->flags & 2)
		why |= MEM_WX;
	file = m->file;
	if (!file || anonymous)
		return why | MEM_ANON;
	inode = FILE_READ(struct file, file, f_inode);
	if (!FILE_READ(struct inode, inode, i_nlink))
		why |= MEM_NAMELESS;
	return why;
}

static __always_inline void
mapped(struct task_struct *t, __u16 event, __u64 addr, const struct ev_call *c, long ret)
{
	struct mapping m = {};
	bool anonymous = event == MEM_MMAP && (c->arg[3] & KERNEL_MAP_ANONYMOUS);
	__u32 why = why_of(t, addr, anonymous, &m);
	struct ev_scratch *s;
	struct ev_mem *e;

	if (!why)
		return;
	s = ev_new(0, sizeof(*e));
	if (!s)
		return;
	e = ev_record(s);
	e->h.event = event = ev_hide(s, event);
	e->h.ret = event == MEM_MMAP ? 0 : ret;
	e->addr = m.start;
	e->size = m.end - m.start;
	e->prot = m.flags & KERNEL_VM_PROT;
	e->why = why;
	if (event == MEM_MMAP)
		e->flags = c->arg[3];
	if (m.file) {
		file_id((struct file *)m.file, &e->dev, &e->ino);
		file_add_path(s, &e->path, file_where((struct file *)m.file));
	}
	if (often_passes(s, event << 8 | why, e->ino, &e->count))
		ev_send(s);
}

static __always_inline void
other(__u16 event, const struct ev_call *c, long ret)
{
	struct ev_scratch *s = ev_new(0, sizeof(struct ev_mem));
	struct ev_mem *e;
	__u64 target;

	if (!s)
		return;
	e = ev_record(s);
	e->h.event = event = ev_hide(s, event);
	e->h.ret = ret;
	e->count = 1;
	switch (event) {
	case MEM_MEMFD_CREATE:
	case MEM_MEMFD_SECRET:
		e->flags = event == MEM_MEMFD_CREATE ? c->arg[1] : c->arg[0];
		file_id(file_of(ret), &e->dev, &e->ino);
		file_add_path(s, &e->path, file_where(file_of(ret)));
		break;
	case MEM_USERFAULTFD:
		e->flags = c->arg[0];
		break;
	case MEM_PERSONALITY:
		e->what = c->arg[0];
		break;
	case MEM_PROCESS_MADVISE:
		e->what = c->arg[3];
		target = target_of_pidfd(c->arg[0]);
		if (target)
			target_fill(&e->target, target);
		break;
	}
	ev_send(s);
}

/* A cheap no to nearly all of them: libraries are mapped all the time, to be read and executed. */
static __always_inline bool
may_execute(struct task_struct *t, __u32 prot)
{
	struct task_struct___mem *m = (void *)EV_READ_ONLY(struct task_struct, t);

	return (prot & KERNEL_PROT_EXEC) || (prot && (m->personality & KERNEL_MMAP_IMPLIES));
}

/* Which event may come of the call; N_MEM_EVENTS: none. */
static __always_inline __u32
event_of(struct task_struct *t, const struct ev_call *c, long ret)
{
	switch (c->nr) {
	case __NR_mmap:
		return may_execute(t, c->arg[2]) ? MEM_MMAP : N_MEM_EVENTS;
	case __NR_mprotect:
	case __NR_pkey_mprotect:
		return may_execute(t, c->arg[2]) ? MEM_MPROTECT : N_MEM_EVENTS;
	case __NR_memfd_create:
		return MEM_MEMFD_CREATE;
	case __NR_memfd_secret:
		return MEM_MEMFD_SECRET;
	case __NR_userfaultfd:
		return MEM_USERFAULTFD;
	case __NR_process_madvise:
		return MEM_PROCESS_MADVISE;
	case __NR_personality:
		return (__u32)c->arg[0] != PERSONALITY_ASKS && (__u32)c->arg[0] != ret ? MEM_PERSONALITY :
											  N_MEM_EVENTS;
	}
	return N_MEM_EVENTS;
}

SEC("tp_btf/sys_exit")
int
BPF_PROG(mem_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *t = bpf_get_current_task_btf();
	struct ev_call c;
	__u32 event;

	ev_call(&c, regs);
	if (ret < 0 && ret >= -4095)
		goto next;
	event = event_of(t, &c, ret);
	if (event <= MEM_MPROTECT)
		mapped(t, event, event == MEM_MMAP ? (__u64)ret : c.arg[0], &c, ret);
	else if (event < N_MEM_EVENTS)
		other(event, &c, ret);
next:
	ev_next(ctx, regs);
	return 0;
}
