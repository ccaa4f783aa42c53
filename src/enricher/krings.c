/* SPDX-License-Identifier: Apache-2.0 */
#include "enricher/krings.h"

#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>

#include "common/auto.h"

#define DATA_BYTES_MAX (1u << 30)

static int
map_ring(struct kring *r, int fd, size_t data_bytes)
{
	size_t page = (size_t)getpagesize();
	void *consumer, *producer;

	if (data_bytes < page || data_bytes > DATA_BYTES_MAX || (data_bytes & (data_bytes - 1)))
		return -EINVAL;
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	producer = mmap(NULL, page + 2 * data_bytes, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (producer == MAP_FAILED) {
		int err = -errno;

		munmap(consumer, page);
		return err;
	}
	r->consumer = consumer;
	r->producer = producer;
	r->data = (unsigned char *)producer + page;
	r->bytes = data_bytes;
	return 0;
}

static void
unmap_ring(struct kring *r)
{
	size_t page = (size_t)getpagesize();

	munmap(r->consumer, page);
	munmap((void *)r->producer, page + 2 * r->bytes);
	close(r->fd);
}

static int
more_room(struct krings *k)
{
	size_t room = k->room ? 2 * k->room : 16;
	void *r, *heap;

	if (k->n < k->room)
		return 0;
	r = reallocarray(k->r, room, sizeof(*k->r));
	if (!r)
		return -ENOMEM;
	k->r = r;
	heap = reallocarray(k->heap, room, sizeof(struct kring *));
	if (!heap)
		return -ENOMEM;
	k->heap = heap;
	k->room = room;
	return 0;
}

int
krings_add(struct krings *k, int take_fd, size_t data_bytes, uint32_t class_, uint32_t cpu,
	uint32_t map_id)
{
	struct kring *r;
	int err = more_room(k);

	if (err)
		return err;
	r = &k->r[k->n];
	*r = (struct kring){ .class_ = class_, .cpu = cpu, .map_id = map_id };
	err = map_ring(r, take_fd, data_bytes);
	if (err)
		return err;
	r->fd = take_fd;
	kring_reload(r);
	k->n++;
	k->n_heap = 0;
	return 0;
}

void
krings_free(struct krings *k)
{
	for (size_t i = 0; i < k->n; i++)
		unmap_ring(&k->r[i]);
	free(k->r);
	free(k->heap);
	*k = (struct krings){ 0 };
}

void
kring_reload(struct kring *r)
{
	r->pos = r->released = __atomic_load_n(r->consumer, __ATOMIC_RELAXED);
}

void
kring_skip(struct kring *r, uint64_t pos)
{
	uint64_t producer = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);

	if (pos > r->pos && pos <= producer && pos % 8 == 0) {
		r->pos = pos;
		kring_release(r);
	}
}

static void
damaged(struct krings *k, struct kring *r)
{
	k->damaged++;
	r->pos = r->snap;
}

enum look { NOTHING, RECORD, BUSY };

/* Looks at pos, over what the kernel side discarded. */
static enum look
look(struct krings *k, struct kring *r)
{
	r->rec = NULL;
	while (r->pos < r->snap) {
		const unsigned char *p = r->data + (r->pos & (r->bytes - 1));
		/* Pairs with the xchg in the kernel's bpf_ringbuf_commit(). */
		uint32_t word = __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE);
		uint64_t len = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		uint64_t span = (len + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;

		if (word & BPF_RINGBUF_BUSY_BIT)
			return BUSY;
		if (span > r->snap - r->pos) {
			damaged(k, r);
			return NOTHING;
		}
		if (word & BPF_RINGBUF_DISCARD_BIT) {
			k->discarded++;
			r->pos += span;
			continue;
		}
		if (len < sizeof(struct ev_hdr)) {
			k->damaged++;
			r->pos += span;
			continue;
		}
		r->rec = (const struct ev_hdr *)(p + BPF_RINGBUF_HDR_SZ);
		r->len = (uint32_t)len;
		r->span = (uint32_t)span;
		return RECORD;
	}
	return NOTHING;
}

