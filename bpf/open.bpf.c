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
#include "bpf/uringopen.bpf.h"

#include "bpf/open.h"

static __always_inline void
opened(struct ev_scratch *s, struct ev_open *e, const struct file *file)
{
	file_id(file, &e->dev, &e->ino);
	e->created = !!(FILE_READ(struct file, file, f_mode) & FILE_FMODE_CREATED);
}

/* t: the current task, at the end of the call that regs are of; nr, compat: ev_call_nr(), ev_compat() */
static __always_inline void
tell(struct task_struct *t, const struct pt_regs *regs, __u32 nr, __u32 compat, long ret)
{
	const struct file *file = NULL;
	struct openargs args;
	struct ev_scratch *s;
	struct ev_open *e;

	s = ev_new_bare(t, OPEN_OPEN, sizeof(struct ev_open));
	if (!s)
		return;
	e = ev_record(s);
	e->h.ret = ret;
	if (ret >= 0) {
		file = file_of_task(t, ret);
		if (!openpath_add_wanted(s, &e->path, file))
			return;
	} else {
		e->h.flags |= EV_UNRESOLVED;
		openargs_get(&args, regs, nr, ev_way(compat));
		file_add_given(s, &e->path, args.dirfd, args.filename);
	}
	if (!ev_path_passes(s, &e->path))
		return;
	ev_fill(&e->h, t);
	/* Not before: the verifier would look at all that follows once for each of the calls. */
	openargs_get(&args, regs, nr, ev_way(compat));
	if (args.filename)
		ev_add_user_short(s, &e->filename, args.filename, EV_PATH_MAX - 1);
	if (file)
		opened(s, e, file);
	openargs_how(&args, &e->oflags, &e->mode);
	ev_send(s);
}

/* What all calls that open come to, in every table of calls; io_uring has others. */
static __always_inline void
tell_function(void *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf();
	const struct pt_regs *regs = ev_call_regs(t);
	__u32 compat = ev_compat(t);

	tell(t, regs, ev_call_nr(regs, compat), compat, ev_function_ret(ctx));
}

SEC("?fexit/do_sys_openat2")
int
open__function__path(void *ctx)
{
	tell_function(ctx);
	return 0;
}

SEC("?fexit/do_handle_open")
int
open__function__handle(void *ctx)
{
	tell_function(ctx);
	return 0;
}

SEC("?tp_btf/sys_exit")
int
BPF_PROG(open__call, struct pt_regs *regs, long ret)
{
	struct task_struct *t = bpf_get_current_task_btf();
	__u32 compat = ev_compat(t), nr = ev_call_nr(regs, compat);

	/* The dispatcher leaves it to this one: what has the number of an open in another table. */
	if (!ev_call_is_other(regs, compat) || ev_call_is_mine(nr))
		tell(t, regs, nr, compat, ret);
	ev_next_call(ctx, nr);
	return 0;
}

/*
 * Those of io_uring, when their result is handed out.  A request that asks for no result on success,
 * or for no descriptor of the process, is told when it is submitted, with the path as given.
 */
static __always_inline void
uring_asked(__u64 req, bool silent)
{
	struct ev_scratch *s = silent ? ev_new(OPEN_OPEN, sizeof(struct ev_open)) : NULL;
	struct ev_open *e;

	if (!s)
		return;
	e = ev_record(s);
	e->h.flags |= EV_URING;
	uring_add_how(req, &e->oflags, &e->mode);
	/* It may be a link: no filter by it. */
	uring_add_name(s, &e->path, URING_READ(struct io_open, req, dfd), URING_READ(struct io_open, req, filename));
	ev_send(s);
}

static __always_inline void
uring_opened(__u64 req, int fd)
{
	struct task_struct *t = bpf_get_current_task_btf();
	struct ev_scratch *s = ev_new_bare(t, OPEN_OPEN, sizeof(struct ev_open));
	const struct file *file;
	struct ev_open *e;

	if (!s)
		return;
	e = ev_record(s);
	e->h.ret = fd;
	e->h.flags |= EV_URING;
	file = file_of_task(t, fd);
	if (!file_add_path_wanted(s, &e->path, file_where(file)) || !ev_path_passes(s, &e->path))
		return;
	ev_fill(&e->h, t);
	opened(s, e, file);
	if (req)
		uring_add_how(req, &e->oflags, &e->mode);
	ev_send(s);
}

URING_OPENS(open, uring_asked, uring_opened)
