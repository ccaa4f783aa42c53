/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_LOGS_H
#define BPFD_API_LOGS_H

#include <event2/event_struct.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

/*
 * Logs of the verifier that are too long for the answer of a refused load.  Each waits for its
 * user to fetch it, in memory only: for LOGS_KEEP_S at most, and the oldest goes when there are too
 * many.  A timer runs only while there is a log.
 */
#define LOGS_MAX	8
#define LOGS_BYTES_MAX	(16u << 20)	/* of all together */
#define LOGS_KEEP_S	60

struct kept_log {
	STAILQ_ENTRY(kept_log) next;
	uint64_t id;
	int64_t until_ms;		/* CLOCK_MONOTONIC */
	uid_t uid;			/* whose load it was */
	char *text;
	size_t len;
};

struct logs {
	STAILQ_HEAD(, kept_log) all;	/* the oldest first */
	size_t n, bytes;
	uint64_t last_id;
	struct event timer;		/* for the oldest */
};

void	logs_init(struct logs *ls, struct event_base *base);
void	logs_clear(struct logs *ls);

/* Takes text (len > 0).  Its number, or 0: it is too long or there is no memory, and text stays the
 * caller's. */
uint64_t logs_keep(struct logs *ls, uid_t uid, char *take_text, size_t len);
struct kept_log *logs_find(struct logs *ls, uid_t uid, uint64_t id);	/* NULL: not that user's */
void	logs_drop(struct logs *ls, struct kept_log *log);

#endif
