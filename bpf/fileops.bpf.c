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
#define LOOK_WORDS		33	/* that are looked at for a slash: no name is longer */

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
union shape {
	struct {
		__u32 op : 5;
		__u32 d1 : 3, p1 : 3, d2 : 3, p2 : 3;
		__u32 a : 3, b : 3;	/* mode and rdev; owner and group; size; name of the attribute */
		__u32 flags : 3;
		__u32 follows : 1;	/* when the last component of p1 is a symbolic link, its target is meant */
	};
	__u32 bits;
};
_Static_assert(N_FILEOPS <= 32 && sizeof(union shape) == sizeof(__u32), "one word, which can be hidden");

static __always_inline bool
shape_of(long nr, union shape *to)
{
#define SHAPE(call, ...) case __NR_##call: *to = (union shape){ { __VA_ARGS__ } }; return true;
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

/* Arguments by place, from 1: those that are not there are 0. */
struct args { __u64 at[8]; };

static __always_inline __u64
arg(const struct args *args, __u32 place)
{
	return args->at[place & 7];
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
	__u64 slash;

	if (!s || at >= EV_ROOM - 8)
		return 1;
	end = ev_head(s)->len;
	if (s->b[at] == '/')
		at++;
	len = end - at;
	bpf_probe_read_kernel(c, sizeof(c), &s->b[at]);
	if (c[0] == '.' && (len == 1 || (len == 2 && c[1] == '.')))
		return 1;
	for (int i = 0; i < LOOK_WORDS; i++, at += 8) {
		if (at >= end)
			return 0;
		asm volatile("" : "+r"(at));
		if (at > EV_ROOM - 8)
			return 1;
		slash = ev_hash_zeros(*ev_words(s, at) ^ (EV_ONES * '/'));
		if (end - at < 8)
			slash &= (1ULL << (end - at) * 8) - 1;
		if (slash)
			return 1;
	}
	return 1;
}

static __always_inline int
folder(const struct args *args, __u32 place)
{
	return place ? (int)arg(args, place) : FILE_AT_FDCWD;
}

/* Into path, or path2 for second.  Not static: the verifier looks at it once. */
__noinline int
add_named(struct ev_scratch *s, __u32 second, int dirfd, __u64 path, __u32 follows)
{
	const char *given = (const char *)path;
	struct ev_fileops *e;
	char first = 0;
	__u32 at;

	if (!s)
		return 0;
	e = ev_record(s);
	at = file_add_given(s, second ? &e->path2 : &e->path, dirfd, given);
	if (at && !follows && !leads_on(s, at))
		return 0;
	/* Nothing given: the folder itself, which the kernel has told. */
	bpf_probe_read_user(&first, 1, given);
	if (first)
		ev_head(s)->flags |= EV_UNRESOLVED;
	return 0;
}

static __always_inline void
add_path(struct ev_scratch *s, struct ev_fileops *e, const struct args *args, union shape sh)
{
	__u32 follows = sh.follows;

	if (!sh.p1) {
		file_add_path(s, &e->path, file_where(file_of(arg(args, sh.d1))));
		return;
	}
	if (sh.op == FILEOP_LINK && (e->flags & AT_SYMLINK_FOLLOW))
		follows = 1;
	if (e->flags & AT_SYMLINK_NOFOLLOW)
		follows = 0;
	add_named(s, 0, folder(args, sh.d1), arg(args, sh.p1), follows);
}

static __always_inline void
add_second(struct ev_scratch *s, struct ev_fileops *e, const struct args *args, union shape sh)
{
	if (sh.op == FILEOP_SYMLINK)
		ev_add_user_str(s, &e->path2, (const char *)arg(args, sh.p2), EV_PATH_MAX - 1);
	else if (sh.p2)
		add_named(s, 1, folder(args, sh.d2), arg(args, sh.p2), 0);
	if (sh.op == FILEOP_SETXATTR || sh.op == FILEOP_REMOVEXATTR)
		ev_add_user_str(s, &e->name, (const char *)arg(args, sh.a), XATTR_NAME_MAX);
}

static __always_inline void
fill(struct ev_fileops *e, const struct args *args, union shape sh)
{
	__u64 a = arg(args, sh.a), b = arg(args, sh.b);

	switch (sh.op) {
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
	union shape sh = {};
	struct ev_call c;
	struct args args;

	ev_call(&c, regs);
	if (!shape_of(c.nr, &sh))
		goto next;
	s = ev_new(0, sizeof(*e));
	if (!s)
		goto next;
	sh.bits = ev_hide(s, sh.bits);
	args = (struct args){ { 0, c.arg[0], c.arg[1], c.arg[2], c.arg[3], c.arg[4] } };
	e = ev_record(s);
	e->h.ret = ret;
	e->flags = arg(&args, sh.flags);
	if (sh.op == FILEOP_UNLINK && (e->flags & AT_REMOVEDIR))
		sh.op = FILEOP_RMDIR;
	e->h.event = sh.op;
	fill(e, &args, sh);
	add_path(s, e, &args, sh);
	if (!ev_path_passes(s, &e->path))
		goto next;
	add_second(s, e, &args, sh);
	ev_send(s);
next:
	ev_next(ctx, regs);
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
