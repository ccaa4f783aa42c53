/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Files opened, at the exit of the call: what the descriptor is of, not what the process said that
 * it wanted, which another of its threads may have changed meanwhile.
 */
#define EV_THIS OPEN
#define EV_SHORT_RECORDS
#include "bpf/bpfd.bpf.h"
#include "bpf/file.bpf.h"
#include "bpf/openargs.bpf.h"
#include "bpf/openpath.bpf.h"

#include "bpf/open.h"

static __always_inline void
opened(struct ev_scratch *s, struct ev_open *e, const struct file *file)
{
	file_id(file, &e->dev, &e->ino);
	e->created = !!(FILE_READ(struct file, file, f_mode) & FILE_FMODE_CREATED);
}

SEC("tp_btf/sys_exit")
int
BPF_PROG(open_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *t = bpf_get_current_task_btf();
	const struct file *file = NULL;
	__u32 compat = ev_compat(t), nr = ev_call_nr(regs, compat);
	struct openargs args;
	struct ev_scratch *s;
	struct ev_open *e;

	/* The dispatcher leaves it to this one: what has the number of an open in another table. */
	if (ev_call_is_other(regs, compat) && !ev_call_is_mine(nr))
		goto next;
	s = ev_new_bare(t, OPEN_OPEN, sizeof(struct ev_open));
	if (!s)
		goto next;
	e = ev_record(s);
	e->h.ret = ret;
	if (ret >= 0) {
		file = file_of_task(t, ret);
		if (!openpath_add_wanted(s, &e->path, file))
			goto next;
	} else {
		e->h.flags |= EV_UNRESOLVED;
		openargs_get(&args, regs, nr, ev_way(compat));
		file_add_given(s, &e->path, args.dirfd, args.filename);
	}
	if (!ev_path_passes(s, &e->path))
		goto next;
	ev_fill(&e->h, t);
	/* Not before: the verifier would look at all that follows once for each of the calls. */
	openargs_get(&args, regs, nr, ev_way(compat));
	if (args.filename)
		ev_add_user_str(s, &e->filename, args.filename, EV_PATH_MAX - 1);
	if (file)
		opened(s, e, file);
	openargs_how(&args, &e->oflags, &e->mode);
	ev_send_of(s, t);
next:
	ev_next_call(ctx, nr);
	return 0;
}
