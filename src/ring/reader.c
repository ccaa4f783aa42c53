/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/mman.h>

#include "common/auto.h"
#include "ring/layout.h"

/* Bytes that later records share, so that they are fetched from the other processor once. */
#define KEPT	8			/* records that are shared from at a time; a power of two */
struct kept {
	uint64_t place;
	uint16_t off, len;		/* len 0: nothing */
	unsigned char bytes[RING_SHARED_MAX];
};

/* Nothing that is read from the ring is trusted: each word is loaded once and checked. */
struct ring_reader {
	const struct ring_head *h;
	const unsigned char *data;
	size_t bytes, mask;
	struct ring_cursor *c;
	struct ring_place at;
	uint64_t head;			/* as last looked at */
	unsigned char *copy;		/* of the record handed out last */
	struct ring_share in_copy;	/* what that shares, which is there already for the next one; len 0: nothing */
	size_t taken;
	struct kept kept[KEPT];
};

AUTO_DEFINE(ring_reader, struct ring_reader *, ring_close)

/* The newest position, or where we are when that makes no sense. */
static uint64_t
newest(struct ring_reader *r)
{
	uint64_t head = ring_load_acquire(&r->h->head);	/* pairs with the release in ring_commit() */

	r->head = head % 8 ? r->at.pos : head;
	return r->head;
}

/* True: the producer has begun to overwrite position pos.  To be asked after the bytes were read. */
static bool
torn(const struct ring_reader *r, uint64_t pos)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);	/* pairs with the release fence in ring_reserve() */
	return ring_load(&r->h->reserve) > pos + r->bytes;
}

/* The newest place with the number that the next record will have; without it when the producer
 * commits faster than we can look. */
