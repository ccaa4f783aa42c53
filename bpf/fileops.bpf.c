/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is done to files by name: made, removed, renamed, linked, changed in mode or owner. */
#define EV_THIS FILEOPS
#include "bpf/bpfd.bpf.h"
#include "bpf/file.bpf.h"
#include "bpf/uring.bpf.h"

#include "bpf/fileops.h"

#define AT_SYMLINK_NOFOLLOW	0x100
#define AT_REMOVEDIR		0x200
#define AT_SYMLINK_FOLLOW	0x400
#define XATTR_NAME_MAX		255

/* Newer than the headers that this is built with may be; the same everywhere. */
#ifndef __NR_fchmodat2
#define __NR_fchmodat2		452
#endif
#ifndef __NR_setxattrat
#define __NR_setxattrat		463
#define __NR_removexattrat	466
#endif

/*
 * Where the arguments are that make an event, by place from 1; 0: the call has none.
 * d1, p1, d2, p2: folders (descriptors) and paths; a call with d1 and no p1 is of the descriptor.
 */
struct shape {
	__u8 op;
	__u8 d1, p1, d2, p2;
	__u8 a, b;		/* mode and rdev; owner and group; size; name of the attribute */
	__u8 flags;
	__u8 follows;		/* when the last component of p1 is a symbolic link, its target is meant */
};

static __always_inline bool
shape_of(long nr, struct shape *to)
{
#define SHAPE(call, ...) case __NR_##call: *to = (struct shape){ __VA_ARGS__ }; return true;
	switch (nr) {
	SHAPE(mkdir, FILEOP_MKDIR, .p1 = 1, .a = 2)
	SHAPE(mkdirat, FILEOP_MKDIR, .d1 = 1, .p1 = 2, .a = 3)
	SHAPE(rmdir, FILEOP_RMDIR, .p1 = 1)
	SHAPE(unlink, FILEOP_UNLINK, .p1 = 1)
	SHAPE(unlinkat, FILEOP_UNLINK, .d1 = 1, .p1 = 2, .flags = 3)
	SHAPE(rename, FILEOP_RENAME, .p1 = 1, .p2 = 2)
	SHAPE(renameat, FILEOP_RENAME, .d1 = 1, .p1 = 2, .d2 = 3, .p2 = 4)
	SHAPE(renameat2, FILEOP_RENAME, .d1 = 1, .p1 = 2, .d2 = 3, .p2 = 4, .flags = 5)
	SHAPE(link, FILEOP_LINK, .p1 = 1, .p2 = 2)
	SHAPE(linkat, FILEOP_LINK, .d1 = 1, .p1 = 2, .d2 = 3, .p2 = 4, .flags = 5)
	SHAPE(symlink, FILEOP_SYMLINK, .p1 = 2, .p2 = 1)
	SHAPE(symlinkat, FILEOP_SYMLINK, .d1 = 2, .p1 = 3, .p2 = 1)
	SHAPE(mknod, FILEOP_MKNOD, .p1 = 1, .a = 2, .b = 3)
	SHAPE(mknodat, FILEOP_MKNOD, .d1 = 1, .p1 = 2, .a = 3, .b = 4)
	SHAPE(truncate, FILEOP_TRUNCATE, .p1 = 1, .a = 2, .follows = 1)
	SHAPE(ftruncate, FILEOP_TRUNCATE, .d1 = 1, .a = 2)
	SHAPE(chmod, FILEOP_CHMOD, .p1 = 1, .a = 2, .follows = 1)
	SHAPE(fchmod, FILEOP_CHMOD, .d1 = 1, .a = 2)
	SHAPE(fchmodat, FILEOP_CHMOD, .d1 = 1, .p1 = 2, .a = 3, .follows = 1)
	SHAPE(fchmodat2, FILEOP_CHMOD, .d1 = 1, .p1 = 2, .a = 3, .flags = 4, .follows = 1)
	SHAPE(chown, FILEOP_CHOWN, .p1 = 1, .a = 2, .b = 3, .follows = 1)
	SHAPE(lchown, FILEOP_CHOWN, .p1 = 1, .a = 2, .b = 3)
	SHAPE(fchown, FILEOP_CHOWN, .d1 = 1, .a = 2, .b = 3)
	SHAPE(fchownat, FILEOP_CHOWN, .d1 = 1, .p1 = 2, .a = 3, .b = 4, .flags = 5, .follows = 1)
	SHAPE(setxattr, FILEOP_SETXATTR, .p1 = 1, .a = 2, .follows = 1)
	SHAPE(lsetxattr, FILEOP_SETXATTR, .p1 = 1, .a = 2)
	SHAPE(fsetxattr, FILEOP_SETXATTR, .d1 = 1, .a = 2)
	SHAPE(setxattrat, FILEOP_SETXATTR, .d1 = 1, .p1 = 2, .a = 4, .flags = 3, .follows = 1)
	SHAPE(removexattr, FILEOP_REMOVEXATTR, .p1 = 1, .a = 2, .follows = 1)
	SHAPE(lremovexattr, FILEOP_REMOVEXATTR, .p1 = 1, .a = 2)
	SHAPE(fremovexattr, FILEOP_REMOVEXATTR, .d1 = 1, .a = 2)
	SHAPE(removexattrat, FILEOP_REMOVEXATTR, .d1 = 1, .p1 = 2, .a = 4, .flags = 3, .follows = 1)
	SHAPE(utime, FILEOP_UTIMES, .p1 = 1, .follows = 1)
	SHAPE(utimes, FILEOP_UTIMES, .p1 = 1, .follows = 1)
	SHAPE(futimesat, FILEOP_UTIMES, .d1 = 1, .p1 = 2, .follows = 1)
	SHAPE(utimensat, FILEOP_UTIMES, .d1 = 1, .p1 = 2, .flags = 4, .follows = 1)
	}
#undef SHAPE
	return false;
}

