/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "actions/worker.h"
#include "common/log.h"

#define FDS_MAX		64
#define LINGER_FROM	32		/* events in a batch: more will come, let them gather */
#define LINGER_NS	1000000		/* at first */
#define LINGER_MOST_NS	4000000		/* while they keep coming */
#define LINGER_MIN_NS	50000
#define ENRICHER_WAIT_MS 200

static void
act(struct worker *w, const void *bytes, size_t len)
{
	const struct rec_hdr *h = bytes;
	struct event e;

	/* Most records are for others: one look, before the check of all of it. */
	if (len >= sizeof(*h) && !(h->actions & w->mask))
		return;
	if (record_check(bytes, len, &e) < 0) {
		worker_count(w, STAT_BAD);
		return;
	}
	worker_count(w, STAT_EVENTS);
	w->ops->act(w, &e, h->actions & w->mask);
}

/* Events until the ring is empty, the batch is full or the class wants its end; *more: not empty. */
static unsigned int
batch(struct worker *w, size_t *bytes, bool *more)
{
	const void *rec;
	unsigned int n = 0;
	size_t len;

	*bytes = 0;
	*more = true;
	while (n < w->ops->batch && !(w->ops->full && w->ops->full(w))) {
		if (ring_next(w->ring, &rec, &len) != 1) {
			*more = false;
			break;
		}
		act(w, rec, len);
		*bytes += ring_taken(w->ring);
		n++;
	}
	if (!n)
		return 0;
	if (w->ops->flush)
		w->ops->flush(w);
	ring_done(w->ring);
	return n;
}

/* Longer while events keep coming, and when it was too short for any to come; shorter when there
 * were so many that the ring might have gone round. */
static void
adapt(struct worker *w, unsigned int n, size_t bytes)
{
	if (n && n < LINGER_FROM)
		w->linger_ns = LINGER_NS;
	else if (bytes > w->cfg->events_ring_bytes / 16)
		w->linger_ns = w->linger_ns / 2 > LINGER_MIN_NS ? w->linger_ns / 2 : LINGER_MIN_NS;
	else if (bytes < w->cfg->events_ring_bytes / 32 && w->linger_ns < LINGER_MOST_NS)
		w->linger_ns *= 2;
}

/*
 * After a batch of some size the next one is left to gather: a wake-up costs as much as many
 * events.  After a small one the next event is waited for, and looked at as it comes.
 */
static int
rest(struct worker *w, unsigned int n)
{
	struct pollfd fds[FDS_MAX] = { { .fd = chan_fd(w->sup), .events = POLLIN } };
	struct timespec limit = { 0 };
	bool sleep = n < LINGER_FROM;
	int timeout_ms = -1, got;
	size_t own, count = 1;
	uint64_t drain;

	if (sleep && !ring_sleep(w->ring))
		return 0;
	if (sleep)
		fds[count++] = (struct pollfd){ .fd = w->event_fd, .events = POLLIN };
	own = w->ops->wait ? w->ops->wait(w, fds + count, FDS_MAX - count, &timeout_ms) : 0;
	limit = sleep ? (struct timespec){ timeout_ms / 1000, timeout_ms % 1000 * 1000000L }
		: (struct timespec){ 0, (long)w->linger_ns };
	got = ppoll(fds, count + own, sleep && timeout_ms < 0 ? NULL : &limit, NULL);
	if (sleep) {
		ring_awake(w->ring);
		if (got > 0 && fds[1].revents && read(w->event_fd, &drain, sizeof(drain)) < 0)
			drain = 0;
	}
	if (w->ops->woken)
		w->ops->woken(w, fds + count, own);
	if (got < 0 && errno != EINTR)
		return -errno;
	return got > 0 && fds[0].revents ? worker_messages(w) : 0;
}

/* The first results would go nowhere if events were looked at before it is there. */
static int
await_enricher(struct worker *w)
{
	struct pollfd p = { .fd = chan_fd(w->sup), .events = POLLIN };

	return poll(&p, 1, ENRICHER_WAIT_MS) == 1 ? worker_messages(w) : 0;
}

int
worker_run(struct worker *w)
{
	unsigned int n, gathered = 0;
	int err = await_enricher(w);
	size_t len, bytes = 0;
	bool more;

	w->linger_ns = LINGER_NS;
	while (!err) {
		n = batch(w, &len, &more);
		gathered += n;
		bytes += len;
		if (n == 0 && w->stop && !(w->ops->busy && w->ops->busy(w)))
			return 0;
		/* A ring that is never empty must not keep the supervisor waiting. */
		if (n && (w->stop || (more && gathered < 4096)))
			continue;
		adapt(w, gathered, bytes);
		err = more && n ? worker_messages(w) : rest(w, w->ops->hurry ? 0 : gathered);
		gathered = 0;
		bytes = 0;
	}
	return err;
}
