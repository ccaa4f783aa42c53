/* SPDX-License-Identifier: Apache-2.0 */
#include "alerts/mail.h"

#include <assert.h>
#include <string.h>

#include "alerts/mime.h"
#include "events/text.h"

#define BODY_ROOM	(768 << 10)	/* before it is encoded, which makes three of a byte at most */
#define LINE_MOST	8000		/* of an event's line */
#define SHORT_MOST	256		/* of any other text, but */
#define EXE_MOST	1024
#define DETAIL_ROOM	(LINE_MOST + 4 * (8 * SHORT_MOST + EXE_MOST) + 1024)
#define RULES_MOST	100		/* that a digest counts by name */
#define SUBJECT_RULES	3

/* ---- what is in it ---- */

static void
foreign(struct text *t, struct alert_str s, size_t most)
{
	t->cap = most;
	text_line(t, s.s, s.len, "");
	t->cap = SIZE_MAX;
}

static struct alert_str
rule(const struct alert *a)
{
	static const struct alert_str nothing = { "an event", 8 };

	return a->text[ALERT_RULE].len ? a->text[ALERT_RULE] : nothing;
}

static bool
same_rule(const struct alert *a, const struct alert *b)
{
	struct alert_str x = rule(a), y = rule(b);

	return x.len == y.len && memcmp(x.s, y.s, x.len) == 0;
}

/* The first alert of each rule stands for it: *count is how many there are, the worst is shown. */
static bool
first_of_rule(const struct alert *alerts, size_t n, size_t i, size_t *count, uint32_t *severity)
{
	for (size_t k = 0; k < i; k++)
		if (same_rule(&alerts[k], &alerts[i]))
			return false;
	*count = 0;
	*severity = 0;
	for (size_t k = i; k < n; k++) {
		if (!same_rule(&alerts[k], &alerts[i]))
			continue;
		*count += 1 + (size_t)alerts[k].suppressed;
		if (alerts[k].severity > *severity)
			*severity = alerts[k].severity;
	}
	return true;
}

static uint32_t
worst(const struct alert *alerts, size_t n)
{
	uint32_t severity = 0;

	for (size_t i = 0; i < n; i++)
		if (alerts[i].severity > severity)
			severity = alerts[i].severity;
	return severity;
}

/* ---- headers ---- */

static void
subject_rules(struct text *s, const struct alert *alerts, size_t n)
{
	size_t rules = 0, count;
	uint32_t severity;

	for (size_t i = 0; i < n && rules <= SUBJECT_RULES; i++) {
		if (!first_of_rule(alerts, n, i, &count, &severity))
			continue;
		if (rules++ == SUBJECT_RULES) {
			TEXT_LIT(s, ", ...");
			return;
		}
		text_str(s, rules == 1 ? ": " : ", ");
		foreign(s, rule(&alerts[i]), 80);
	}
}

static void
subject(struct text *t, const struct mail *m, const struct alert *alerts, size_t n)
{
	char text[4 * (2 * SHORT_MOST + SUBJECT_RULES * 80 + 64)];
	struct text s = { .p = text, .end = text + sizeof(text), .cap = SIZE_MAX };

	foreign(&s, (struct alert_str){ m->subject, strlen(m->subject) }, SHORT_MOST);
	text_str(&s, severity_names[worst(alerts, n)]);
	if (n > 1) {
		TEXT_LIT(&s, ", ");
		text_u64(&s, n);
		TEXT_LIT(&s, " alerts");
	}
	TEXT_LIT(&s, " on ");
	foreign(&s, (struct alert_str){ m->host, strlen(m->host) }, 80);
	subject_rules(&s, alerts, n);
	mime_header(t, "Subject", text, (size_t)(s.p - text));
}

static void
message_id(struct text *t, const struct mail *m, size_t n)
{
	TEXT_LIT(t, "Message-ID: <");
	text_hex(t, m->spool);
	text_char(t, '.');
	text_u64(t, m->number);
	text_char(t, '.');
	text_u64(t, n);
	text_str(t, strchr(m->from, '@'));
	TEXT_LIT(t, ">\r\n");
}

static void
headers(struct text *t, const struct mail *m, const struct alert *alerts, size_t n)
{
	mime_date(t, m->now_s);
	mime_header(t, "From", m->from, strlen(m->from));
	TEXT_LIT(t, "To: ");
	for (const char *to = m->to; to < m->to + m->to_len; to += strlen(to) + 1) {
		text_str(t, to == m->to ? "" : ",\r\n ");
		text_str(t, to);
	}
	TEXT_LIT(t, "\r\n");
	subject(t, m, alerts, n);
	message_id(t, m, n);
	TEXT_LIT(t, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\nAuto-Submitted: auto-generated\r\n"
		"X-Bpfd-Severity: ");
	text_str(t, severity_names[worst(alerts, n)]);
	TEXT_LIT(t, "\r\n\r\n");
}

