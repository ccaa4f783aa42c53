/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ctl.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "api/ctl_enricher.h"
#include "api/ctl_fetch.h"
#include "api/ctl_loader.h"
#include "api/ctl_parse.h"
#include "api/server.h"
#include "common/auto.h"
#include "common/log.h"
#include "ipc/chan.h"

#define PROCS_MAX	64
#define PROCS_WAIT_S	2
#define DRAIN_S		5

struct ask {
	TAILQ_ENTRY(ask) link;
	struct ctl *ctl;
	uint32_t seq;
	ctl_procs_fn *done;
	void *arg;
	size_t n;
	struct msg_proc procs[PROCS_MAX];
	struct event timer;
};

struct ctl {
	struct api *api;
	struct chan *chan;
	struct ctl_start *starting;	/* during ctl_wait_start() */
	bool go;
	int peer;			/* a loader's channel that came before the loop */
	uint32_t last_seq;
	TAILQ_HEAD(, ask) asks;
	struct ctl_parses parses;
	struct ctl_fetches fetches;
	int enricher;			/* its channel, if that came before the loop */
	struct event readable, drain;
	bool running, stopping;
};

int
ctl_new(int take_fd, struct ctl **out)
{
	struct ctl *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->peer = c->enricher = -1;
	TAILQ_INIT(&c->asks);
	ctl_parse_init(&c->parses);
	ctl_fetch_init(&c->fetches);
	err = chan_new(take_fd, ROLE_API, FROM_SUP, &c->chan);
	if (err)
		free(c);
	else
		*out = c;
	return err;
}

static void
ask_end(struct ctl *c, struct ask *a, bool answered)
{
	TAILQ_REMOVE(&c->asks, a, link);
	event_del(&a->timer);
	a->done(a->arg, answered ? a->procs : NULL, answered ? a->n : 0);
	free(a);
}

void
ctl_free(struct ctl *c)
{
	struct ask *a;

	if (!c)
		return;
	while ((a = TAILQ_FIRST(&c->asks)))
		ask_end(c, a, false);
	ctl_parse_clear(&c->parses);
	ctl_fetch_clear(&c->fetches);
	if (c->running) {
		event_del(&c->readable);
		event_del(&c->drain);
	}
	close_keep_errno(c->peer);
	close_keep_errno(c->enricher);
	chan_free(c->chan);
	free(c);
}

static int
on_START_API(struct ctl *c, const struct msg_hdr *h, const struct msg_start *m, int *fds)
{
	int err;

	if (!c->starting || c->starting->cfg)
		return -EPROTO;
	err = config_receive(fds[0], &c->starting->cfg);
	if (err)
		return log_err(err, "api.config", "the supervisor's configuration is not valid");
	schema_declare(&c->starting->cfg->declared);
	c->starting->flags = m->flags;
	c->starting->state_dir = TAKE_FD(fds[1]);
	return 0;
}

static int
on_LISTENER(struct ctl *c, const struct msg_hdr *h, const struct msg_listener *m, int *fds)
{
	struct ctl_start *s = c->starting;

	if (!s || s->n_listeners == CTL_LISTENERS_MAX)
		return -EPROTO;
	s->listeners[s->n_listeners++] = TAKE_FD(fds[0]);
	return 0;
}

static int
on_API_GO(struct ctl *c, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	if (!c->starting || !c->starting->cfg)
		return -EPROTO;
	c->go = true;
	chan_set_phase(c->chan, PHASE_RUN);
	return 0;
}

static int
on_API_PEER(struct ctl *c, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	if (c->running)
		return ctl_loader_attach(c->api->loader, TAKE_FD(fds[0]));
	if (c->peer >= 0)
		close(c->peer);
	c->peer = TAKE_FD(fds[0]);
	return 0;
}

static int
on_API_EVENTS(struct ctl *c, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	struct ctl_start *s = c->starting;

	if (!s || s->ring >= 0)
		return -EPROTO;
	s->ring = TAKE_FD(fds[0]);
	s->cursor = TAKE_FD(fds[1]);
	s->wake = TAKE_FD(fds[2]);
	s->actions = TAKE_FD(fds[3]);
	return 0;
}

static int
on_START_RULES(struct ctl *c, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	struct ctl_start *s = c->starting;

	if (!s || s->rules >= 0)
		return -EPROTO;
	s->rules = TAKE_FD(fds[0]);
	return 0;
}

static int
on_API_ENRICHER(struct ctl *c, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	if (c->running)
		return ctl_enricher_attach(c->api->enricher, TAKE_FD(fds[0]));
	close_keep_errno(c->enricher);
	c->enricher = TAKE_FD(fds[0]);
	return 0;
}

static int
on_RULES_PARSED(struct ctl *c, const struct msg_hdr *h, const struct msg_rules_parsed *m, int *fds)
{
	ctl_parse_done(&c->parses, h->seq, m, fds[0]);
	return 0;
}

static int
on_FETCH_CHANNEL(struct ctl *c, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	ctl_fetch_channel(&c->fetches, h->seq, TAKE_FD(fds[0]));
	return 0;
}

static int
on_FETCH_FAILED(struct ctl *c, const struct msg_hdr *h, const struct msg_fetch_failed *m, int *fds)
{
	ctl_fetch_failed(&c->fetches, h->seq, m);
	return 0;
}

static void
on_drained(void *arg)
{
	struct ctl *c = arg;

	event_base_loopexit(c->api->base, NULL);
}

