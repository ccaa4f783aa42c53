/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#include "common/auto.h"
#include "ring/layout.h"

#define WATCHES_MAX	64

struct watch {
	const struct ring_cursor *cursor;
	int event_fd;
	uint64_t woken;			/* value of its sleep word that was answered */
};

struct ring {
	struct ring_head *h;
	unsigned char *data;
	size_t bytes, mask;
	uint64_t commit;
	uint64_t head, seq;		/* of the next record, not yet committed */
	uint64_t committed;		/* head of the last commit */
	uint64_t from;			/* where the batch that is not yet committed begins */
	uint64_t skipped, skip_to;	/* bytes without a record, last time, and where they end */
	size_t low;			/* 0: go on to the end of the data */
	uint64_t reserve;		/* published */
	size_t step;			/* by which reserve grows, so that its line stays with its readers */
	size_t pending;			/* frame and record between ring_reserve() and ring_push() */
	/* Sources that differ from the slot that is prepared: those of this commit, from 0, and
	 * those of the commit before, which that slot has not seen. */
	uint64_t source[RING_SOURCES_MAX];
	uint64_t changed_in[RING_SOURCES_MAX];	/* number of the commit that it is listed for */
	uint16_t changed[2][RING_SOURCES_MAX];
	size_t n_changed[2];		/* by number of the commit & 1 */
	struct watch watches[WATCHES_MAX];
	size_t n_watches;
};

AUTO_DEFINE(ring, struct ring *, ring_free)

/* A predecessor that was killed may have written marks for records that were never committed. */
static void
drop_marks(struct ring *r)
{
	for (size_t i = 0; i < RING_MARKS; i++)
		if (r->h->mark[i] >= r->head)
			ring_store(&r->h->mark[i], 0);
}

static void
publish_reserve(struct ring *r, uint64_t end)
{
	if (end <= r->reserve)
		return;
	r->reserve = end + r->step;
	ring_store(&r->h->reserve, r->reserve);
	/* Before the bytes: pairs with the acquire fence in reader.c:torn(). */
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

/* To the beginning of the data.  All that would be overwritten sooner than otherwise has been read. */
static void
go_low(struct ring *r)
{
	struct ring_frame *f = (struct ring_frame *)(r->data + (r->head & r->mask));
	uint64_t to = (r->head | r->mask) + 1;

	publish_reserve(r, to);
	*f = (struct ring_frame){ .len = RING_SKIP };
	r->skipped = to - r->head;
	r->head = r->from = r->skip_to = to;
}

/* Goes on where the last commit ended. */
static int
take_over(struct ring *r)
{
	struct ring_head *h = r->h;
	struct ring_slot *now;

	if (h->magic != RING_MAGIC || h->data_bytes != r->bytes)
		return -EINVAL;
	r->commit = ring_load_acquire(&h->commit);
	now = &h->slot[r->commit & 1];
	r->head = r->committed = r->from = now->head;
	r->seq = now->seq;
	r->reserve = h->reserve;
	if (r->head % 8 || !r->seq || r->reserve < r->head || r->reserve - r->head > 2 * r->bytes)
		return -EINVAL;
	h->slot[(r->commit + 1) & 1] = *now;
	memcpy(r->source, now->source, sizeof(r->source));
	drop_marks(r);
	ring_store_release(&h->head, r->head);	/* as in ring_commit() */
	/* A predecessor was killed behind a go_low() that no commit has told of. */
	if (r->reserve - r->head > r->bytes)
		go_low(r);
	return 0;
}

static void
set_up(struct ring *r)
{
	r->h->data_bytes = r->bytes;
	r->h->slot[0].seq = 1;
	ring_store_release(&r->h->magic, RING_MAGIC);	/* pairs with the acquire in ring_open() */
}

int
ring_new(int fd, size_t data_bytes, struct ring **out)
{
	AUTO(ring) struct ring *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	err = ring_map(fd, PROT_READ | PROT_WRITE, &r->h, &r->bytes);
	if (err)
		return err;
	if (r->bytes != data_bytes)
		return -EINVAL;
	r->mask = r->bytes - 1;
	r->data = ring_data(r->h);
	r->step = r->bytes / RING_MARKS < 16384 ? r->bytes / RING_MARKS : 16384;
	if (!r->h->magic)
		set_up(r);
	err = take_over(r);
	if (err)
		return err;
	*out = TAKE_PTR(r);
	return 0;
}

void
ring_free(struct ring *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_watches; i++)
		munmap((void *)r->watches[i].cursor, RING_CURSOR_BYTES);
	ring_unmap(r->h, r->bytes);
	free(r);
}

size_t
ring_backlog(const struct ring *r)
{
	uint64_t most = 0;

	for (size_t i = 0; i < r->n_watches; i++) {
		const struct ring_cursor *c = r->watches[i].cursor;
		uint64_t pos = ring_load(&c->place[ring_load_acquire(&c->done) & 1].pos), behind;

		if (ring_load(&c->magic) != RING_CURSOR_MAGIC || pos > r->committed)
			continue;
		behind = r->committed - pos;
		if (pos < r->skip_to && r->committed >= r->skip_to)
			behind -= r->skipped < behind ? r->skipped : behind;
		if (behind > most)
			most = behind;
	}
	return most < r->bytes ? (size_t)most : r->bytes;
}

