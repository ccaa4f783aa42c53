/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ALERTS_QUEUE_H
#define BPFD_ALERTS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What one instance of a network action has to deliver, in order, until it is delivered or given
 * up.  A state machine without a clock, a socket or a thread: the caller says what time it is, sends
 * what queue_take() gives, and says what came of it.  All items lie in a spool, a file of fixed size
 * that somebody else opened: what was put there is there after any kill.
 *
 *   queue_put() ... queue_take() -> the caller sends -> queue_done(), one message at a time.
 *
 * At least once: an item leaves the spool when queue_done() says so.  A kill between the server's
 * answer and queue_done() sends that one message again, with the same number.  At most once on the
 * way in: an event that is put again (a worker that was killed reads the ring from its cursor) is
 * known by epoch and seq.
 *
 * now_ns: CLOCK_BOOTTIME, or any clock that only grows.  wall_s: seconds since 1970, for the age of
 * what lay in the spool while nobody ran.
 */
struct queue;

/* 0 means "none" or "no limit" where it makes sense: see each. */
struct queue_limits {
	uint64_t entries;		/* items at most; more are dropped and counted.  At least 1 */
	uint64_t max_age_s;		/* older ones are given up; 0: never */
	uint32_t tries;			/* answers of QUEUE_LATER to the same items; 0: until max_age_s */
	uint32_t batch;			/* items of one message.  At least 1 */
	uint64_t batch_bytes;		/* of them, but a single one may be larger; 0: 1 MiB */
	uint64_t gather_ns;		/* how long the first item waits for others to fill a batch */
	uint64_t retry_first_ns;	/* wait after the first failure; each next one twice as long, */
	uint64_t retry_most_ns;		/* up to this; the second half of each wait is random */
	uint32_t breaker_after;		/* failures in a row that open the breaker; 0: never */
	uint64_t breaker_ns;		/* nothing is sent for so long; then one message is tried */
	uint32_t rate;			/* messages in rate_ns; 0: no limit.  What waits goes together */
	uint64_t rate_ns;
	/* Digest: so many items of one key (a rule) in key_ns are sent as they come; more of them wait
	 * until the first has waited for digest_ns or a message goes anyway, and go together. */
	uint32_t key_rate;		/* 0 with digest_ns: all wait */
	uint64_t key_ns;
	uint64_t digest_ns;		/* 0: no digest, key_rate is not looked at */
};

struct queue_item {
	uint64_t epoch, seq;		/* which event: of the ring's life, and within it */
	uint64_t key;			/* hash of what key_rate is about */
	uint64_t wall_s;		/* when it was put */
	uint64_t number;		/* of this spool: 1, 2, ...; set by queue_take() */
	const void *bytes;		/* queue_take(): valid until the next one */
	size_t len;
};

/* A single item has at most this many bytes. */
#define QUEUE_ITEM_MAX	(256 << 10)
/* Smallest file that is a spool; its size is a multiple of 4096. */
#define QUEUE_SPOOL_MIN	(64 << 10)

/*
 * spool_fd: a regular file or memfd, read-write, borrowed; its size is the spool's (preallocated, so
 * that a write does not meet a full disk).  All zero: a new one.  What is in it is put back in order,
 * damage is counted and left out.  A file that has grown is used in full as soon as it has been empty.
 * seed: anything random.  -EINVAL: limits, size; -EIO and what pread says; -ENOMEM.
 */
int	queue_open(const struct queue_limits *l, int spool_fd, uint64_t seed, uint64_t now_ns,
		uint64_t wall_s, struct queue **out);
void	queue_free(struct queue *q);		/* NULL is fine; the spool keeps what is there */

/* 1: it is in the spool; 0: it was there before; -ENOSPC, -EMSGSIZE: dropped and counted; -EIO and
 * what pwrite says: the same. */
int	queue_put(struct queue *q, const struct queue_item *item, uint64_t now_ns);

/* When queue_take() will give something, if nothing happens before: now_ns or earlier, now, later,
 * or UINT64_MAX (nothing waits, or a message is under way). */
uint64_t queue_due(const struct queue *q);

/*
 * The next message: its items in order, the count is returned.  One that failed comes again with the
 * same items, so that a receiver that had it can know it.  0: nothing is due (see
 * queue_due()), or one is under way.  What is too old is given up here.  room: at least limits.batch
 * for full batches.
 */
size_t	queue_take(struct queue *q, struct queue_item *items, size_t room, uint64_t now_ns,
		uint64_t wall_s);

enum queue_result {
	QUEUE_DELIVERED,		/* the server has it */
	QUEUE_LATER,			/* it answered: not now (429, 5xx, SMTP 4xx), or not to us (401,
					 * 403, 404, SMTP 530, 535: the administrator can mend that) */
	QUEUE_UNREACHED,		/* no answer: not resolved, not connected, TLS, timeout.  No try */
	QUEUE_REFUSED,			/* it never will (4xx, SMTP 5xx): a batch is halved until the one
					 * that is refused is alone and given up */
};
enum queue_breaker { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBE };

/* What came of the message that queue_take() gave.  retry_after_ns: what the server asked for (at most
 * an hour is believed), or 0.  Returns how many of its items, from the first on, are gone: delivered,
 * or given up when the result is another. */
size_t	queue_done(struct queue *q, enum queue_result result, uint64_t retry_after_ns, uint64_t now_ns);

struct queue_stats {
	uint64_t items, bytes;		/* that wait, with what the spool needs for them */
	uint64_t spool_bytes;		/* room for them */
	uint64_t put, repeated;		/* items; those that were there before */
	uint64_t delivered, messages;	/* items, messages with them */
	uint64_t failures;		/* messages that were not delivered */
	uint64_t dropped;		/* items: no room */
	uint64_t refused, expired;	/* items given up: refused or out of tries; too old */
	uint64_t damaged;		/* items of the spool that could not be read back */
	uint64_t io_errors;		/* of the spool */
	uint64_t retry_at_ns;		/* 0: no trouble */
	uint32_t failures_in_a_row;
	enum queue_breaker breaker;
};
void	queue_stats(const struct queue *q, struct queue_stats *out);
/* Identity of the spool: random, the same as long as the file is.  With an item's number it names a
 * message for receivers that want to know it again. */
uint64_t queue_id(const struct queue *q);

#endif
