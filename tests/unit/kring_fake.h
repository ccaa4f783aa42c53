/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_KRING_FAKE_H
#define BPFD_TESTS_KRING_FAKE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/event.h"
#include "bpf/open.h"

/*
 * A memfd that lies as a BPF ring buffer does: a page of the consumer's, a page of the producer's,
 * the data and its second view.  No kernel makes the second view here, so each byte is written
 * twice.
 */
struct fake_ring {
	int fd;
	size_t bytes, page;
	uint64_t *consumer, *producer;
	unsigned char *data;
	uint64_t head;
};

static inline struct fake_ring
fake_ring_make(size_t bytes)
{
	struct fake_ring r = { .bytes = bytes, .page = (size_t)getpagesize() };
	unsigned char *p;

	r.fd = memfd_create("fake-ring", MFD_CLOEXEC);
	if (r.fd < 0 || ftruncate(r.fd, (off_t)(2 * r.page + 2 * bytes)) < 0)
		abort();
	p = mmap(NULL, 2 * r.page + 2 * bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r.fd, 0);
	if (p == MAP_FAILED)
		abort();
	r.consumer = (uint64_t *)p;
	r.producer = (uint64_t *)(p + r.page);
	r.data = p + 2 * r.page;
	return r;
}

static inline void
fake_ring_drop(struct fake_ring *r)
{
	munmap(r->consumer, 2 * r->page + 2 * r->bytes);
	close(r->fd);
}

static inline void
fake_ring_write(struct fake_ring *r, uint64_t pos, const void *from, size_t len)
{
	const unsigned char *p = from;
	uint64_t at = pos & (r->bytes - 1);
	size_t first = len < r->bytes - at ? len : r->bytes - at;

	memcpy(r->data + at, p, len);		/* may reach into the second view */
	if (at + len <= r->bytes)
		memcpy(r->data + r->bytes + at, p, len);
	else
		memcpy(r->data, p + first, len - first);
}

static inline void
fake_ring_word(struct fake_ring *r, uint64_t pos, uint32_t word)
{
	uint64_t at = pos & (r->bytes - 1);

	__atomic_store_n((uint32_t *)(r->data + at), word, __ATOMIC_RELEASE);
	__atomic_store_n((uint32_t *)(r->data + r->bytes + at), word, __ATOMIC_RELEASE);
}

/* bits: BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT.  False: full.  *pos: of the record. */
static inline bool
fake_ring_put(struct fake_ring *r, const void *rec, size_t len, uint32_t bits, uint64_t *pos)
{
	size_t span = (len + BPF_RINGBUF_HDR_SZ + 7) & ~(size_t)7;

	if (r->head + span - __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE) > r->bytes)
		return false;
	fake_ring_write(r, r->head + BPF_RINGBUF_HDR_SZ, rec, len);
	fake_ring_word(r, r->head, (uint32_t)len | bits);
	if (pos)
		*pos = r->head;
	r->head += span;
	__atomic_store_n(r->producer, r->head, __ATOMIC_RELEASE);
	return true;
}

/* ---- records; the room is the caller's, at least FAKE_MAX ---- */
#define FAKE_MAX 16384

static inline struct ev_str
fake_str(void *rec, const char *s, size_t len)
{
	struct ev_hdr *h = rec;
	struct ev_str ref = { (__u16)h->len, (__u16)len };

	memcpy((char *)rec + h->len, s, len);
	h->len += (__u32)len;
	return ref;
}

static inline size_t
fake_end(void *rec)
{
	struct ev_hdr *h = rec;

	while (h->len % 8)
		((char *)rec)[h->len++] = 0;
	return h->len;
}

static inline size_t
fake_open(void *room, uint64_t ts, uint32_t tgid, const char *path)
{
	struct ev_open *e = room;

	memset(e, 0, sizeof(*e));
	e->h = (struct ev_hdr){ .len = sizeof(*e), .tracer = TR_OPEN, .event = OPEN_OPEN, .ts = ts,
		.start = 1000 + tgid, .tgid = tgid, .tid = tgid, .ppid = 1, .mntns = 4026531841u,
		.cgroup = 1, .comm = "fake" };
	e->path = fake_str(e, path, strlen(path));
	return fake_end(e);
}

static inline size_t
fake_proc(void *room, uint64_t ts, uint32_t tgid, uint32_t exec_id, const char *exe, const char *args,
	size_t args_len)
{
	struct ev_proc_info *e = room;

	memset(e, 0, sizeof(*e));
	e->h = (struct ev_hdr){ .len = sizeof(*e), .tracer = TR_NONE, .event = EV_PROC_INFO, .ts = ts,
		.start = 1000 + tgid, .tgid = tgid, .tid = tgid, .exec_id = exec_id,
		.mntns = 4026531841u, .cgroup = 1, .comm = "fake" };
	e->pidns = 0xeffffffcu;
	e->exe_ino = 77;
	memcpy(e->pcomm, "init", 5);
	e->exe = fake_str(e, exe, strlen(exe));
	e->cwd = fake_str(e, "/", 1);
	e->args = fake_str(e, args, args_len);
	return fake_end(e);
}

static inline size_t
fake_gone(void *room, uint64_t ts, uint32_t tgid, uint32_t exec_id)
{
	struct ev_hdr *h = room;

	*h = (struct ev_hdr){ .len = sizeof(*h), .tracer = TR_NONE, .event = EV_PROC_GONE, .ts = ts,
		.start = 1000 + tgid, .tgid = tgid, .exec_id = exec_id };
	return h->len;
}

static inline size_t
fake_cgroup(void *room, uint64_t ts, uint64_t id, uint32_t hierarchy, const char *path)
{
	struct ev_cgroup_info *e = room;

	memset(e, 0, sizeof(*e));
	e->h = (struct ev_hdr){ .len = sizeof(*e), .tracer = TR_NONE, .event = EV_CGROUP_INFO, .ts = ts };
	e->id = id;
	e->hierarchy = hierarchy;
	e->path = fake_str(e, path, strlen(path));
	return fake_end(e);
}

#endif
