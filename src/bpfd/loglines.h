/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_LOGLINES_H
#define BPFD_BPFD_LOGLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/log.h"

/*
 * Cuts what a child writes into its log pipe into lines.  The child may be hostile: a line is
 * bounded, everything but printable ASCII is escaped as \xNN, and too many lines in a short time
 * are counted instead of passed on.
 */
#define LOGLINES_LINE		1024	/* bytes of a line; the rest of it is dropped */
#define LOGLINES_WINDOW_MS	10000
#define LOGLINES_MAX		500	/* lines of one child in a window */

struct loglines {
	char buf[LOGLINES_LINE];
	size_t len;
	bool cut;		/* dropping the rest of a long line */
	int64_t window_ms;	/* when the window began */
	uint32_t lines;		/* in this window */
	uint64_t dropped;	/* in this window */
};

typedef void loglines_fn(void *arg, enum log_level level, const char *text);

/* each gets every finished line, without "<N>" and newline, escaped. */
void	loglines_feed(struct loglines *l, const char *data, size_t len, int64_t now_ms,
		loglines_fn *each, void *arg);
void	loglines_end(struct loglines *l, loglines_fn *each, void *arg);	/* a last line without newline */

#endif