static __always_inline __u64
arg(const struct ev_call *c, __u8 place)
{
	switch (place) {
	case 1: return c->arg[0];
	case 2: return c->arg[1];
	case 3: return c->arg[2];
	case 4: return c->arg[3];
	case 5: return c->arg[4];
	}
	return 0;
}

/*
 * What was given from byte at of the record on, perhaps after a slash, is more than a name in the
 * folder before it: it may lead elsewhere.
 */
__noinline int
leads_on(struct ev_scratch *s, __u32 at)
{
	__u32 end, len;
	char c[3] = {};
	int i;

	if (!s || at >= EV_ROOM - 8)
		return 1;
	end = ev_head(s)->len;
	if (s->b[at] == '/')
		at++;
	len = end - at;
	bpf_probe_read_kernel(c, sizeof(c), &s->b[at]);
	if (c[0] == '.' && (len == 1 || (len == 2 && c[1] == '.')))
		return 1;
	for (i = 0; i < 257; i++) {
		asm volatile("" : "+r"(at));
		if (at >= end || at >= EV_ROOM)
			return 0;
		if (s->b[at] == '/')
			return 1;
		at++;
	}
	return 1;
}

static __always_inline int
folder(const struct ev_call *c, __u8 place)
{
	return place ? (int)arg(c, place) : FILE_AT_FDCWD;
}

static __always_inline void
add_named(struct ev_scratch *s, struct ev_str *out, const struct ev_call *c, __u8 d, __u8 p, bool follows)
{
	const char *given = (const char *)arg(c, p);
	char first = 0;
	__u32 at;

	at = file_add_given(s, out, folder(c, d), given);
	if (at && !follows && !leads_on(s, at))
		return;
	/* Nothing given: the folder itself, which the kernel has told. */
	bpf_probe_read_user(&first, 1, given);
	if (first)
		ev_head(s)->flags |= EV_UNRESOLVED;
}

static __always_inline void
add_path(struct ev_scratch *s, struct ev_fileops *e, const struct ev_call *c, const struct shape *sh)
{
	bool follows = sh->follows;

	if (!sh->p1) {
		file_add_path(s, &e->path, file_where(file_of(arg(c, sh->d1))));
		return;
	}
	if (sh->op == FILEOP_LINK && (e->flags & AT_SYMLINK_FOLLOW))
		follows = true;
	if (e->flags & AT_SYMLINK_NOFOLLOW)
		follows = false;
	add_named(s, &e->path, c, sh->d1, sh->p1, follows);
}

static __always_inline void
add_second(struct ev_scratch *s, struct ev_fileops *e, const struct ev_call *c, const struct shape *sh)
{
	if (sh->op == FILEOP_SYMLINK)
		ev_add_user_str(s, &e->path2, (const char *)arg(c, sh->p2), EV_PATH_MAX - 1);
	else if (sh->p2)
		add_named(s, &e->path2, c, sh->d2, sh->p2, false);
	if (sh->op == FILEOP_SETXATTR || sh->op == FILEOP_REMOVEXATTR)
		ev_add_user_str(s, &e->name, (const char *)arg(c, sh->a), XATTR_NAME_MAX);
}

