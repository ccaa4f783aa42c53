/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alerts/alert.h"
#include "alerts/mail.h"
#include "alerts/queue.h"
#include "alerts/slack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines that are short, printable and end with CR LF; no command, no header of the event's. */
static void
mail(const struct alert *a)
{
	static const struct mail form = { .from = "a@b", .to = "c@d", .to_len = 4, .subject = "", .host = "h" };
	static char out[MAIL_ROOM + 1];
	size_t len = mail_write(&form, a, 1, out), headers = 0;
	bool body = false;

	out[len] = '\0';
	for (char *line = out, *end; *line; line = end + 2) {
		end = strstr(line, "\r\n");
		if (!end || end - line > 78 || *line == '.')
			abort();
		for (char *c = line; c < end; c++)
			if (*c < ' ' || *c > '~')
				abort();
		body |= end == line;
		headers += !body && *line != ' ';
	}
	if (headers != 10)
		abort();
}

static void
slack(const struct alert *a)
{
	static const struct slack form = { .host = "h" };
	static char out[SLACK_ROOM];
	size_t len = slack_write(&form, a, 1, out);

	if (memchr(out, '<', len))
		abort();
}

/* In memory that ends where the alert does. */
static void
unpack(const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);
	struct alert a;

	if (!copy)
		return;
	memcpy(copy, data, size);
	if (alert_unpack(copy, size, &a) == 0) {
		mail(&a);
		slack(&a);
	}
	free(copy);
}

/* A spool with anything in it: what comes out is bounded, and a second look sees nothing worse. */
static void
spool(const uint8_t *data, size_t size)
{
	const struct queue_limits l = { .entries = 16, .batch = 4, .retry_first_ns = 1, .retry_most_ns = 2 };
	struct queue_item items[4];
	struct queue_stats s;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct queue *q;
	size_t n, all = 0;

	if (fd < 0 || ftruncate(fd, QUEUE_SPOOL_MIN) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size ||
	    queue_open(&l, fd, 1, 1, 1, &q) < 0)
		abort();
	while ((n = queue_take(q, items, 4, 1000, 1))) {
		all += n;
		for (size_t i = 0; i < n; i++)
			unpack(items[i].bytes, items[i].len);
		if (queue_done(q, QUEUE_DELIVERED, 0, 1000) != n || all > QUEUE_SPOOL_MIN / 64)
			abort();
	}
	queue_stats(q, &s);
	if (s.items || s.delivered != all)
		abort();
	queue_free(q);
	if (queue_open(&l, fd, 1, 1, 1, &q) < 0)
		abort();
	queue_stats(q, &s);
	if (s.items || s.damaged)
		abort();
	queue_free(q);
	close(fd);
}

/* The first byte says what follows: a spool or an alert. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size || size > QUEUE_SPOOL_MIN)
		return 0;
	if (data[0] & 1)
		spool(data + 1, size - 1);
	else
		unpack(data + 1, size - 1);
	return 0;
}