static void
on_drain_late(evutil_socket_t fd, short what, void *arg)
{
	log_notice("api.stop", "clients did not finish in %d s", DRAIN_S);
	on_drained(arg);
}

static int
on_API_STOP(struct ctl *c, const struct msg_hdr *h, const struct msg_stop *m, int *fds)
{
	const struct timeval tv = { .tv_sec = DRAIN_S };

	if (!c->running)
		return -ECONNRESET;
	if (c->stopping)
		return 0;
	c->stopping = true;
	c->api->forget = m->flags & STOP_DETACH;
	event_add(&c->drain, &tv);
	server_drain(c->api->server, on_drained, c);
	return 0;
}

static struct ask *
find_ask(struct ctl *c, uint32_t seq)
{
	struct ask *a;

	TAILQ_FOREACH(a, &c->asks, link)
		if (a->seq == seq)
			return a;
	return NULL;
}

static int
on_PROC(struct ctl *c, const struct msg_hdr *h, const struct msg_proc *m, int *fds)
{
	struct ask *a = find_ask(c, h->seq);

	if (!IPC_STR_OK(m->name))
		return -EPROTO;
	if (a && a->n < PROCS_MAX)
		a->procs[a->n++] = *m;
	return 0;
}

static int
on_PROC_END(struct ctl *c, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	struct ask *a = find_ask(c, h->seq);

	if (a)
		ask_end(c, a, true);
	return 0;
}

/* Only the supervisor is at the other end, so chan_recv() lets nothing else through. */
static int
dispatch(struct ctl *c, struct chan_msg *m)
{
	switch (m->hdr.type) {
#define ON(NAME) case IPC_##NAME: return on_##NAME(c, &m->hdr, m->payload, m->fds);
	ON(START_API)
	ON(LISTENER)
	ON(API_GO)
	ON(API_PEER)
	ON(API_STOP)
	ON(PROC)
	ON(PROC_END)
	ON(API_EVENTS)
	ON(START_RULES)
	ON(API_ENRICHER)
	ON(RULES_PARSED)
	ON(FETCH_CHANNEL)
	ON(FETCH_FAILED)
#undef ON
	default:
		return -EPROTO;
	}
}

int
ctl_wait_start(struct ctl *c, struct ctl_start *out)
{
	struct chan_msg m = { 0 };
	int err = 0;

	*out = (struct ctl_start){ .state_dir = -1, .ring = -1, .cursor = -1, .wake = -1, .actions = -1,
		.rules = -1 };
	c->starting = out;
	while (!err && !c->go) {
		err = chan_wait(c->chan, &m, -1);
		err = err == 0 ? -ECONNRESET : err < 0 ? err : dispatch(c, &m);
		chan_drop_fds(&m);
	}
	c->starting = NULL;
	return err;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ctl *c = arg;
	struct chan_msg m;
	int err;

	while ((err = chan_recv(c->chan, &m)) > 0) {
		err = dispatch(c, &m);
		chan_drop_fds(&m);
		if (err < 0)
			break;
	}
	if (err == -EAGAIN)
		return;
	if (err < 0)
		c->api->broken = true;
	else
		log_notice("api.orphaned", "the supervisor is gone");
	event_base_loopexit(c->api->base, NULL);
	event_del(&c->readable);
}

int
ctl_run(struct ctl *c, struct api *api)
{
	int err;

	c->api = api;
	event_assign(&c->readable, api->base, chan_fd(c->chan), EV_READ | EV_PERSIST, on_readable, c);
	evtimer_assign(&c->drain, api->base, on_drain_late, c);
	c->running = true;
	err = chan_send(c->chan, IPC_READY, 0, NULL, NULL);
	if (!err && event_add(&c->readable, NULL) < 0)
		err = -ENOMEM;
	if (!err && c->peer >= 0)
		err = ctl_loader_attach(api->loader, TAKE_FD(c->peer));
	if (!err && c->enricher >= 0)
		err = ctl_enricher_attach(api->enricher, TAKE_FD(c->enricher));
	return err;
}

static void
on_ask_late(evutil_socket_t fd, short what, void *arg)
{
	struct ask *a = arg;

	ask_end(a->ctl, a, false);
}

int
ctl_procs(struct ctl *c, ctl_procs_fn *done, void *arg)
{
	const struct timeval tv = { .tv_sec = PROCS_WAIT_S };
	AUTO(mem) struct ask *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->ctl = c;
	a->seq = ++c->last_seq;
	a->done = done;
	a->arg = arg;
	err = chan_send_nonblock(c->chan, IPC_PROCS, a->seq, NULL, NULL);
	if (err)
		return err;
	evtimer_assign(&a->timer, c->api->base, on_ask_late, a);
	event_add(&a->timer, &tv);
	TAILQ_INSERT_TAIL(&c->asks, a, link);
	a = NULL;
	return 0;
}

int
ctl_rules_parse(struct ctl *c, const char *file, const char *text, size_t len, ctl_parsed_fn *fn,
	void *arg)
{
	return ctl_parse_ask(&c->parses, c->api->base, c->chan, ++c->last_seq, file, text, len, fn, arg);
}

int
fetch_start(struct api *api, const struct fetch_setup *setup, struct fetch **out)
{
	struct ctl *c = api->ctl;

	return ctl_fetch_ask(&c->fetches, api->base, c->chan, ++c->last_seq, setup, out);
}

int
ctl_classes_wanted(struct ctl *c, uint64_t mask)
{
	const struct msg_mask m = { .mask = mask };

	return chan_send_nonblock(c->chan, IPC_CLASSES_WANTED, 0, &m, NULL);
}