static void
newest_place(struct ring_reader *r)
{
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t commit = ring_load_acquire(&r->h->commit);
		const struct ring_slot *s = &r->h->slot[commit & 1];
		uint64_t pos = ring_load(&s->head), seq = ring_load(&s->seq);

		/* A slot is not written to as long as it is in force. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (ring_load(&r->h->commit) != commit || newest(r) != pos)
			continue;
		r->at = (struct ring_place){ .pos = pos, .seq = pos ? seq : 1 };
		return;
	}
	r->at = (struct ring_place){ .pos = newest(r) };
}

/* A fresh cursor begins at the newest record; so does one that cannot be of this ring. */
static void
find_place(struct ring_reader *r)
{
	struct ring_cursor *c = r->c;

	r->at = c->place[ring_load(&c->done) & 1];
	if (c->magic == RING_CURSOR_PAUSED)
		ring_resume(r);
	else if (c->magic != RING_CURSOR_MAGIC || r->at.pos % 8 || r->at.pos > newest(r)) {
		memset(c, 0, sizeof(*c));
		r->at = (struct ring_place){ 0 };
		newest_place(r);
		ring_done(r);
		ring_store_release(&c->magic, RING_CURSOR_MAGIC);
	}
	ring_awake(r);
}

int
ring_open(int fd, int cursor_fd, struct ring_reader **out)
{
	AUTO(ring_reader) struct ring_reader *r = calloc(1, sizeof(*r));
	struct ring_head *h;
	uint64_t magic;
	void *cursor;
	int err;

	if (!r)
		return -ENOMEM;
	err = ring_map(fd, PROT_READ, &h, &r->bytes);
	if (err)
		return err;
	r->h = h;
	r->data = ring_data(h);
	r->mask = r->bytes - 1;
	/* A ring whose producer has not come yet is empty.  Pairs with the release in set_up(). */
	magic = ring_load_acquire(&h->magic);
	if (magic && (magic != RING_MAGIC || h->data_bytes != r->bytes))
		return -EINVAL;
	err = ring_cursor_map(cursor_fd, PROT_READ | PROT_WRITE, &cursor);
	if (err)
		return err;
	r->c = cursor;
	r->copy = malloc(r->bytes / 4);
	if (!r->copy)
		return -ENOMEM;
	find_place(r);
	*out = TAKE_PTR(r);
	return 0;
}

void
ring_close(struct ring_reader *r)
{
	if (!r)
		return;
	if (r->c)
		munmap(r->c, RING_CURSOR_BYTES);
	ring_unmap((struct ring_head *)r->h, r->bytes);
	free(r->copy);
	free(r);
}

/* To the oldest place where a record begins and that is not about to be overwritten as well. */
static void
skip_lapped(struct ring_reader *r)
{
	uint64_t head = newest(r), best = head;
	uint64_t safe = ring_load(&r->h->reserve) - r->bytes + r->bytes / 8;

	for (size_t i = 0; i < RING_MARKS; i++) {
		uint64_t m = ring_load(&r->h->mark[i]);

		if (m % 8 == 0 && m > r->at.pos && m >= safe && m < best)
			best = m;
	}
	r->at.pos = best;
}

/* False: no share that a record at our place can have. */
static bool
share_is_sound(const struct ring_reader *r, const struct ring_share *s, size_t own)
{
	size_t end = sizeof(struct ring_frame) + s->off + s->len;

	return s->place < r->at.pos && r->at.pos - s->place >= end && r->at.pos - s->place < r->bytes &&
		(s->place | s->off | s->len | s->at) % 8 == 0 && s->len && s->len <= RING_SHARED_MAX &&
		s->at <= own && own + s->len <= r->bytes / 4;
}

/* The bytes that are shared; NULL: they are being overwritten. */
static const unsigned char *
shared(struct ring_reader *r, const struct ring_share *s)
{
	struct kept *k = &r->kept[(uint32_t)(s->place / 8) * 0x9e3779b1u >> 29 & (KEPT - 1)];

	if (k->place == s->place && k->off == s->off && k->len == s->len)
		return k->bytes;
	k->len = 0;
	memcpy(k->bytes, r->data + (s->place & r->mask) + sizeof(struct ring_frame) + s->off, s->len);
	if (torn(r, s->place))
		return NULL;
	k->place = s->place;
	k->off = s->off;
	k->len = s->len;
	return k->bytes;
}

static inline bool
same_share(const struct ring_share *a, const struct ring_share *b)
{
	return a->place == b->place && a->off == b->off && a->len == b->len && a->at == b->at;
}

/* The record at our place, of f->len bytes at p, with what it shares put in.  As copy_record(). */
static size_t
copy_sharing(struct ring_reader *r, struct ring_frame *f, const unsigned char *p)
{
	size_t own = f->len, front = sizeof(*f) + sizeof(struct ring_share);
	const unsigned char *bytes;
	struct ring_share s;

	if (own + front > r->head - r->at.pos)
		return 0;
	memcpy(&s, p, sizeof(s));
	p += sizeof(s);
	if (!share_is_sound(r, &s, own))
		return 0;
	if (!same_share(&r->in_copy, &s)) {
		bytes = shared(r, &s);
		if (!bytes)
			return 0;
		memcpy(r->copy + s.at, bytes, s.len);
		r->in_copy = s;
	}
	memcpy(r->copy, p, s.at);
	memcpy(r->copy + s.at + s.len, p + s.at, own - s.at);
	f->len += s.len;
	return front + own;
}

/* Copies the record at our place; f->len becomes its length.  0: there is none that can be believed.  A
 * frame without one (RING_SKIP) is as long as all that lies between it and the next. */
static size_t
copy_record(struct ring_reader *r, struct ring_frame *f)
{
	const unsigned char *p = r->data + (r->at.pos & r->mask);
	uint64_t rest = r->mask + 1 - (r->at.pos & r->mask);

	memcpy(f, p, sizeof(*f));
	if (f->len == RING_SKIP)
		return rest < r->head - r->at.pos ? rest : 0;
	if (f->len % 8 || f->len > r->bytes / 4 || f->len + sizeof(*f) > r->head - r->at.pos || f->shares > 1)
		return 0;
	if (f->shares)
		return copy_sharing(r, f, p + sizeof(*f));
	r->in_copy.len = 0;
	memcpy(r->copy, p + sizeof(*f), f->len);
	return sizeof(*f) + f->len;
}

int
ring_next(struct ring_reader *r, const void **rec, size_t *len)
{
	for (;;) {
		struct ring_frame f;
		size_t n;

		if (r->at.pos == r->head && newest(r) == r->at.pos)
			return 0;
		if (r->head < r->at.pos) {
			r->at.pos = r->head;	/* another ring than it was */
			memset(r->kept, 0, sizeof(r->kept));
			r->in_copy.len = 0;
			return 0;
		}
		n = r->head - r->at.pos <= r->bytes ? copy_record(r, &f) : 0;
		if (!n || torn(r, r->at.pos)) {
			skip_lapped(r);
			continue;
		}
		if (f.len == RING_SKIP) {
			r->at.pos += n;
			continue;
		}
		if (r->at.seq && f.seq > r->at.seq)
			r->at.missed += f.seq - r->at.seq;
		r->at.seq = f.seq + 1;
		r->at.pos += n;
		r->taken = n;
		*rec = r->copy;
		*len = f.len;
		return 1;
	}
}

void
ring_done(struct ring_reader *r)
{
	uint64_t done = ring_load(&r->c->done) + 1;

	r->c->place[done & 1] = r->at;
	ring_store_release(&r->c->done, done);	/* pairs with the acquire in ring_backlog() */
}

size_t
ring_taken(const struct ring_reader *r)
{
	return r->taken;
}

uint64_t *
ring_scratch(struct ring_reader *r)
{
	return r->c->scratch;
}

uint64_t
ring_missed(const struct ring_reader *r)
{
	return r->at.missed;
}

bool
ring_sleep(struct ring_reader *r)
{
	ring_store(&r->c->sleep, ring_load(&r->c->sleep) | 1);
	/* The sleep word before the head: pairs with the fence in ring_commit(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (newest(r) == r->at.pos)
		return true;
	ring_awake(r);
	return false;
}

void
ring_awake(struct ring_reader *r)
{
	/* A new even number: the next sleep is another one to the producer. */
	ring_store(&r->c->sleep, (ring_load(&r->c->sleep) | 1) + 1);
}

void
ring_pause(struct ring_reader *r)
{
	ring_awake(r);
	ring_store_release(&r->c->magic, RING_CURSOR_PAUSED);	/* ring_backlog() looks at it */
}

void
ring_resume(struct ring_reader *r)
{
	uint64_t missed = r->at.missed;

	newest_place(r);
	r->at.missed = missed;
	ring_done(r);
	ring_store_release(&r->c->magic, RING_CURSOR_MAGIC);
}
