/* SPDX-License-Identifier: Apache-2.0 */
#include "alerts/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rate.h"
#include "alerts/spool.h"
#include "common/auto.h"

#define BATCH_BYTES	(1 << 20)
#define RETRY_AFTER_MOST 3600000000000ull

struct entry {
	struct spool_rec rec;
	uint64_t pos;
	uint64_t due_ns;
	bool late;			/* over its key's rate: does not ask for a message by itself */
};

struct queue {
	struct queue_limits l;
	struct spool *spool;
	struct entry *entries;		/* ring of room, oldest at head */
	size_t room, head, n, n_prompt;
	uint64_t first_due_ns;		/* of all */
	size_t taken;			/* items of the message that is under way */
	uint32_t batch;			/* items of the next message, while a refused one is looked for */
	size_t again;			/* items of a message that failed and is tried again; 0: none */
	uint32_t tries;			/* of the oldest */
	uint64_t last_epoch, last_seq;	/* of the newest that was ever put */
	uint64_t random;
	struct rate rate;
	struct rate_keys keys;
	struct queue_stats stats;
	char *buf;			/* what was taken */
};

AUTO_DEFINE(queue, struct queue *, queue_free)

static struct entry *
at(const struct queue *q, size_t i)
{
	return &q->entries[(q->head + i) % q->room];
}

/* xorshift64* */
static uint64_t
random_below(struct queue *q, uint64_t n)
{
	q->random ^= q->random >> 12;
	q->random ^= q->random << 25;
	q->random ^= q->random >> 27;
	return n ? q->random * 0x2545f4914f6cdd1dull % n : 0;
}

/* ---- what waits ---- */

/* Whether an item of the key asks for a message now, or waits for the digest. */
static bool
prompt(struct queue *q, uint64_t key, uint64_t now_ns)
{
	struct rate *r;

	if (!q->l.digest_ns)
		return true;
	if (!q->l.key_rate)
		return false;
	r = rate_of_key(&q->keys, key);
	if (rate_at(r, q->l.key_rate, q->l.key_ns) > now_ns)
		return false;
	rate_use(r, q->l.key_rate, q->l.key_ns, now_ns);
	return true;
}

static void
add(struct queue *q, const struct entry *e)
{
	if (!q->n || e->due_ns < q->first_due_ns)
		q->first_due_ns = e->due_ns;
	*at(q, q->n++) = *e;
	q->n_prompt += !e->late;
	q->stats.bytes = spool_used(q->spool);
	q->last_epoch = e->rec.epoch;
	q->last_seq = e->rec.seq;
}

/* The oldest n leave. */
static void
drop(struct queue *q, size_t n)
{
	struct spool_rec last;

	if (!n)
		return;
	last = at(q, n - 1)->rec;
	for (size_t i = 0; i < n; i++)
		q->n_prompt -= !at(q, i)->late;
	q->head = (q->head + n) % q->room;
	q->n -= n;
	q->tries = 0;
	q->first_due_ns = UINT64_MAX;
	for (size_t i = 0; i < q->n; i++)
		if (at(q, i)->due_ns < q->first_due_ns)
			q->first_due_ns = at(q, i)->due_ns;
	/* What the file does not learn is sent again after a restart; nothing is lost. */
	if (spool_release(q->spool, n, q->n ? &at(q, 0)->rec : NULL, q->n ? at(q, 0)->pos : 0, &last) < 0)
		q->stats.io_errors++;
	q->stats.bytes = spool_used(q->spool);
}

/* Items are in the order in which they came, so the old ones are in front. */
static void
expire(struct queue *q, uint64_t wall_s)
{
	size_t n = 0;

	while (q->l.max_age_s && n < q->n && wall_s > at(q, n)->rec.wall_s &&
	    wall_s - at(q, n)->rec.wall_s > q->l.max_age_s)
		n++;
	q->stats.expired += n;
	drop(q, n);
}

/* ---- start ---- */

struct opening { struct queue *q; uint64_t now_ns; };

