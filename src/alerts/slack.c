/* SPDX-License-Identifier: Apache-2.0 */
#include "alerts/slack.h"

#include <assert.h>

#include "events/text.h"

#define LINE_MOST	2500		/* bytes of an event's line; Slack folds longer ones away */
#define SHORT_MOST	200		/* of any other text */
#define ID_MOST		12		/* of a container's id, as its runtime shows it */
#define TIMES_LONGER	5		/* "&amp;", or "\\x1b" */
#define SHORTS		8		/* texts in an attachment */

static const char *const colours[N_SEVERITIES] = {
	[SEV_DEBUG] = "#b0b0b0", [SEV_INFO] = "#439fe0", [SEV_NOTICE] = "#2eb886", [SEV_LOW] = "#daa038",
	[SEV_MEDIUM] = "#e8912d", [SEV_HIGH] = "#d9342b", [SEV_CRITICAL] = "#8b0000",
};

/*
 * Text into a string of JSON, without its quotes: what could be a link or a mention of Slack's
 * (<!channel>) is shown as it is, and a backtick does not end the block that it stands in.
 */
static void
escaped(struct text *t, const char *s, size_t len)
{
	static const struct { char c; const char *as; } marks[] = {
		{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '`', "'" },
		{ '"', "\\\"" }, { '\\', "\\\\" },
	};

	for (size_t i = 0; i < len; i++) {
		const char *as = NULL;

		for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]) && !as; k++)
			as = marks[k].c == s[i] ? marks[k].as : NULL;
		if (as)
			text_str(t, as);
		else
			text_char(t, s[i]);
	}
}

/* A text of the event, which may have any bytes. */
static void
foreign(struct text *t, struct alert_str s, size_t most)
{
	char line[4 * SHORT_MOST];	/* each byte may become \xNN */
	struct text to = { .p = line, .end = line + sizeof(line), .cap = most };

	assert(most <= SHORT_MOST);
	text_line(&to, s.s, s.len, "");
	escaped(t, line, (size_t)(to.p - line));
	if (to.cut)
		TEXT_LIT(t, "...");
}

/* The line of the event: escaped already, cut here. */
static void
line(struct text *t, struct alert_str s)
{
	size_t len = s.len;

	if (len > LINE_MOST)
		for (len = LINE_MOST; len && (s.s[len] & 0xc0) == 0x80;)
			len--;
	escaped(t, s.s, len);
	if (len < s.len)
		TEXT_LIT(t, "...");
}

static void
own(struct text *t, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	TEXT_LIT(t, ",\"");
	text_str(t, key);
	TEXT_LIT(t, "\":");
	text_json(t, value, strlen(value));
}

static void
field_begin(struct text *t, const char *title)
{
	TEXT_LIT(t, ",{\"short\":true,\"title\":\"");
	text_str(t, title);
	TEXT_LIT(t, "\",\"value\":\"");
}

static void
process(struct text *t, const struct alert *a)
{
	field_begin(t, "Process");
	foreign(t, a->text[ALERT_COMM], SHORT_MOST);
	TEXT_LIT(t, " (");
	text_u64(t, a->pid);
	TEXT_LIT(t, "), user ");
	text_u64(t, a->uid);
	TEXT_LIT(t, "\"}");
}

static void
container(struct text *t, const struct alert *a)
{
	if (!a->text[ALERT_CONTAINER].len)
		return;
	field_begin(t, "Container");
	foreign(t, (struct alert_str){ a->text[ALERT_CONTAINER].s, a->text[ALERT_CONTAINER].len < ID_MOST ?
		a->text[ALERT_CONTAINER].len : ID_MOST }, ID_MOST);
	for (int i = ALERT_NAME; i <= ALERT_IMAGE; i++) {
		if (!a->text[i].len)
			continue;
		text_char(t, ' ');
		foreign(t, a->text[i], SHORT_MOST);
	}
	TEXT_LIT(t, "\"}");
	if (!a->text[ALERT_POD].len)
		return;
	field_begin(t, "Pod");
	foreign(t, a->text[ALERT_NAMESPACE], SHORT_MOST);
	text_char(t, '/');
	foreign(t, a->text[ALERT_POD], SHORT_MOST);
	TEXT_LIT(t, "\"}");
}

static void
title(struct text *t, const struct alert *a)
{
	static const struct alert_str nothing = { "an event", 8 };

	foreign(t, a->text[ALERT_RULE].len ? a->text[ALERT_RULE] : nothing, SHORT_MOST);
	if (!a->suppressed)
		return;
	TEXT_LIT(t, " (and ");
	text_u64(t, a->suppressed);
	TEXT_LIT(t, " like it)");
}

static void
attachment(struct text *t, const struct alert *a)
{
	TEXT_LIT(t, "{\"color\":\"");
	text_str(t, colours[a->severity]);
	TEXT_LIT(t, "\",\"mrkdwn_in\":[\"text\"],\"title\":\"");
	title(t, a);
	TEXT_LIT(t, "\",\"fallback\":\"");
	title(t, a);
	TEXT_LIT(t, "\",\"text\":\"```");
	line(t, a->text[ALERT_LINE]);
	TEXT_LIT(t, "```\",\"fields\":[{\"short\":true,\"title\":\"Severity\",\"value\":\"");
	text_str(t, severity_names[a->severity]);
	TEXT_LIT(t, "\"}");
	process(t, a);
	container(t, a);
	TEXT_LIT(t, "],\"ts\":");
	text_i64(t, a->time_ns / 1000000000);
	text_char(t, '}');
}

size_t
slack_write(const struct slack *s, const struct alert *alerts, size_t n, char *out)
{
	struct text t = { .p = out, .end = out + SLACK_ROOM, .cap = SIZE_MAX };

	_Static_assert(SLACK_BATCH * (TIMES_LONGER * (LINE_MOST + SHORTS * SHORT_MOST) + 1024) < SLACK_ROOM - 4096,
		"every message fits");
	assert(n && n <= SLACK_BATCH);
	TEXT_LIT(&t, "{\"text\":\"bpfd on ");
	foreign(&t, (struct alert_str){ s->host, strlen(s->host) }, SHORT_MOST);
	TEXT_LIT(&t, ": ");
	text_u64(&t, n);
	text_str(&t, n == 1 ? " alert" : " alerts");
	TEXT_LIT(&t, "\",\"link_names\":false,\"parse\":\"none\"");
	own(&t, "channel", s->channel);
	own(&t, "username", s->username);
	own(&t, "icon_emoji", s->icon);
	TEXT_LIT(&t, ",\"attachments\":[");
	for (size_t i = 0; i < n; i++) {
		if (i)
			text_char(&t, ',');
		attachment(&t, &alerts[i]);
	}
	TEXT_LIT(&t, "]}");
	assert(!t.full);
	return (size_t)(t.p - out);
}
