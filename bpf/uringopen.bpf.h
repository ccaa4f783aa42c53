/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_URINGOPEN_BPF_H
#define BPFD_BPF_URINGOPEN_BPF_H

/* What io_uring opens, for the tracers of opens.  Include bpf/bpfd.bpf.h before. */
#include "bpf/uring.bpf.h"

struct uring_key { __u64 ring, user_data; };
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct uring_key);
	__type(value, __u32);
} uring_pending SEC(".maps");	/* how many: of a result that found no room all that is told is this */

static __always_inline bool
uring_is_open(__u64 req)
{
	__u32 opcode = req ? URING_READ(struct io_kiocb, req, opcode) : 0;

	return opcode == URING_OPENAT || opcode == URING_OPENAT2;
}

static __always_inline struct uring_key
uring_key(__u64 req)
{
	return (struct uring_key){ URING_READ(struct io_kiocb, req, ctx), URING_READ(struct io_kiocb, req, cqe.user_data) };
}

/* One more result that is to come. */
static __always_inline void
uring_await(__u64 req)
{
	struct uring_key key = uring_key(req);
	__u32 one = 1, *n = bpf_map_lookup_elem(&uring_pending, &key);

	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&uring_pending, &key, &one, BPF_ANY);
}

/* False: none was. */
static __always_inline bool
uring_came(struct uring_key key)
{
	__u32 *n = bpf_map_lookup_elem(&uring_pending, &key);

	if (!n || !*n)
		return false;
	__sync_fetch_and_sub(n, 1);
	return true;
}

/*
 * The programs: asked(req, silent) when a request is submitted, silent when its completion will tell nothing;
 * opened(req, fd) when the result of another is handed out, in a thread of the process whose descriptor it is.  req is 0
 * when there is only the result, because the process has left no room for it.  io_uring_complete is
 * also of results that belong to no request; the submission has another name up to Linux 6.2.
 */
#define URING_OPENS(name, asked, opened)                                                           \
static __always_inline int                                                                         \
name##_uring_submitted(__u64 req)                                                                  \
{                                                                                                  \
	if (!uring_is_open(req))                                                                   \
		return 0;                                                                          \
	if (!uring_is_silent(req))                                                                 \
		uring_await(req);                                                                  \
	asked(req, uring_is_silent(req));                                                          \
	return 0;                                                                                  \
}                                                                                                  \
                                                                                                   \
SEC("?tp_btf/io_uring_submit_req")                                                                 \
int                                                                                                \
BPF_PROG(name##_uring_req, struct io_kiocb *req)                                                   \
{                                                                                                  \
	return name##_uring_submitted((__u64)req);                                                 \
}                                                                                                  \
                                                                                                   \
SEC("?tp_btf/io_uring_submit_sqe")                                                                 \
int                                                                                                \
BPF_PROG(name##_uring_sqe, struct io_kiocb *req)                                                   \
{                                                                                                  \
	return name##_uring_submitted((__u64)req);                                                 \
}                                                                                                  \
                                                                                                   \
SEC("?tp_btf/io_uring_complete")                                                                   \
int                                                                                                \
BPF_PROG(name##_uring_done, void *ring, void *request)                                             \
{                                                                                                  \
	__u64 req = (__u64)request;                                                                \
	int fd;                                                                                    \
                                                                                                   \
	if (!uring_is_open(req))                                                                   \
		return 0;                                                                          \
	uring_came(uring_key(req));                                                                \
	fd = URING_READ(struct io_kiocb, req, cqe.res);                                            \
	if (fd >= 0 && !uring_is_silent(req))                                                      \
		opened(req, fd);                                                                   \
	return 0;                                                                                  \
}                                                                                                  \
                                                                                                   \
SEC("?tp_btf/io_uring_cqe_overflow")                                                               \
int                                                                                                \
BPF_PROG(name##_uring_overflow, void *ring, unsigned long long user_data, int fd)                  \
{                                                                                                  \
	if (uring_came((struct uring_key){ (__u64)ring, user_data }) && fd >= 0)                   \
		opened(0, fd);                                                                     \
	return 0;                                                                                  \
}

#endif
