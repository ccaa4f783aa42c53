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
#include "bpf/uring.bpf.h"

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

/*
 * Those of io_uring, when their result is handed out.  A request that asks for no result on success,
 * or for no descriptor of the process, is told when it is submitted, with the path as given.
 */
struct uring_key { __u64 ring, user_data; };
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct uring_key);
	__type(value, __u32);
} open_pending SEC(".maps");	/* how many: of a result that found no room all that is told is this */

static __always_inline bool
uring_is_open(__u64 req)
{
	__u32 opcode = req ? URING_READ(struct io_kiocb, req, opcode) : 0;

	return opcode == URING_OPENAT || opcode == URING_OPENAT2;
}

static __always_inline void
uring_how(struct ev_open *e, __u64 req)
{
	e->oflags = URING_READ(struct io_open, req, how.flags);
	if (e->oflags & (0100 | 020000000))
		e->mode = URING_READ(struct io_open, req, how.mode) & 07777;
}

static __always_inline struct uring_key
uring_key(__u64 req)
{
	return (struct uring_key){ URING_READ(struct io_kiocb, req, ctx), URING_READ(struct io_kiocb, req, cqe.user_data) };
}

static __always_inline void
uring_submitted(__u64 req)
{
	struct uring_key key;
	struct ev_scratch *s;
	struct ev_open *e;
	__u32 one = 1, *n;

	if (!uring_is_open(req))
		return;
	if (!uring_is_silent(req)) {
		key = uring_key(req);
		n = bpf_map_lookup_elem(&open_pending, &key);
		if (n)
			__sync_fetch_and_add(n, 1);
		else
			bpf_map_update_elem(&open_pending, &key, &one, BPF_ANY);
		return;
	}
	s = ev_new(OPEN_OPEN, sizeof(*e));
	if (!s)
		return;
	e = ev_record(s);
	e->h.flags |= EV_URING;
	uring_how(e, req);
	/* It may be a link: no filter by it. */
	uring_add_name(s, &e->path, URING_READ(struct io_open, req, dfd), URING_READ(struct io_open, req, filename));
	ev_send(s);
}

SEC("?tp_btf/io_uring_submit_req")
int
BPF_PROG(open_uring_req, struct io_kiocb *req)
{
	uring_submitted((__u64)req);
	return 0;
}

/* Up to Linux 6.2. */
SEC("?tp_btf/io_uring_submit_sqe")
int
BPF_PROG(open_uring_sqe, struct io_kiocb *req)
{
	uring_submitted((__u64)req);
	return 0;
}

/* req: 0 when there is only the result. */
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
		uring_how(e, req);
	ev_send_of(s, t);
}

/* Also of results that belong to no request. */
SEC("?tp_btf/io_uring_complete")
int
BPF_PROG(open_uring_done, void *ring, void *request)
{
	__u64 req = (__u64)request;
	struct uring_key key;
	__u32 *n;
	int fd;

	if (!uring_is_open(req))
		return 0;
	key = uring_key(req);
	n = bpf_map_lookup_elem(&open_pending, &key);
	if (n && *n)
		__sync_fetch_and_sub(n, 1);
	fd = URING_READ(struct io_kiocb, req, cqe.res);
	if (fd >= 0 && !uring_is_silent(req))
		uring_opened(req, fd);
	return 0;
}

/* Instead of that, when the process has left no room for results. */
SEC("?tp_btf/io_uring_cqe_overflow")
int
BPF_PROG(open_uring_overflow, void *ring, unsigned long long user_data, int fd)
{
	struct uring_key key = { (__u64)ring, user_data };
	__u32 *n = bpf_map_lookup_elem(&open_pending, &key);

	if (!n || !*n)
		return 0;
	__sync_fetch_and_sub(n, 1);
	if (fd >= 0)
		uring_opened(0, fd);
	return 0;
}