static void
sift_down(struct krings *k, size_t i)
{
	struct kring *r = k->heap[i];

	for (;;) {
		size_t c = 2 * i + 1;

		if (c >= k->n_heap)
			break;
		if (c + 1 < k->n_heap && k->heap[c + 1]->rec->ts < k->heap[c]->rec->ts)
			c++;
		if (r->rec->ts <= k->heap[c]->rec->ts)
			break;
		k->heap[i] = k->heap[c];
		i = c;
	}
	k->heap[i] = r;
}

/* What a bulk ring is busy with waits for the next drain.  What a control ring is busy with may be
 * what others need: nothing goes past it. */
static void
is_busy(struct krings *k, const struct kring *r, uint64_t now_ns)
{
	if (r->class_ != EV_CONTROL)
		return;
	if (!k->held_since)
		k->held_since = now_ns ? now_ns : 1;
	k->held = now_ns - k->held_since < KRINGS_PATIENCE_NS;
}

static void
snapshot(struct krings *k, bool control)
{
	for (size_t i = 0; i < k->n; i++) {
		struct kring *r = &k->r[i];

		if ((r->class_ == EV_CONTROL) != control)
			continue;
		/* Pairs with the release in the kernel's __bpf_ringbuf_reserve(). */
		r->snap = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
		if (r->snap - r->pos <= r->bytes && r->snap % 8 == 0) {
			unsigned int fill = (unsigned int)((r->snap - r->pos) * 16 / r->bytes);

			k->fill = fill > k->fill ? fill : k->fill;
			continue;
		}
		k->damaged += r->snap != r->pos;
		r->pos = r->snap &= ~7ull;
	}
}

void
krings_begin(struct krings *k, uint64_t now_ns)
{
	bool busy = false;

	k->n_heap = 0;
	k->held = false;
	k->fill = 0;
	snapshot(k, false);
	/* The bulk rings' positions before the control rings': pairs with the order in which the
	 * kernel side sends information and the event that needs it. */
	__atomic_thread_fence(__ATOMIC_ACQ_REL);
	snapshot(k, true);
	for (size_t i = 0; i < k->n; i++) {
		struct kring *r = &k->r[i];
		enum look l = look(k, r);

		if (l == RECORD)
			k->heap[k->n_heap++] = r;
		if (l == BUSY) {
			is_busy(k, r, now_ns);
			busy |= r->class_ == EV_CONTROL;
		}
	}
	if (!busy)
		k->held_since = 0;
	for (size_t i = k->n_heap / 2; i-- > 0;)
		sift_down(k, i);
}

struct kring *
krings_next(struct krings *k)
{
	return k->n_heap && !k->held ? k->heap[0] : NULL;
}

void
krings_advance(struct krings *k, struct kring *r)
{
	enum look l;

	r->pos += r->span;
	l = look(k, r);
	if (l == RECORD) {
		if (k->n_heap > 1)
			sift_down(k, 0);
		return;
	}
	if (l == BUSY && r->class_ == EV_CONTROL)
		k->held = true;		/* for this drain; krings_begin() knows for how long */
	k->heap[0] = k->heap[--k->n_heap];
	if (k->n_heap > 1)
		sift_down(k, 0);
}

void
kring_release(struct kring *r)
{
	if (r->released == r->pos)
		return;
	r->released = r->pos;
	/* After the reads: pairs with the load in the kernel's __bpf_ringbuf_reserve(). */
	__atomic_store_n(r->consumer, r->pos, __ATOMIC_RELEASE);
}

bool
krings_waiting(const struct krings *k)
{
	for (size_t i = 0; i < k->n; i++)
		if (__atomic_load_n(k->r[i].producer, __ATOMIC_ACQUIRE) != k->r[i].pos)
			return true;
	return false;
}
