/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_URING_BPF_H
#define BPFD_BPF_URING_BPF_H

/*
 * Requests of io_uring, which no system call exit tells of.  When a request is submitted its names
 * and addresses have been copied into the kernel, and the current task is of the process that owns
 * the ring, though perhaps a thread that the kernel made for it.  Include bpf/bpfd.bpf.h before.
 */
#include "bpf/file.bpf.h"

#define URING_OPENAT	18
#define URING_OPENAT2	28

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

#endif
