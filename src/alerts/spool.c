/* SPDX-License-Identifier: Apache-2.0 */
#include "alerts/spool.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/queue.h"
#include "common/auto.h"
#include "common/io.h"

#define HEAD_BYTES	4096
#define STATE_STEP	2048		/* the states lie in different sectors */
#define STATE_MAGIC	0x316c6f6f70736662ull	/* "bfspool1" */
#define REC_MAGIC	0x3163657266627066ull
#define NUMBER_MOST	(UINT64_MAX / 2)

/* Of the two states the one with the higher generation counts; the other is written next. */
struct state {
	uint64_t magic, generation, id;
	uint64_t room;			/* bytes that go round; the file may have grown since */
	uint64_t head, number;		/* the oldest record's position and number */
	uint64_t next, count;		/* when this was written: number after the newest, records */
	uint64_t epoch, seq;		/* of the newest that was released */
	uint64_t sum;			/* of all above */
};

/* In front of a record's bytes.  Positions only grow, the byte of p is at HEAD_BYTES + p % room. */
struct frame {
	uint64_t magic;
	struct spool_rec rec;
	uint64_t sum;			/* of rec and the bytes */
};
_Static_assert(sizeof(struct frame) == 64, "no holes: all of it is summed and written");

struct spool {
	int fd;
	uint64_t file_room;
	struct state st;
	uint64_t tail;			/* where the next record goes */
	uint64_t next, count;		/* its number; records before it */
};

AUTO_DEFINE(spool, struct spool *, spool_free)

/* FNV-1a over words: torn and old bytes are what it is against. */
static uint64_t
sum(uint64_t h, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return h;
}
#define SUM_BEGIN 0xcbf29ce484222325ull

static uint64_t
frame_sum(const struct spool_rec *rec, const void *bytes)
{
	return sum(sum(SUM_BEGIN, rec, sizeof(*rec)), bytes, rec->len);
}

static uint64_t
frame_bytes(uint32_t len)
{
	return (sizeof(struct frame) + len + 7) & ~7ull;
}

/* ---- the file ---- */

/* What goes over the end goes on at the beginning. */
static size_t
before_end(const struct spool *s, uint64_t pos, size_t len)
{
	uint64_t left = s->st.room - pos % s->st.room;

	return len < left ? len : (size_t)left;
}

static int
write_round(const struct spool *s, const void *bytes, size_t len, uint64_t pos)
{
	size_t first = before_end(s, pos, len);
	int err = io_write_at(s->fd, bytes, first, HEAD_BYTES + pos % s->st.room);

	return err || first == len ? err :
		io_write_at(s->fd, (const char *)bytes + first, len - first, HEAD_BYTES);
}

static int
read_round(const struct spool *s, void *bytes, size_t len, uint64_t pos)
{
	size_t first = before_end(s, pos, len);
	int err = io_read_at(s->fd, bytes, first, HEAD_BYTES + pos % s->st.room);

	return err || first == len ? err : io_read_at(s->fd, (char *)bytes + first, len - first, HEAD_BYTES);
}

/* ---- the state ---- */

static uint64_t
state_sum(const struct state *st)
{
	return sum(SUM_BEGIN, st, offsetof(struct state, sum));
}

static bool
state_ok(const struct spool *s, const struct state *st)
{
	return st->magic == STATE_MAGIC && st->sum == state_sum(st) && st->room % 8 == 0 && st->head % 8 == 0 &&
		st->room >= QUEUE_SPOOL_MIN - HEAD_BYTES && st->room <= s->file_room &&
		st->head < UINT64_MAX / 2 && st->number && st->number <= st->next && st->next < NUMBER_MOST;
}

static int
state_write(struct spool *s)
{
	s->st.generation++;
	s->st.next = s->next;
	s->st.count = s->count;
	s->st.sum = state_sum(&s->st);
	return io_write_at(s->fd, &s->st, sizeof(s->st), s->st.generation % 2 * STATE_STEP);
}

/* Where both are bad, what lies at the beginning is found all the same: rather twice than never. */
static int
state_read(struct spool *s, uint64_t random, uint64_t *damaged)
{
	struct state st[2], none;
	bool fresh = true;
	int err = 0;

	memset(&none, 0, sizeof(none));
	for (int i = 0; i < 2 && !err; i++)
		err = io_read_at(s->fd, &st[i], sizeof(st[i]), (uint64_t)i * STATE_STEP);
	if (err)
		return err;
	for (int i = 0; i < 2; i++) {
		if (!state_ok(s, &st[i]) || (!fresh && st[i].generation < s->st.generation))
			continue;
		s->st = st[i];
		fresh = false;
	}
	if (!fresh)
		return 0;
	if (memcmp(&st[0], &none, sizeof(none)) != 0 || memcmp(&st[1], &none, sizeof(none)) != 0)
		(*damaged)++;
	s->st = (struct state){ .magic = STATE_MAGIC, .id = random ? random : 1, .room = s->file_room,
		.number = 1 };
	s->next = 1;
	return state_write(s);
}

/* ---- what is there ---- */

