/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ctl_parse.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/events.h"
#include "common/auto.h"
#include "common/memfd.h"

#define PARSES_MAX	64
#define PARSE_WAIT_S	10
#define PARSED_MAX	(4u << 20)

struct parse {
	TAILQ_ENTRY(parse) link;
	struct ctl_parses *ps;
	uint32_t seq;
	ctl_parsed_fn *fn;
	void *arg;
	struct event timer;
};

void
ctl_parse_init(struct ctl_parses *ps)
{
	TAILQ_INIT(&ps->all);
	ps->n = 0;
}

static void
end(struct parse *p, const void *bytes, size_t len, int err)
{
	TAILQ_REMOVE(&p->ps->all, p, link);
	p->ps->n--;
	event_del(&p->timer);
	p->fn(p->arg, bytes, len, err);
	free(p);
}

void
ctl_parse_clear(struct ctl_parses *ps)
{
	while (!TAILQ_EMPTY(&ps->all))
		end(TAILQ_FIRST(&ps->all), NULL, 0, -ECANCELED);
}

/* By read, not mmap: a mapping of a file is not among the calls of a sealed bpfd-api. */
int
ctl_read_sealed(int fd, size_t max, void **out, size_t *len)
{
	long size = memfd_seal_received(fd, max);
	AUTO(mem) char *bytes = size > 0 ? malloc((size_t)size) : NULL;
	size_t have = 0;

	if (size < 0)
		return (int)size;
	if (!bytes)
		return -ENOMEM;
	while (have < (size_t)size) {
		ssize_t n = pread(fd, bytes + have, (size_t)size - have, (off_t)have);

		if (n <= 0)
			return -EINVAL;
		have += (size_t)n;
	}
	*out = TAKE_PTR(bytes);
	*len = have;
	return 0;
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	end(arg, NULL, 0, -ETIMEDOUT);
}

int
ctl_parse_ask(struct ctl_parses *ps, struct event_base *base, struct chan *chan, uint32_t seq,
	const char *file, const char *text, size_t len, ctl_parsed_fn *fn, void *arg)
{
	const struct timeval tv = { .tv_sec = PARSE_WAIT_S };
	struct msg_rules_parse m = { 0 };
	AUTO(fd) int fd = -1;
	AUTO(mem) struct parse *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	if (ps->n == PARSES_MAX)
		return -EBUSY;
	snprintf(m.file, sizeof(m.file), "%s", file);
	fd = memfd_sealed("rule", text, len);
	if (fd < 0)
		return fd;
	err = chan_send_nonblock(chan, IPC_RULES_PARSE, seq, &m, &fd);
	if (err)
		return err;
	*p = (struct parse){ .ps = ps, .seq = seq, .fn = fn, .arg = arg };
	evtimer_assign(&p->timer, base, on_late, p);
	event_add(&p->timer, &tv);
	TAILQ_INSERT_TAIL(&ps->all, p, link);
	ps->n++;
	p = NULL;
	return 0;
}

void
ctl_parse_done(struct ctl_parses *ps, uint32_t seq, const struct msg_rules_parsed *m, int fd)
{
	AUTO(mem) void *bytes = NULL;
	struct parse *p;
	size_t len = 0;
	int err = m->err;

	TAILQ_FOREACH(p, &ps->all, link)
		if (p->seq == seq)
			break;
	if (!p)
		return;		/* too late */
	if (!err)
		err = ctl_read_sealed(fd, PARSED_MAX, &bytes, &len);
	if (!err && m->len != len)
		err = -EBADMSG;
	end(p, err ? NULL : bytes, err ? 0 : len, err);
}
