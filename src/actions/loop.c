/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "actions/worker.h"
#include "common/log.h"

#define FDS_MAX		64
#define LINGER_FROM	8		/* events in a batch: more will come, let them gather */
#define LINGER_NS	1000000
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

/* Events until the ring is empty, the batch is full or the class wants its end. */
static unsigned int
batch(struct worker *w)
{
	const void *rec;
	unsigned int n = 0;
	size_t len;

	while (n < w->ops->batch && !(w->ops->full && w->ops->full(w)) &&
	    ring_next(w->ring, &rec, &len) == 1) {
		act(w, rec, len);
		n++;
	}
	if (!n)
		return 0;
	if (w->ops->flush)
		w->ops->flush(w);
	ring_done(w->ring);
	return n;
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
		: (struct timespec){ 0, LINGER_NS };
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
	unsigned int n, since = 0;
	int err = await_enricher(w);

	while (!err) {
		n = batch(w);
		since += n;
		if (n == 0 && w->stop && !(w->ops->busy && w->ops->busy(w)))
			return 0;
		/* A ring that is never empty must not keep the supervisor waiting. */
		if (n && (w->stop || (n == w->ops->batch && since < 4096)))
			continue;
		since = 0;
		err = n == w->ops->batch ? worker_messages(w) : rest(w, n);
	}
	return err;
}