static int
found(void *arg, const struct spool_rec *rec, uint64_t pos)
{
	struct opening *o = arg;
	struct queue *q = o->q;

	if (q->n == q->room) {
		size_t room = q->room * 2;
		struct entry *more = reallocarray(q->entries, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		q->entries = more;	/* nothing has left yet: the oldest is the first */
		q->room = room;
	}
	/* Whoever put it there has waited long enough for others. */
	*at(q, q->n++) = (struct entry){ .rec = *rec, .pos = pos, .due_ns = o->now_ns };
	q->n_prompt++;
	q->last_epoch = rec->epoch;
	q->last_seq = rec->seq;
	return 0;
}

static int
check(const struct queue_limits *l)
{
	return !l->entries || !l->batch || (l->rate && !l->rate_ns) || (l->key_rate && !l->key_ns) ||
		l->entries > SIZE_MAX / 2 / sizeof(struct entry) ? -EINVAL : 0;
}

static int
fill(struct queue *q, int spool_fd, uint64_t seed, uint64_t now_ns)
{
	struct opening o = { .q = q, .now_ns = now_ns };
	uint64_t epoch, seq;
	int err = spool_open(spool_fd, seed, found, &o, &q->stats.damaged, &q->spool);

	if (err)
		return err;
	if (!q->n) {
		spool_last(q->spool, &epoch, &seq);
		q->last_epoch = epoch;
		q->last_seq = seq;
	}
	q->first_due_ns = q->n ? now_ns : UINT64_MAX;
	q->stats.bytes = spool_used(q->spool);
	return 0;
}

int
queue_open(const struct queue_limits *l, int spool_fd, uint64_t seed, uint64_t now_ns,
	uint64_t wall_s, struct queue **out)
{
	AUTO(queue) struct queue *q = calloc(1, sizeof(*q));
	int err = check(l);

	if (err || !q)
		return err ? err : -ENOMEM;
	q->l = *l;
	if (!q->l.batch_bytes)
		q->l.batch_bytes = BATCH_BYTES;
	q->batch = l->batch;
	q->random = seed ? seed : 1;
	q->room = l->entries;
	q->buf = malloc(q->l.batch_bytes > QUEUE_ITEM_MAX ? q->l.batch_bytes : QUEUE_ITEM_MAX);
	q->entries = calloc(q->room, sizeof(*q->entries));
	if (!q->buf || !q->entries)
		return -ENOMEM;
	err = fill(q, spool_fd, seed, now_ns);
	if (err)
		return err;
	expire(q, wall_s);
	*out = TAKE_PTR(q);
	return 0;
}

void
queue_free(struct queue *q)
{
	if (!q)
		return;
	spool_free(q->spool);
	free(q->entries);
	free(q->buf);
	free(q);
}

/* ---- in ---- */

int
queue_put(struct queue *q, const struct queue_item *item, uint64_t now_ns)
{
	struct entry e = { .rec = { .epoch = item->epoch, .seq = item->seq, .key = item->key,
		.wall_s = item->wall_s } };
	int err;

	if (item->epoch == q->last_epoch && item->seq <= q->last_seq) {
		q->stats.repeated++;
		return 0;
	}
	/* Not while a message is under way: its items are in front. */
	if (!q->taken)
		expire(q, item->wall_s);
	err = item->len > QUEUE_ITEM_MAX ? -EMSGSIZE : q->n >= q->l.entries ? -ENOSPC : 0;
	if (!err) {
		e.rec.len = (uint32_t)item->len;
		err = spool_append(q->spool, &e.rec, item->bytes, &e.pos);
		q->stats.io_errors += err && err != -ENOSPC && err != -EMSGSIZE;
	}
	if (err) {
		q->stats.dropped++;
		return err;
	}
	e.late = !prompt(q, item->key, now_ns);
	e.due_ns = now_ns + (e.late ? q->l.digest_ns : q->l.gather_ns);
	add(q, &e);
	q->stats.put++;
	return 1;
}

/* ---- out ---- */

uint64_t
queue_due(const struct queue *q)
{
	uint64_t due, rate;

	if (!q->n || q->taken)
		return UINT64_MAX;
	due = q->n_prompt >= q->batch ? 0 : q->first_due_ns;
	if (q->stats.retry_at_ns > due)
		due = q->stats.retry_at_ns;
	rate = q->l.rate ? rate_at(&q->rate, q->l.rate, q->l.rate_ns) : 0;
	return rate > due ? rate : due;
}

/* The oldest into items, up to limit and what the buffer holds.  What cannot be read is left out. */
static size_t
read_items(struct queue *q, struct queue_item *items, size_t limit)
{
	size_t used = 0, n = 0;

	while (n < limit && n < q->n) {
		const struct entry *e = at(q, n);

		if (n && used + e->rec.len > q->l.batch_bytes)
			break;		/* a single one fits in any case */
		if (spool_read(q->spool, &e->rec, e->pos, q->buf + used) < 0) {
			if (n)
				break;		/* the next message begins with it */
			q->stats.damaged++;
			drop(q, 1);
			continue;
		}
		items[n++] = (struct queue_item){ .epoch = e->rec.epoch, .seq = e->rec.seq,
			.key = e->rec.key, .wall_s = e->rec.wall_s, .number = e->rec.number,
			.bytes = q->buf + used, .len = e->rec.len };
		used += e->rec.len;
	}
	return n;
}

size_t
queue_take(struct queue *q, struct queue_item *items, size_t room, uint64_t now_ns, uint64_t wall_s)
{
	size_t most = q->again ? q->again : q->batch;

	if (queue_due(q) > now_ns)
		return 0;
	expire(q, wall_s);
	if (q->stats.breaker == BREAKER_OPEN)
		q->stats.breaker = BREAKER_PROBE;
	q->taken = read_items(q, items, room < most ? room : most);
	if (q->taken && q->l.rate)
		rate_use(&q->rate, q->l.rate, q->l.rate_ns, now_ns);
	return q->taken;
}

/* ---- what came of it ---- */

static void
recovered(struct queue *q)
{
	q->stats.failures_in_a_row = 0;
	q->stats.retry_at_ns = 0;
	q->stats.breaker = BREAKER_CLOSED;
	q->batch = q->batch > q->l.batch / 2 ? q->l.batch : q->batch * 2;
}

static uint64_t
back_off(struct queue *q)
{
	uint64_t wait = q->l.retry_first_ns;

	for (uint32_t i = 1; i < q->stats.failures_in_a_row && wait < q->l.retry_most_ns; i++)
		wait *= 2;
	if (wait > q->l.retry_most_ns)
		wait = q->l.retry_most_ns;
	return wait / 2 + random_below(q, wait - wait / 2 + 1);
}

static void
failed(struct queue *q, uint64_t retry_after_ns, uint64_t now_ns)
{
	uint64_t wait;

	q->stats.failures_in_a_row++;
	wait = back_off(q);
	if (retry_after_ns > RETRY_AFTER_MOST)
		retry_after_ns = RETRY_AFTER_MOST;
	if (q->stats.breaker == BREAKER_PROBE ||
	    (q->l.breaker_after && q->stats.failures_in_a_row >= q->l.breaker_after)) {
		q->stats.breaker = BREAKER_OPEN;
		if (wait < q->l.breaker_ns)
			wait = q->l.breaker_ns;
	}
	q->stats.retry_at_ns = now_ns + (wait > retry_after_ns ? wait : retry_after_ns);
}

/* Items that the server will never take: of several, who knows which? */
static size_t
refused(struct queue *q, size_t n)
{
	if (n > 1) {
		q->batch = (uint32_t)n / 2;
		q->stats.breaker = BREAKER_CLOSED;
		q->stats.retry_at_ns = 0;
		return 0;
	}
	q->stats.refused++;
	recovered(q);		/* there is somebody who answers */
	return 1;
}

size_t
queue_done(struct queue *q, enum queue_result result, uint64_t retry_after_ns, uint64_t now_ns)
{
	size_t n = q->taken, gone = 0;

	q->taken = 0;
	q->again = 0;
	if (!n)
		return 0;
	q->stats.failures += result != QUEUE_DELIVERED;
	switch (result) {
	case QUEUE_DELIVERED:
		q->stats.delivered += n;
		q->stats.messages++;
		recovered(q);
		gone = n;
		break;
	case QUEUE_LATER:
		failed(q, retry_after_ns, now_ns);
		if (q->l.tries && ++q->tries >= q->l.tries) {
			q->stats.refused++;
			gone = 1;
		}
		q->again = n - gone;
		break;
	case QUEUE_UNREACHED:
		failed(q, retry_after_ns, now_ns);
		q->again = n;
		break;
	case QUEUE_REFUSED:
		gone = refused(q, n);
		break;
	}
	drop(q, gone);
	return gone;
}

void
queue_stats(const struct queue *q, struct queue_stats *out)
{
	*out = q->stats;
	out->items = q->n;
	out->spool_bytes = spool_room(q->spool);
}

uint64_t
queue_id(const struct queue *q)
{
	return spool_id(q->spool);
}
