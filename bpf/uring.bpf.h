/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_URING_BPF_H
#define BPFD_BPF_URING_BPF_H

/*
 * Requests of io_uring, which no system call exit tells of.  When a request is submitted its names
 * and addresses have been copied into the kernel, and the current task is of the process that owns
 * the ring, though perhaps a thread that the kernel made for it.  Include bpf/bpfd.bpf.h before.
 */
#include "bpf/file.bpf.h"

/* IORING_OP_*, of which no number ever changes. */
enum {
	URING_OPENAT = 18, URING_STATX = 21, URING_OPENAT2 = 28, URING_RENAMEAT = 35, URING_UNLINKAT = 36,
	URING_MKDIRAT = 37, URING_SYMLINKAT = 38, URING_LINKAT = 39, URING_SETXATTR = 42, URING_GETXATTR = 44,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct filename { const char *name; };
struct io_cqe {
	__u64 user_data;
	__s32 res;
	int fd;
};
struct io_kiocb {
	__u8 opcode;
	__u64 flags;			/* up to Linux 6.6 32 bits; the low ones are IOSQE_* */
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
	void *async_data;
};
struct open_how { __u64 flags, mode; };
struct io_open {
	int dfd;
	__u32 file_slot;
	struct filename *filename;
	struct open_how how;
};

struct io_statx { int dfd; unsigned int flags; struct filename *filename; };
struct io_rename { int old_dfd, new_dfd; struct filename *oldpath, *newpath; int flags; };
struct io_unlink { int dfd, flags; struct filename *filename; };
struct io_mkdir { int dfd; __u16 mode; struct filename *filename; };
struct io_link { int old_dfd, new_dfd; struct filename *oldpath, *newpath; int flags; };
struct io_xattr { struct filename *filename; };

#pragma clang attribute pop

/* What a request is about lies in it at its beginning, as the struct of its opcode. */
#define URING_READ(type, req, field) FILE_READ(type, req, field)

/* IOSQE_CQE_SKIP_SUCCESS, or a descriptor of the ring alone: its completion will tell nothing. */
#define URING_CQE_SKIP	64

static __always_inline bool
uring_is_silent(__u64 req)
{
	return ((__u32)URING_READ(struct io_kiocb, req, flags) & URING_CQE_SKIP) ||
	       (__u32)URING_READ(struct io_open, req, file_slot);
}

/* A name of the kernel's, made whole by the folder that it is relative to. */
static __always_inline void
uring_add_name(struct ev_scratch *s, struct ev_str *out, int dirfd, __u64 filename)
{
	if (!filename)
		return;
	ev_head(s)->flags |= EV_UNRESOLVED;
	file_add_name(s, out, dirfd, (const char *)FILE_READ(struct filename, filename, name));
}

/* The names of a request: struct filename *, 0 where it has none.  Of a link the first is the file, of a symbolic one the link. */
struct uring_names {
	__u64 path, path2;
	int dfd, dfd2;
	__u32 flags, mode;
};

/* False: it is none that has names, or opens. */
static __always_inline bool
uring_names(__u32 opcode, __u64 req, struct uring_names *n)
{
	*n = (struct uring_names){ .dfd = FILE_AT_FDCWD };
	switch (opcode) {
	case URING_RENAMEAT:
		n->dfd = URING_READ(struct io_rename, req, old_dfd);
		n->dfd2 = URING_READ(struct io_rename, req, new_dfd);
		n->path = URING_READ(struct io_rename, req, oldpath);
		n->path2 = URING_READ(struct io_rename, req, newpath);
		n->flags = URING_READ(struct io_rename, req, flags);
		return true;
	case URING_LINKAT:
		n->dfd = URING_READ(struct io_link, req, old_dfd);
		n->dfd2 = URING_READ(struct io_link, req, new_dfd);
		n->path = URING_READ(struct io_link, req, oldpath);
		n->path2 = URING_READ(struct io_link, req, newpath);
		n->flags = URING_READ(struct io_link, req, flags);
		return true;
	case URING_SYMLINKAT:
		n->dfd = URING_READ(struct io_link, req, new_dfd);
		n->path = URING_READ(struct io_link, req, newpath);
		n->path2 = URING_READ(struct io_link, req, oldpath);
		return true;
	case URING_UNLINKAT:
		n->dfd = URING_READ(struct io_unlink, req, dfd);
		n->path = URING_READ(struct io_unlink, req, filename);
		n->flags = URING_READ(struct io_unlink, req, flags);
		return true;
	case URING_MKDIRAT:
		n->dfd = URING_READ(struct io_mkdir, req, dfd);
		n->path = URING_READ(struct io_mkdir, req, filename);
		n->mode = URING_READ(struct io_mkdir, req, mode);
		return true;
	case URING_STATX:
		n->dfd = URING_READ(struct io_statx, req, dfd);
		n->path = URING_READ(struct io_statx, req, filename);
		n->flags = URING_READ(struct io_statx, req, flags);
		return true;
	case URING_SETXATTR:
	case URING_GETXATTR:
		n->path = URING_READ(struct io_xattr, req, filename);
		return true;
	}
	return false;
}

/* What a symbolic link is to point to, as given. */
static __always_inline void
uring_add_content(struct ev_scratch *s, struct ev_str *out, __u64 filename)
{
	ev_add_kernel_str(s, out, (const void *)FILE_READ(struct filename, filename, name), EV_PATH_MAX - 1);
}

/* As openargs_how(). */
static __always_inline void
uring_add_how(__u64 req, __u32 *flags, __u32 *mode)
{
	*flags = URING_READ(struct io_open, req, how.flags);
	if (*flags & (0100 | 020000000))
		*mode = URING_READ(struct io_open, req, how.mode) & 07777;
}

#endif
