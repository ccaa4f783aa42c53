/* SPDX-License-Identifier: Apache-2.0 */
#include "alerts/lmtp.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void __attribute__((format(printf, 2, 3)))
say(struct lmtp *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->out, sizeof(l->out), format, args);
	va_end(args);
	assert(n > 0 && (size_t)n < sizeof(l->out));
	l->out_len = (size_t)n;
	l->out_done = 0;
}

/* Recipient i, or NULL behind the last one. */
static const char *
recipient(const struct lmtp *l, uint32_t i)
{
	const char *to = l->mail.to, *end = to + l->mail.to_len;

	for (; to < end && i; i--)
		to += strlen(to) + 1;
	return to < end ? to : NULL;
}

/* What was not good first is what is told. */
static void
note(struct lmtp *l, unsigned int code, const char *text)
{
	if (l->text[0])
		return;
	l->code = code;
	snprintf(l->text, sizeof(l->text), "%.199s", text);
}

static void
over(struct lmtp *l, enum queue_result result)
{
	l->result = result;
	l->state = LMTP_OVER;
}

static void
quit(struct lmtp *l, enum queue_result result)
{
	say(l, "QUIT\r\n");
	l->result = result;
	l->state = LMTP_QUIT;
}

/* ---- one state after the other ---- */

/* The next one that is asked about, or DATA when all were. */
static void
next_recipient(struct lmtp *l)
{
	const char *to;

	for (; (to = recipient(l, l->at)) != NULL; l->at++) {
		if (l->mail.skip >> l->at & 1)
			continue;
		say(l, "RCPT TO:<%s>\r\n", to);
		l->state = LMTP_RCPT;
		return;
	}
	if (!l->accepted) {
		/* All of them: more likely the configuration's fault than the message's. */
		quit(l, QUEUE_LATER);
		return;
	}
	say(l, "DATA\r\n");
	l->state = LMTP_DATA;
}

/* The next one whose reply comes, or the end when all have. */
static void
next_reply(struct lmtp *l)
{
	uint32_t left = l->accepted >> l->at;

	if (left) {
		l->at += (uint32_t)__builtin_ctz(left);
		return;
	}
	if (l->accepted & ~(l->delivered | l->refused))
		quit(l, QUEUE_LATER);
	else
		quit(l, l->delivered ? QUEUE_DELIVERED : QUEUE_REFUSED);
}

/* The last line of a reply. */
static void
reply(struct lmtp *l, unsigned int code, const char *line)
{
	bool good = code >= 200 && code < 300;

	if (!good && !(l->state == LMTP_DATA && code == 354))
		note(l, code, line);
	switch (l->state) {
	case LMTP_GREETING:
		if (!good) {
			quit(l, QUEUE_LATER);
			return;
		}
		say(l, "LHLO %.200s\r\n", l->mail.helo);
		l->state = LMTP_LHLO;
		return;
	case LMTP_LHLO:
		if (!good) {
			quit(l, QUEUE_LATER);
			return;
		}
		say(l, "MAIL FROM:<%s>\r\n", l->mail.from);
		l->state = LMTP_MAIL;
		return;
	case LMTP_MAIL:
		if (!good) {
			quit(l, QUEUE_LATER);
			return;
		}
		next_recipient(l);
		return;
	case LMTP_RCPT:
		l->accepted |= (uint32_t)good << l->at++;
		next_recipient(l);
		return;
	case LMTP_DATA:
		if (code != 354) {
			quit(l, QUEUE_LATER);
			return;
		}
		l->state = LMTP_MESSAGE;
		l->at = 0;
		next_reply(l);
		say(l, ".\r\n");	/* behind the message */
		return;
	case LMTP_MESSAGE:
		l->delivered |= (uint32_t)good << l->at;
		l->refused |= (uint32_t)(code >= 500) << l->at;
		l->at++;
		next_reply(l);
		return;
	case LMTP_QUIT:
	case LMTP_OVER:
		return;
	}
}

/* "250-text" goes on, "250 text" ends; anything else is no LMTP. */
static void
line(struct lmtp *l)
{
	unsigned int code = 0;

	l->line[l->line_len < sizeof(l->line) ? l->line_len : sizeof(l->line) - 1] = '\0';
	for (size_t i = 0; i < 3 && l->line[i] >= '0' && l->line[i] <= '9'; i++)
		code = code * 10 + (unsigned int)(l->line[i] - '0');
	if (code < 200 || code > 599 || (l->line[3] && l->line[3] != ' ' && l->line[3] != '-') ||
	    ++l->lines > LMTP_REPLY_MAX) {
		note(l, 0, "the server's answer is not LMTP");
		over(l, QUEUE_UNREACHED);
		return;
	}
	if (l->line[3] == '-')
		return;
	l->lines = 0;
	reply(l, code, l->line);
}

/* ---- in and out ---- */

void
lmtp_begin(struct lmtp *l, const struct lmtp_mail *mail)
{
	*l = (struct lmtp){ .mail = *mail, .result = QUEUE_UNREACHED };
}

/* In the middle of the message the "." behind it waits in out. */
static bool
in_message(const struct lmtp *l)
{
	return l->state == LMTP_MESSAGE && l->message_done < l->mail.len;
}

size_t
lmtp_output(const struct lmtp *l, const char **bytes)
{
	if (l->state == LMTP_OVER)
		return 0;
	if (in_message(l)) {
		*bytes = l->mail.message + l->message_done;
		return l->mail.len - l->message_done;
	}
	*bytes = l->out + l->out_done;
	return l->out_len - l->out_done;
}

void
lmtp_sent(struct lmtp *l, size_t n)
{
	if (in_message(l))
		l->message_done += n;
	else
		l->out_done += n;
	/* What it answers to that changes nothing. */
	if (l->state == LMTP_QUIT && l->out_done == l->out_len)
		over(l, l->result);
}

void
lmtp_input(struct lmtp *l, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len && l->state != LMTP_OVER; i++) {
		if (bytes[i] == '\n') {
			/* Nobody answers what was not said: it would be taken for the next answer. */
			if (l->state != LMTP_GREETING && (in_message(l) || l->out_done < l->out_len)) {
				note(l, 0, "the server answers before it was asked");
				over(l, QUEUE_UNREACHED);
				return;
			}
			line(l);
			l->line_len = 0;
		} else if (l->line_len < sizeof(l->line) - 1 && bytes[i] != '\r') {
			l->line[l->line_len++] = bytes[i];
		}
	}
}

void
lmtp_lost(struct lmtp *l, const char *why)
{
	if (l->state == LMTP_OVER)
		return;
	if (l->state == LMTP_QUIT) {
		over(l, l->result);
		return;
	}
	note(l, 0, why);
	over(l, QUEUE_UNREACHED);
}