void
ring_stay_low(struct ring *r, size_t low_bytes)
{
	r->low = low_bytes;
}

uint64_t
ring_place(struct ring *r)
{
	assert(!r->pending);
	if (r->low && r->head == r->committed && (r->head & r->mask) >= r->low && ring_backlog(r) == 0)
		go_low(r);
	return r->head;
}

bool
ring_in_reach(const struct ring *r, uint64_t place)
{
	return r->head - place <= r->bytes / 4;
}

uint64_t
ring_reserve_sharing(struct ring *r, size_t len, const struct ring_share *with, void **out)
{
	struct ring_frame *f = (struct ring_frame *)(r->data + (r->head & r->mask));
	size_t front = sizeof(*f) + (with ? sizeof(*with) : 0), all = len + (with ? with->len : 0);
	uint64_t end = r->head + front + len;

	assert(!r->pending && len % 8 == 0 && all <= r->bytes / 4);
	assert(end - r->from <= r->bytes / 2);
	if (with) {
		assert(with->place < r->head && ring_in_reach(r, with->place) && with->at <= len);
		assert((with->off | with->len | with->at) % 8 == 0 && with->len <= RING_SHARED_MAX);
	}
	publish_reserve(r, end);
	r->pending = front + len;
	*f = (struct ring_frame){ .len = (uint32_t)len, .shares = with != NULL, .seq = r->seq };
	if (with)
		*(struct ring_share *)(f + 1) = *with;
	*out = (unsigned char *)f + front;
	return r->seq;
}

uint64_t
ring_reserve(struct ring *r, size_t len, void **out)
{
	ring_place(r);
	return ring_reserve_sharing(r, len, NULL, out);
}

void
ring_push(struct ring *r)
{
	uint64_t *mark = &r->h->mark[ring_mark_of(r->head, r->bytes)];

	assert(r->pending);
	if (r->head - ring_load(mark) >= r->bytes / RING_MARKS)
		ring_store(mark, r->head);
	r->head += r->pending;
	r->pending = 0;
	r->seq++;
}

void
ring_source_set(struct ring *r, unsigned int i, uint64_t pos)
{
	uint64_t next = r->commit + 1;

	assert(i < RING_SOURCES_MAX);
	r->source[i] = pos;
	if (r->changed_in[i] == next)
		return;
	r->changed_in[i] = next;
	r->changed[next & 1][r->n_changed[next & 1]++] = (uint16_t)i;
}

uint64_t
ring_source(const struct ring *r, unsigned int i)
{
	assert(i < RING_SOURCES_MAX);
	return r->h->slot[r->commit & 1].source[i];
}

static void
copy_changed(const struct ring *r, struct ring_slot *to, unsigned int list)
{
	for (size_t k = 0; k < r->n_changed[list]; k++)
		to->source[r->changed[list][k]] = r->source[r->changed[list][k]];
}

static void
wake(struct watch *w)
{
	uint64_t sleep = ring_load(&w->cursor->sleep);

	if (!(sleep & 1) || sleep == w->woken)
		return;
	w->woken = sleep;
	/* EAGAIN: the counter is full, so it wakes all the same. */
	(void)!write(w->event_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

void
ring_commit(struct ring *r)
{
	struct ring_head *h = r->h;
	uint64_t next = r->commit + 1;
	struct ring_slot *slot = &h->slot[next & 1];

	assert(!r->pending);
	copy_changed(r, slot, r->commit & 1);
	copy_changed(r, slot, next & 1);
	slot->head = r->head;
	slot->seq = r->seq;
	/* The commit: pairs with the acquire in take_over() of a successor. */
	ring_store_release(&h->commit, next);
	r->commit = next;
	r->n_changed[(next + 1) & 1] = 0;
	if (r->head == r->committed)
		return;
	r->committed = r->from = r->head;
	ring_store_release(&h->head, r->head);	/* pairs with the acquire in reader.c:newest() */
	/* The head before the sleep words: pairs with the fence in ring_sleep(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (size_t i = 0; i < r->n_watches; i++)
		wake(&r->watches[i]);
}

int
ring_watch(struct ring *r, int cursor_fd, int event_fd)
{
	struct watch *w = &r->watches[r->n_watches];
	void *p;
	int err;

	if (r->n_watches == WATCHES_MAX)
		return -ENOSPC;
	err = ring_cursor_map(cursor_fd, PROT_READ, &p);
	if (err)
		return err;
	*w = (struct watch){ .cursor = p, .event_fd = event_fd };
	r->n_watches++;
	/* A predecessor may have been killed between a commit and this. */
	wake(w);
	return 0;
}

bool
ring_watched(const struct ring *r, size_t i, struct ring_watched *out)
{
	const struct ring_cursor *c = i < r->n_watches ? r->watches[i].cursor : NULL;
	const struct ring_place *at;
	uint64_t seq;

	if (!c || ring_load(&c->magic) != RING_CURSOR_MAGIC)
		return false;
	at = &c->place[ring_load_acquire(&c->done) & 1];
	seq = ring_load(&at->seq);
	*out = (struct ring_watched){ .missed = ring_load(&at->missed), .scratch = c->scratch,
		.behind = seq && seq < r->seq ? r->seq - seq : 0 };
	return true;
}
