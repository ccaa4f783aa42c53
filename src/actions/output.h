/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ACTIONS_OUTPUT_H
#define BPFD_ACTIONS_OUTPUT_H

#include "actions/worker.h"

/*
 * The class output: lines gather in a buffer for each instance and are written at the end of a
 * batch.  What is about to be written to a regular file is noted in the cursor page first, with
 * the file's size: a worker that was killed finds by the size how much of it was done, makes the
 * same lines again from the ring, and goes on behind that byte.
 */
#define OUTPUT_BATCH	(64 << 10)	/* bytes in a buffer that end a batch */
#define OUTPUT_KEEP	(2 << 20)	/* of lines that cannot be written now; more are dropped */
#define OUTPUT_ROOM	(OUTPUT_KEEP + OUTPUT_BATCH + RENDER_ROOM)
#define OUTPUT_RETRY_NS	1000000000ull

struct output {
	unsigned int action;		/* instance */
	int fd;				/* -1: none, tried again */
	bool regular, pipe;
	uint64_t size, ino;		/* of a regular file */
	uint64_t max_bytes, keep;
	uint64_t retry_at;		/* 0: no trouble */
	char *buf;
	size_t old, len;		/* bytes of earlier batches, all bytes */
	size_t last_line;		/* of these */
	bool skip;			/* this batch was written before a restart */
	size_t skip_bytes;		/* or this much of it; */
	bool skip_whole;		/* which was all */
};

/* Scratch words: what a batch is and how far it has been written. */
enum output_word {
	OUT_LAST,			/* seq of the batch's last event; 0: nothing is under way */
	OUT_DONE,			/* instances that have it */
	OUT_NOW,			/* 1 + the instance that is being written, or 0 */
	OUT_OFFSET, OUT_BYTES, OUT_INO,	/* size before, bytes, which file */
	OUT_CLOCK,			/* boot_offset_ns of the lines */
	OUT_SENT,			/* bytes that a pipe took */
};

static inline void
output_note(struct worker *w, enum output_word at, uint64_t value)
{
	__atomic_store_n(&w->scratch[at], value, __ATOMIC_RELEASE);
}

/* Bytes from buf on that were written; -errno.  action_stdout.c, action_log.c */
long	stdout_write(struct worker *w, struct output *o, const char *buf, size_t len);
int	log_open(struct worker *w, struct output *o);
bool	log_moved(const struct worker *w, const struct output *o);	/* its name is another file's, or nobody's */
int	log_rotate(struct worker *w, struct output *o);	/* before a write that would be too much */

#endif
