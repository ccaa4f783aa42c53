/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ALERTS_LMTP_H
#define BPFD_ALERTS_LMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/queue.h"

/*
 * A client of LMTP (RFC 2033) for one message, without a socket: bytes that came go in, bytes to be
 * sent come out.  LMTP answers for each recipient apart, so a message that some have is sent again
 * to the others only.
 */
#define LMTP_TO_MAX	32		/* recipients */
#define LMTP_LINE_MAX	1024		/* bytes of a reply's line; the rest of a longer one is passed over */
#define LMTP_REPLY_MAX	100		/* lines of a reply; more are an error */

struct lmtp_mail {
	const char *helo;		/* this host's name */
	const char *from;		/* addresses as of action_address_ok() */
	const char *to;			/* each followed by NUL, at most LMTP_TO_MAX */
	size_t to_len;
	uint32_t skip;			/* bit per recipient that is left out */
	const char *message;		/* CR LF, no line begins with '.': mail_write() */
	size_t len;
};

enum lmtp_state {
	LMTP_GREETING, LMTP_LHLO, LMTP_MAIL, LMTP_RCPT, LMTP_DATA, LMTP_MESSAGE, LMTP_QUIT, LMTP_OVER,
};

struct lmtp {
	struct lmtp_mail mail;
	enum lmtp_state state;
	uint32_t accepted;		/* bit per recipient: may have the message, */
	uint32_t delivered, refused;	/* has it, never will */
	uint32_t at;			/* recipient that the next reply is about */
	enum queue_result result;	/* when it is over */
	unsigned int code;		/* of the first reply that was not good, and its text */
	char text[200];
	/* what is under way */
	char out[512];
	size_t out_len, out_done, message_done;
	char line[LMTP_LINE_MAX];
	size_t line_len;
	unsigned int lines;
};

/* mail's pointers are borrowed until it is over.  At least one recipient is not left out. */
void	lmtp_begin(struct lmtp *l, const struct lmtp_mail *mail);
/* What is to be sent now: 0 bytes, nothing. */
size_t	lmtp_output(const struct lmtp *l, const char **bytes);
void	lmtp_sent(struct lmtp *l, size_t n);
/* What came.  After it lmtp_output() may have something, or lmtp_over() be true. */
void	lmtp_input(struct lmtp *l, const char *bytes, size_t len);
/* The connection is gone, before its time: whoever may have the message is not known. */
void	lmtp_lost(struct lmtp *l, const char *why);
static inline bool
lmtp_over(const struct lmtp *l)
{
	return l->state == LMTP_OVER;
}

#endif
