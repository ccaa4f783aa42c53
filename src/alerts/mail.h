/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ALERTS_MAIL_H
#define BPFD_ALERTS_MAIL_H

#include "alerts/alert.h"

/*
 * A message of one alert or of a digest (RFC 5322, MIME): ASCII, lines of at most 78 characters
 * that end with CR LF, no header that an event could break or add to.  Not yet "dot-stuffed".
 */
#define MAIL_ROOM	(4 << 20)	/* enough for any; a long digest counts what it does not show */

struct mail {
	const char *from;		/* addresses as action_address_ok() takes them */
	const char *to;			/* each followed by NUL */
	size_t to_len;
	const char *subject;		/* what every subject begins with, may be "" */
	const char *host;
	uint64_t spool, number;		/* queue_id(), number of the first alert: for Message-ID */
	int64_t now_s;			/* since 1970 */
};

/* n: at least 1.  The length of the message in out (MAIL_ROOM bytes). */
size_t	mail_write(const struct mail *m, const struct alert *alerts, size_t n, char *out);

#endif