/* ---- body ---- */

static void
name(struct text *t, const char *s)
{
	text_str(t, s);
	text_bytes(t, "              ", 12 - strlen(s));
}

static void
place(struct text *t, const struct alert *a)
{
	if (a->text[ALERT_CONTAINER].len) {
		name(t, "Container:");
		foreign(t, a->text[ALERT_CONTAINER], SHORT_MOST);
		for (int i = ALERT_NAME; i <= ALERT_IMAGE; i++) {
			text_str(t, a->text[i].len ? ", " : "");
			foreign(t, a->text[i], SHORT_MOST);
		}
		text_char(t, '\n');
	}
	if (!a->text[ALERT_POD].len)
		return;
	name(t, "Pod:");
	foreign(t, a->text[ALERT_NAMESPACE], SHORT_MOST);
	text_char(t, '/');
	foreign(t, a->text[ALERT_POD], SHORT_MOST);
	text_char(t, '\n');
}

static void
detail(struct text *t, const struct alert *a)
{
	const struct alert_str *line = &a->text[ALERT_LINE];
	char id[40];

	name(t, "Rule:");
	foreign(t, rule(a), SHORT_MOST);
	text_char(t, '\n');
	name(t, "Severity:");
	text_str(t, severity_names[a->severity]);
	text_char(t, '\n');
	name(t, "Time:");
	text_time(t, a->time_ns);
	text_char(t, '\n');
	name(t, "Host:");
	foreign(t, a->text[ALERT_HOST], SHORT_MOST);
	text_char(t, '\n');
	name(t, "Process:");
	foreign(t, a->text[ALERT_COMM], SHORT_MOST);
	TEXT_LIT(t, " (");
	text_u64(t, a->pid);
	TEXT_LIT(t, "), user ");
	text_u64(t, a->uid);
	text_str(t, a->text[ALERT_EXE].len ? ", " : "");
	foreign(t, a->text[ALERT_EXE], EXE_MOST);
	text_char(t, '\n');
	place(t, a);
	name(t, "Event:");
	alert_id(a, id);
	text_str(t, id);
	if (a->suppressed) {
		TEXT_LIT(t, ", and ");
		text_u64(t, a->suppressed);
		TEXT_LIT(t, " like it that were held back");
	}
	TEXT_LIT(t, "\n\n");
	/* Escaped already. */
	text_bytes(t, line->s, line->len < LINE_MOST ? line->len : LINE_MOST);
	text_str(t, line->len < LINE_MOST ? "\n" : "...\n");
}

static void
summary(struct text *t, const struct mail *m, const struct alert *alerts, size_t n)
{
	size_t rules = 0, count;
	uint32_t severity;

	text_u64(t, n);
	TEXT_LIT(t, " alerts on ");
	foreign(t, (struct alert_str){ m->host, strlen(m->host) }, SHORT_MOST);
	TEXT_LIT(t, ":\n\n");
	for (size_t i = 0; i < n; i++) {
		if (!first_of_rule(alerts, n, i, &count, &severity))
			continue;
		if (rules++ == RULES_MOST) {
			TEXT_LIT(t, "  ...\n");
			break;
		}
		TEXT_LIT(t, "  ");
		text_u64(t, count);
		TEXT_LIT(t, " x ");
		text_str(t, severity_names[severity]);
		TEXT_LIT(t, ": ");
		foreign(t, rule(&alerts[i]), SHORT_MOST);
		text_char(t, '\n');
	}
}

static void
body(struct text *t, const struct mail *m, const struct alert *alerts, size_t n)
{
	if (n > 1)
		summary(t, m, alerts, n);
	for (size_t i = 0; i < n; i++) {
		if ((size_t)(t->end - t->p) < DETAIL_ROOM + 128) {
			TEXT_LIT(t, "\n... and ");
			text_u64(t, n - i);
			TEXT_LIT(t, " more, which are counted above and not shown.\n");
			return;
		}
		if (n > 1) {
			TEXT_LIT(t, "\n---- ");
			text_u64(t, i + 1);
			TEXT_LIT(t, " ----\n\n");
		}
		detail(t, &alerts[i]);
	}
}

size_t
mail_write(const struct mail *m, const struct alert *alerts, size_t n, char *out)
{
	char *plain = out + MAIL_ROOM - BODY_ROOM;	/* encoded from here to the front */
	struct text t = { .p = out, .end = plain, .cap = SIZE_MAX };
	struct text b = { .p = plain, .end = out + MAIL_ROOM, .cap = SIZE_MAX };

	_Static_assert(BODY_ROOM * 3 / 75 * 78 < MAIL_ROOM - BODY_ROOM - 65536, "every message fits");
	assert(n);
	headers(&t, m, alerts, n);
	body(&b, m, alerts, n);
	mime_qp(&t, plain, (size_t)(b.p - plain));
	assert(!t.full && !b.full);
	return (size_t)(t.p - out);
}
