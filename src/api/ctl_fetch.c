/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FETCH to the supervisor, which answers with the channel of a bpfd-fetch, and what that says until its last
 * word.  Nobody limits its time here: bpfd-fetch does so itself, and the supervisor kills what is late.
 */
#include "api/ctl_fetch.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "api/api.h"
#include "api/ctl.h"
#include "api/ctl_answer.h"
#include "api/ctl_parse.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/memfd.h"
#include "ipc/chan.h"

struct fetch {
	TAILQ_ENTRY(fetch) link;
	struct ctl_fetches *fs;
	struct fetch_setup setup;	/* its request is gone */
	uint32_t seq;
	struct event_base *base;
	struct chan *chan;		/* NULL: the supervisor has not answered yet */
	struct event readable;
};

void
ctl_fetch_init(struct ctl_fetches *fs)
{
	TAILQ_INIT(&fs->all);
}

static void
fetch_free(struct fetch *f)
{
	TAILQ_REMOVE(&f->fs->all, f, link);
	if (f->chan)
		event_del(&f->readable);
	chan_free(f->chan);
	free(f);
}

static void
end(struct fetch *f, struct fetched *how)
{
	const struct fetch_setup s = f->setup;

	fetch_free(f);
	s.done(s.arg, how);
}

static void
fail(struct fetch *f, enum ipc_code code, const char *text)
{
	end(f, &(struct fetched){ .code = code, .text = text, .object = -1, .bundle = -1 });
}

static void
failed(struct fetch *f, const struct msg_fetch_failed *m)
{
	struct msg_fetch_failed copy = *m;

	answer_clean(copy.text, sizeof(copy.text));
	if (copy.code == IPC_OK || copy.code > IPC_UNAUTHENTICATED)
		copy.code = IPC_INTERNAL;
	fail(f, (enum ipc_code)copy.code, copy.text[0] ? copy.text : "bpfd-fetch failed, see bpfd's log");
}

/* facts, object, bundle. */
static void
done(struct fetch *f, int *fds)
{
	struct fetched how = { .code = IPC_OK, .object = fds[1], .bundle = fds[2] };
	AUTO(mem) void *facts = NULL;
	size_t len = 0;

	if (ctl_read_sealed(fds[0], sizeof(struct image_facts), &facts, &len) < 0 ||
	    len != sizeof(struct image_facts) || image_facts_check(facts) < 0) {
		fail(f, IPC_INTERNAL, "bpfd-fetch's answer is none");
		return;
	}
	how.facts = facts;
	fds[1] = fds[2] = -1;
	end(f, &how);
	close_keep_errno(how.object);
	close_keep_errno(how.bundle);
}

/* False: it was the last word, and f is gone. */
static bool
take(struct fetch *f, struct chan_msg *m)
{
	struct msg_fetch_progress p;

	if (m->hdr.type == IPC_FETCH_PROGRESS) {
		p = *(const struct msg_fetch_progress *)m->payload;
		answer_clean(p.what, sizeof(p.what));
		if (f->setup.progress)
			f->setup.progress(f->setup.arg, p.what, p.done, p.total);
		return true;
	}
	if (m->hdr.type == IPC_FETCH_FAILED)
		failed(f, m->payload);
	else
		done(f, m->fds);
	return false;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct fetch *f = arg;
	/* chan_recv()'s payload is the channel's, which ends with the last word. */
	struct chan_msg m;
	int err;

	while ((err = chan_recv(f->chan, &m)) > 0) {
		bool more = take(f, &m);

		chan_drop_fds(&m);
		if (!more)
			return;
	}
	if (err == 0)
		fail(f, IPC_UNAVAILABLE, "bpfd-fetch ended without an answer: try again, and see bpfd's log");
	else if (err != -EAGAIN)
		fail(f, IPC_INTERNAL, "bpfd-fetch broke the protocol, see bpfd's log");
}

static struct fetch *
find(struct ctl_fetches *fs, uint32_t seq)
{
	struct fetch *f;

	TAILQ_FOREACH(f, &fs->all, link)
		if (f->seq == seq && !f->chan)
			return f;
	return NULL;
}

void
ctl_fetch_channel(struct ctl_fetches *fs, uint32_t seq, int take_fd)
{
	struct fetch *f = find(fs, seq);
	AUTO(fd) int fd = take_fd;

	if (!f)
		return;		/* cancelled: its process ends with the channel */
	if (chan_new(TAKE_FD(fd), ROLE_API, FROM_FETCH, &f->chan) < 0) {
		fail(f, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	chan_set_phase(f->chan, PHASE_RUN);
	event_assign(&f->readable, f->base, chan_fd(f->chan), EV_READ | EV_PERSIST, on_readable, f);
	if (event_add(&f->readable, NULL) < 0)
		fail(f, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
}

void
ctl_fetch_failed(struct ctl_fetches *fs, uint32_t seq, const struct msg_fetch_failed *m)
{
	struct fetch *f = find(fs, seq);

	if (f)
		failed(f, m);
}

void
ctl_fetch_clear(struct ctl_fetches *fs)
{
	while (!TAILQ_EMPTY(&fs->all))
		fail(TAILQ_FIRST(&fs->all), IPC_UNAVAILABLE, "bpfd is being stopped");
}

int
ctl_fetch_ask(struct ctl_fetches *fs, struct event_base *base, struct chan *chan, uint32_t seq,
	const struct fetch_setup *setup, struct fetch **out)
{
	AUTO(mem) struct fetch *f = calloc(1, sizeof(*f));
	AUTO(fd) int request = memfd_sealed("image-request", setup->request, sizeof(*setup->request));
	AUTO(fd) int bundle = setup->bundle ? memfd_sealed("image-bundle", setup->bundle, setup->bundle_len) : -1;
	int err;

	if (!f)
		return -ENOMEM;
	if (request < 0 || (setup->bundle && bundle < 0))
		return request < 0 ? request : bundle;
	err = chan_send_nonblock(chan, IPC_FETCH, seq, NULL, (int[]){ request, bundle >= 0 ? bundle : request });
	if (err)
		return err;
	*f = (struct fetch){ .fs = fs, .setup = *setup, .seq = seq, .base = base };
	f->setup.request = NULL;
	f->setup.bundle = NULL;
	TAILQ_INSERT_TAIL(&fs->all, f, link);
	*out = TAKE_PTR(f);
	return 0;
}

void
fetch_cancel(struct fetch *f)
{
	if (f)
		fetch_free(f);
}
