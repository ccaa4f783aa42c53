/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfd/loglines.h"

#include <stdio.h>
#include <string.h>

/* "<N>" as in sd-daemon(3); a line without it is of level info. */
static enum log_level
take_level(const char **line, size_t *len)
{
	char digit;

	if (*len < 3 || (*line)[0] != '<' || (*line)[2] != '>')
		return LOG_LVL_INFO;
	digit = (*line)[1];
	if (digit < '0' || digit > '7')
		return LOG_LVL_INFO;
	*line += 3;
	*len -= 3;
	/* emerg, alert and crit are not a child's to raise */
	return digit < '3' ? LOG_LVL_ERR : (enum log_level)(digit - '0');
}

static void
escape(char *out, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if (c >= 0x20 && c < 0x7f)
			*out++ = (char)c;
		else
			out += sprintf(out, "\\x%02x", c);
	}
	*out = '\0';
}

static void
say_dropped(struct loglines *l, loglines_fn *each, void *arg)
{
	char text[64];

	if (!l->dropped)
		return;
	snprintf(text, sizeof(text), "log.dropped: lines=%llu", (unsigned long long)l->dropped);
	l->dropped = 0;
	each(arg, LOG_LVL_WARN, text);
}

static void
finish(struct loglines *l, loglines_fn *each, void *arg)
{
	char text[4 * LOGLINES_LINE + 8];
	const char *line = l->buf;
	size_t len = l->len;
	enum log_level level;

	l->len = 0;
	if (len == 0)
		return;
	if (++l->lines > LOGLINES_MAX) {
		l->dropped++;
		return;
	}
	level = take_level(&line, &len);
	escape(text, line, len);
	if (l->cut)
		strcat(text, "...");
	each(arg, level, text);
}

void
loglines_feed(struct loglines *l, const char *data, size_t len, int64_t now_ms, loglines_fn *each,
	void *arg)
{
	if (now_ms - l->window_ms >= LOGLINES_WINDOW_MS) {
		say_dropped(l, each, arg);
		l->window_ms = now_ms;
		l->lines = 0;
	}
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n') {
			finish(l, each, arg);
			l->cut = false;
		} else if (l->len < sizeof(l->buf)) {
			l->buf[l->len++] = data[i];
		} else {
			l->cut = true;
		}
	}
}

void
loglines_end(struct loglines *l, loglines_fn *each, void *arg)
{
	finish(l, each, arg);
	l->cut = false;
	say_dropped(l, each, arg);
}