/* 1: a record that is whole and the one that comes next; 0: none; -errno. */
static int
look(const struct spool *s, struct frame *f, void *buf)
{
	uint64_t used = s->tail - s->st.head;
	int err;

	if (s->st.room - used < sizeof(*f))
		return 0;
	err = read_round(s, f, sizeof(*f), s->tail);
	if (err)
		return err;
	/* What was there when the file went round before has a lower number. */
	if (f->magic != REC_MAGIC || f->rec.number < s->next || f->rec.number > NUMBER_MOST || f->rec.len > QUEUE_ITEM_MAX ||
	    frame_bytes(f->rec.len) > s->st.room - used)
		return 0;
	err = read_round(s, buf, f->rec.len, s->tail + sizeof(*f));
	return err ? err : f->sum == frame_sum(&f->rec, buf);
}

static int
scan(struct spool *s, spool_found_fn *found, void *arg, uint64_t *damaged)
{
	AUTO(mem) void *buf = malloc(QUEUE_ITEM_MAX);
	struct frame f;
	int got;

	if (!buf)
		return -ENOMEM;
	s->tail = s->st.head;
	s->next = s->st.number;
	while ((got = look(s, &f, buf)) == 1) {
		int err = found(arg, &f.rec, s->tail);

		if (err)
			return err;
		s->tail += frame_bytes(f.rec.len);
		s->next = f.rec.number + 1;
		s->count++;
	}
	if (got < 0)
		return got;
	/* No number is used again: what lies behind the damage must not look like something new. */
	if (s->next < s->st.next)
		s->next = s->st.next;
	if (s->count >= s->st.count)
		return 0;
	*damaged += s->st.count - s->count;
	return state_write(s);
}

/* Nothing is in it: it may be as large as the file is by now. */
static int
begin_again(struct spool *s)
{
	s->st.room = s->file_room;
	s->st.head = s->tail = 0;
	s->st.number = s->next;
	s->count = 0;
	return state_write(s);
}

int
spool_open(int fd, uint64_t random, spool_found_fn *found, void *arg, uint64_t *damaged,
	struct spool **out)
{
	AUTO(spool) struct spool *s = calloc(1, sizeof(*s));
	struct stat st;
	int err;

	if (!s)
		return -ENOMEM;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < QUEUE_SPOOL_MIN || st.st_size % 4096)
		return -EINVAL;
	s->fd = fd;
	s->file_room = (uint64_t)st.st_size - HEAD_BYTES;
	*damaged = 0;
	err = state_read(s, random, damaged);
	if (!err)
		err = scan(s, found, arg, damaged);
	if (!err && s->tail == s->st.head && s->st.head)
		err = begin_again(s);
	if (err)
		return err;
	*out = TAKE_PTR(s);
	return 0;
}

void
spool_free(struct spool *s)
{
	free(s);
}

/* ---- records ---- */

int
spool_append(struct spool *s, struct spool_rec *rec, const void *bytes, uint64_t *pos)
{
	struct frame f = { .magic = REC_MAGIC };
	uint64_t need = frame_bytes(rec->len);
	int err;

	if (rec->len > QUEUE_ITEM_MAX || need > s->st.room)
		return -EMSGSIZE;
	if (need > s->st.room - (s->tail - s->st.head))
		return -ENOSPC;
	rec->number = s->next;
	rec->reserved = 0;
	f.rec = *rec;
	f.sum = frame_sum(rec, bytes);
	/* The frame last: it is what tells that the bytes are there. */
	err = write_round(s, bytes, rec->len, s->tail + sizeof(f));
	if (!err)
		err = write_round(s, &f, sizeof(f), s->tail);
	if (err)
		return err;
	*pos = s->tail;
	s->tail += need;
	s->next++;
	s->count++;
	return 0;
}

int
spool_read(const struct spool *s, const struct spool_rec *rec, uint64_t pos, void *out)
{
	struct frame f;
	int err = read_round(s, &f, sizeof(f), pos);

	if (!err)
		err = read_round(s, out, rec->len, pos + sizeof(f));
	if (err)
		return err;
	return f.magic != REC_MAGIC || memcmp(&f.rec, rec, sizeof(*rec)) != 0 || f.sum != frame_sum(rec, out) ?
		-EBADMSG : 0;
}

int
spool_release(struct spool *s, size_t n, const struct spool_rec *oldest, uint64_t pos,
	const struct spool_rec *last)
{
	s->count -= n;
	s->st.epoch = last->epoch;
	s->st.seq = last->seq;
	if (!oldest)
		return begin_again(s);
	s->st.head = pos;
	s->st.number = oldest->number;
	return state_write(s);
}

void
spool_last(const struct spool *s, uint64_t *epoch, uint64_t *seq)
{
	*epoch = s->st.epoch;
	*seq = s->st.seq;
}

uint64_t
spool_id(const struct spool *s)
{
	return s->st.id;
}

uint64_t
spool_used(const struct spool *s)
{
	return s->tail - s->st.head;
}

uint64_t
spool_room(const struct spool *s)
{
	return s->st.room;
}
