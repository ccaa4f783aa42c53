/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "actions/output.h"

#define WAIT_MS	1000

/*
 * Not to a file.  The descriptor is the supervisor's too, so it stays as it is and may block:
 * what poll(2) promises is a page.  A pipe gets line by line, so that a kill repeats at most one.
 */
long
stdout_write(struct worker *w, struct output *o, const char *buf, size_t len)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };
	size_t done = 0;

	while (done < len) {
		size_t n = len - done < 4096 ? len - done : 4096;
		const char *nl = memchr(buf + done, '\n', len - done);
		ssize_t put;

		if (o->pipe && nl && (size_t)(nl + 1 - (buf + done)) < n)
			n = (size_t)(nl + 1 - (buf + done));
		if (poll(&p, 1, WAIT_MS) == 0)
			return done ? (long)done : -EAGAIN;
		put = write(o->fd, buf + done, n);
		if (put < 0 && errno != EINTR && errno != EAGAIN)
			return done ? (long)done : -errno;
		if (put > 0)
			done += (size_t)put;
		output_note(w, OUT_SENT, w->scratch[OUT_SENT] + (put > 0 ? (uint64_t)put : 0));
	}
	return (long)done;
}