static __always_inline void
fill(struct ev_fileops *e, const struct ev_call *c, const struct shape *sh)
{
	__u64 a = arg(c, sh->a), b = arg(c, sh->b);

	switch (sh->op) {
	case FILEOP_MKDIR:
	case FILEOP_CHMOD:
		e->mode = a & 07777;
		break;
	case FILEOP_MKNOD:
		e->mode = a & 0177777;
		e->rdev = b;
		break;
	case FILEOP_CHOWN:
		e->owner = a;
		e->group = b;
		break;
	case FILEOP_TRUNCATE:
		e->size = a;
		break;
	}
}

SEC("tp_btf/sys_exit")
int
BPF_PROG(fileops_exit, struct pt_regs *regs, long ret)
{
	struct ev_scratch *s;
	struct ev_fileops *e;
	struct shape sh = {};
	struct ev_call call, *c = &call;
	__u32 flags;

	ev_call(c, regs);
	if (!shape_of(c->nr, &sh))
		goto next;
	flags = arg(c, sh.flags);
	if (sh.op == FILEOP_UNLINK && (flags & AT_REMOVEDIR))
		sh.op = FILEOP_RMDIR;
	s = ev_new(sh.op, sizeof(*e));
	if (!s)
		goto next;
	e = ev_record(s);
	e->h.ret = ret;
	e->flags = flags;
	fill(e, c, &sh);
	add_path(s, e, c, &sh);
	if (!ev_path_passes(s, &e->path))
		goto next;
	add_second(s, e, c, &sh);
	ev_send(s);
next:
	ev_next_call(ctx, c->nr);
	return 0;
}

/*
 * Requests of io_uring, when they are submitted: the names are the kernel's copies, which it drops before
 * there is a result.
 */
static __always_inline void
add_uring(struct ev_scratch *s, struct ev_str *out, int dfd, __u64 filename, bool follows)
{
	__u32 at = file_add_name(s, out, dfd, (const char *)FILE_READ(struct filename, filename, name));

	if (!at || follows || leads_on(s, at))
		ev_head(s)->flags |= EV_UNRESOLVED;
}

static __always_inline int
op_of(__u32 opcode, __u32 flags)
{
	switch (opcode) {
	case URING_MKDIRAT: return FILEOP_MKDIR;
	case URING_UNLINKAT: return flags & AT_REMOVEDIR ? FILEOP_RMDIR : FILEOP_UNLINK;
	case URING_RENAMEAT: return FILEOP_RENAME;
	case URING_LINKAT: return FILEOP_LINK;
	case URING_SYMLINKAT: return FILEOP_SYMLINK;
	}
	return -1;
}

static __always_inline int
submitted(__u64 req)
{
	__u32 opcode = URING_READ(struct io_kiocb, req, opcode);
	struct uring_names n;
	struct ev_scratch *s;
	struct ev_fileops *e;
	int op;

	if (op_of(opcode, 0) < 0 || !uring_names(opcode, req, &n))
		return 0;
	op = op_of(opcode, n.flags);
	s = ev_new(op, sizeof(*e));
	if (!s)
		return 0;
	e = ev_record(s);
	e->h.flags |= EV_URING;
	e->flags = n.flags;
	e->mode = n.mode & 07777;
	add_uring(s, &e->path, n.dfd, n.path, op == FILEOP_LINK && (n.flags & AT_SYMLINK_FOLLOW));
	if (op == FILEOP_SYMLINK)
		uring_add_content(s, &e->path2, n.path2);
	else if (n.path2)
		add_uring(s, &e->path2, n.dfd2, n.path2, false);
	/* No filter by a path that another descriptor may be the folder of by then. */
	ev_send(s);
	return 0;
}

SEC("?tp_btf/io_uring_submit_req")
int
BPF_PROG(fileops_uring_req, struct io_kiocb *req)
{
	return submitted((__u64)req);
}

/* Up to Linux 6.2. */
SEC("?tp_btf/io_uring_submit_sqe")
int
BPF_PROG(fileops_uring_sqe, struct io_kiocb *req)
{
	return submitted((__u64)req);
}
