/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What processes have io_uring do, which no system call tells: one record for each request that names something. */
#define EV_THIS IOURING
#include "bpf/net.bpf.h"
#include "bpf/uring.bpf.h"

#include "bpf/iouring.h"

#define AF_UNIX			1
#define UNIX_PATH_MAX		108

/* As those of bpf/uring.bpf.h. */
enum { ACCEPT = 13, CONNECT = 16, BIND = 56 };

/*
 * What moves data through descriptors or waits for them: as much as reads and writes, and what the
 * descriptor is of was told when it was made.  What is newer than this list is told.
 */
#define OP(n) (1ULL << (n))
#define UNTOLD                                                                                     \
	(OP(0) /* NOP */ | OP(1) /* READV */ | OP(2) /* WRITEV */ | OP(3) /* FSYNC */ |            \
	 OP(4) /* READ_FIXED */ | OP(5) /* WRITE_FIXED */ | OP(6) /* POLL_ADD */ |                 \
	 OP(7) /* POLL_REMOVE */ | OP(8) /* SYNC_FILE_RANGE */ | OP(9) /* SENDMSG */ |             \
	 OP(10) /* RECVMSG */ | OP(11) /* TIMEOUT */ | OP(12) /* TIMEOUT_REMOVE */ |               \
	 OP(14) /* ASYNC_CANCEL */ | OP(15) /* LINK_TIMEOUT */ | OP(19) /* CLOSE */ |              \
	 OP(20) /* FILES_UPDATE */ | OP(22) /* READ */ | OP(23) /* WRITE */ | OP(24) /* FADVISE */ | \
	 OP(25) /* MADVISE */ | OP(26) /* SEND */ | OP(27) /* RECV */ | OP(29) /* EPOLL_CTL */ |   \
	 OP(30) /* SPLICE */ | OP(31) /* PROVIDE_BUFFERS */ | OP(32) /* REMOVE_BUFFERS */ |        \
	 OP(33) /* TEE */ | OP(34) /* SHUTDOWN */ | OP(40) /* MSG_RING */ | OP(47) /* SEND_ZC */ | \
	 OP(48) /* SENDMSG_ZC */ | OP(49) /* READ_MULTISHOT */ | OP(51) /* FUTEX_WAIT */ |         \
	 OP(52) /* FUTEX_WAKE */ | OP(53) /* FUTEX_WAITV */ | OP(58) /* RECV_ZC */ |               \
	 OP(59) /* EPOLL_WAIT */ | OP(60) /* READV_FIXED */ | OP(61) /* WRITEV_FIXED */)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_connect { void *addr; int addr_len; };
struct __kernel_sockaddr_storage { __u16 ss_family; };
struct io_async_msghdr { struct __kernel_sockaddr_storage addr; };

#pragma clang attribute pop

struct address {
	__u16 family, port;
	union {
		__u32 v4;
		struct { __u32 flowinfo; __u8 addr[16]; } v6;
	};
};
union words { struct address a; __u64 w[3]; };

static __always_inline bool
is_at(__u64 at, const union words *given)
{
	union words there = {};

	bpf_probe_read_kernel(&there, sizeof(there), (const void *)at);
	if (given->a.family == AF_INET)
		return there.w[0] == given->w[0];
	return !((there.w[0] ^ given->w[0]) | (there.w[1] ^ given->w[1]) | (there.w[2] ^ given->w[2]));
}

/*
 * The kernel has copied it by now (before Linux 6.10 it does so later), to one of two places, which
 * no type tells: so what the process has there is marked unless it is what the kernel has.
 */
static __always_inline void
add_address(struct ev_scratch *s, struct ev_iouring *e, __u64 req)
{
	__u64 copy = URING_READ(struct io_kiocb, req, async_data), at = URING_READ(struct io_connect, req, addr);
	union words given = {};

	bpf_probe_read_user(&given.a.family, sizeof(given.a.family), (const void *)at);
	e->family = given.a.family;
	if (e->family == AF_UNIX)
		ev_add_user_str(s, &e->path, (const void *)(at + sizeof(given.a.family)), UNIX_PATH_MAX);
	if (e->family != AF_INET && e->family != AF_INET6)
		return;
	bpf_probe_read_user(&given, e->family == AF_INET ? 8 : sizeof(given), (const void *)at);
	e->port = bpf_ntohs(given.a.port);
	if (e->family == AF_INET)
		net_map4(e->addr, &given.a.v4);
	else
		__builtin_memcpy(e->addr, given.a.v6.addr, sizeof(e->addr));
	if (!copy || !(is_at(copy, &given) ||
		       is_at(copy + bpf_core_field_offset(struct io_async_msghdr, addr), &given)))
		e->h.flags |= EV_UNTRUSTED;
}

static __always_inline void
add_open(struct ev_scratch *s, struct ev_iouring *e, __u64 req)
{
	e->flags = URING_READ(struct io_open, req, how.flags);
	e->mode = URING_READ(struct io_open, req, how.mode);
	uring_add_name(s, &e->path, URING_READ(struct io_open, req, dfd), URING_READ(struct io_open, req, filename));
}

static __always_inline void
fill(struct ev_scratch *s, struct ev_iouring *e, __u64 req)
{
	struct uring_names n;

	if (e->opcode == URING_OPENAT || e->opcode == URING_OPENAT2) {
		add_open(s, e, req);
		return;
	}
	if (uring_names(e->opcode, req, &n)) {
		e->flags = n.flags;
		e->mode = n.mode;
		uring_add_name(s, &e->path, n.dfd, n.path);
		if (e->opcode == URING_SYMLINKAT)
			uring_add_content(s, &e->path2, n.path2);
		else
			uring_add_name(s, &e->path2, n.dfd2, n.path2);
		return;
	}
	e->fd = URING_READ(struct io_kiocb, req, cqe.fd);
	if (e->opcode == CONNECT || e->opcode == BIND)
		add_address(s, e, req);
}

static __always_inline int
submitted(__u64 req)
{
	__u32 opcode = URING_READ(struct io_kiocb, req, opcode);
	struct ev_scratch *s;
	struct ev_iouring *e;

	if (opcode < 64 && (UNTOLD >> opcode & 1))
		return 0;
	s = ev_new(IOURING_SUBMIT, sizeof(*e));
	if (!s)
		return 0;
	e = ev_record(s);
	e->opcode = opcode;
	e->user_data = URING_READ(struct io_kiocb, req, cqe.user_data);
	e->sqe_flags = URING_READ(struct io_kiocb, req, flags) & 0xff;
	e->fd = -1;
	fill(s, e, req);
	/* No filter by a path that is not the kernel's: a link may lead to what is asked for. */
	ev_send(s);
	return 0;
}

SEC("?tp_btf/io_uring_submit_req")
int
BPF_PROG(iouring_req, struct io_kiocb *req)
{
	return submitted((__u64)req);
}

/* Up to Linux 6.2. */
SEC("?tp_btf/io_uring_submit_sqe")
int
BPF_PROG(iouring_sqe, struct io_kiocb *req)
{
	return submitted((__u64)req);
}

SEC("?tp_btf/io_uring_create")
int
BPF_PROG(iouring_create, int fd, void *ring, __u32 sq_entries, __u32 cq_entries, __u32 flags)
{
	struct ev_scratch *s = ev_new(IOURING_CREATE, sizeof(struct ev_iouring));
	struct ev_iouring *e;

	if (!s)
		return 0;
	e = ev_record(s);
	e->h.ret = fd;
	e->fd = fd;
	e->entries = sq_entries;
	e->sqe_flags = flags;
	ev_send(s);
	return 0;
}
