/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_URING_H
#define BPFD_TESTS_URING_H

/* io_uring by its system calls. */
#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct uring {
	int fd;
	uint8_t *sq, *cq;
	struct io_uring_sqe *sqes;
	struct io_uring_params p;
};

/* False: the kernel has none, errno says why. */
static inline bool
uring_open(struct uring *u, uint32_t entries, uint32_t flags)
{
	memset(u, 0, sizeof(*u));
	u->p.flags = flags;
	u->fd = (int)syscall(SYS_io_uring_setup, entries, &u->p);
	if (u->fd < 0)
		return false;
	u->sq = mmap(NULL, u->p.sq_off.array + u->p.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			u->fd, IORING_OFF_SQ_RING);
	u->cq = mmap(NULL, u->p.cq_off.cqes + u->p.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, u->fd, IORING_OFF_CQ_RING);
	u->sqes = mmap(NULL, u->p.sq_entries * sizeof(*u->sqes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			u->fd, IORING_OFF_SQES);
	return u->sq != MAP_FAILED && u->cq != MAP_FAILED && u->sqes != MAP_FAILED;
}

/* A request that is not submitted yet; there must be room. */
static inline struct io_uring_sqe *
uring_sqe(struct uring *u, uint8_t opcode, int fd)
{
	uint32_t *tail = (uint32_t *)(u->sq + u->p.sq_off.tail), at = *tail & (u->p.sq_entries - 1);
	struct io_uring_sqe *sqe = &u->sqes[at];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->fd = fd;
	((uint32_t *)(u->sq + u->p.sq_off.array))[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	return sqe;
}

/* Submits n and waits for as many results; 0 or -1. */
static inline int
uring_enter(struct uring *u, uint32_t n, uint32_t wait)
{
	return syscall(SYS_io_uring_enter, u->fd, n, wait, IORING_ENTER_GETEVENTS, NULL, 0) == (long)n ? 0 : -1;
}

/* False: there is no result. */
static inline bool
uring_result(struct uring *u, struct io_uring_cqe *out)
{
	uint32_t *head = (uint32_t *)(u->cq + u->p.cq_off.head);
	uint32_t tail = __atomic_load_n((uint32_t *)(u->cq + u->p.cq_off.tail), __ATOMIC_ACQUIRE);

	if (*head == tail)
		return false;
	*out = ((struct io_uring_cqe *)(u->cq + u->p.cq_off.cqes))[*head & (u->p.cq_entries - 1)];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

/* What one request that is prepared comes to. */
static inline int
uring_one(struct uring *u)
{
	struct io_uring_cqe cqe = { 0 };

	return uring_enter(u, 1, 1) || !uring_result(u, &cqe) ? -1 : cqe.res;
}

#endif
