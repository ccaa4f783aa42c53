/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_SIZE 2048

static enum log_level max_level = LOG_LVL_INFO;
static struct {
	void (*write)(void *arg, enum log_level level, const char *line);
	void *arg;
} sink;

void
log_set_level(enum log_level max)
{
	max_level = max;
}

void
log_set_sink(void (*write_to)(void *arg, enum log_level level, const char *line), void *arg)
{
	sink.write = write_to;
	sink.arg = arg;
}

const char *
log_quote(char *out, size_t size, const char *src)
{
	size_t n = 0;

	if (size < 8)
		return "";
	out[n++] = '"';
	for (const unsigned char *p = (const unsigned char *)(src ? src : ""); *p; p++) {
		if (n + 9 > size) {
			memcpy(out + n, "...", 3);
			n += 3;
			break;
		}
		if (*p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\')
			out[n++] = (char)*p;
		else
			n += (size_t)snprintf(out + n, 5, "\\x%02x", *p);
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}

static void
write_line(enum log_level level, const char *event, int err, const char *fmt, va_list ap)
{
	char line[LOG_LINE_SIZE];
	int saved = errno, n, m, start;

	start = snprintf(line, sizeof(line), "<%d>", (int)level);
	n = start + snprintf(line + start, sizeof(line) - (size_t)start, "%s: ", event);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	n = m < 0 ? n : n + m;
	if (n > LOG_LINE_SIZE - 64)
		n = LOG_LINE_SIZE - 64;
	if (err)
		n += snprintf(line + n, sizeof(line) - (size_t)n, " err=%s",
			strerrorname_np(-err) ? strerrorname_np(-err) : "?");
	if (sink.write) {
		sink.write(sink.arg, level, line + start);
		errno = saved;
		return;
	}
	line[n++] = '\n';
	/* A log pipe that is gone or full must not stop the work. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		errno = saved;
	errno = saved;
}

void
log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	write_line(level, event, 0, fmt, ap);
	va_end(ap);
}

int
log_err(int err, const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_LVL_ERR, event, err, fmt, ap);
	va_end(ap);
	return err;
}
