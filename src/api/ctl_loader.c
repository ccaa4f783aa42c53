/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ctl_loader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/ctl_enricher.h"
#include "api/ctl_answer.h"
#include "api/ctl_req.h"
#include "api/programs.h"
#include "api/sets.h"
#include "api/wishes.h"
#include "common/auto.h"
#include "common/log.h"
#include "ipc/chan.h"

#define IN_FLIGHT_MAX	1024
#define WAITERS_MAX	1024
#define KINDS_MAX	64
#define KIND_OPTIONS_MAX 32
#define MESSAGES_AT_ONCE 64
/* Beyond the longest limit of the loader's own: it passes only when the loader hangs. */
#define ANSWER_WAIT_S	30

struct waiter {
	TAILQ_ENTRY(waiter) link;
	struct ctl_loader *l;
	struct event timer;
	void (*fn)(void *arg, bool ready);
	void *arg;
};

struct ctl_loader {
	struct api *api;
	struct chan *chan;		/* NULL: no loader */
	struct event readable, writable;
	bool ready;			/* reconciled on this channel */
	struct req_list reqs;		/* in the order of asking; unsent ones last */
	size_t n_reqs;
	uint32_t last_seq;
	TAILQ_HEAD(, waiter) waiters;
	size_t n_waiters;
	struct attach_kind kinds[KINDS_MAX];
	size_t n_kinds;
	struct msg_hello hello;
	bool greeted;
};

int
ctl_loader_new(struct api *api, struct ctl_loader **out)
{
	struct ctl_loader *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->api = api;
	TAILQ_INIT(&l->reqs);
	TAILQ_INIT(&l->waiters);
	*out = l;
	return 0;
}

static void
req_end(struct ctl_loader *l, struct req *r)
{
	answer_fn *done = r->done;

	TAILQ_REMOVE(&l->reqs, r, link);
	l->n_reqs--;
	r->done = NULL;
	if (done)
		done(r->arg, &r->answer);
	req_free(r);
}

static void
fail_all(struct ctl_loader *l, const char *text)
{
	struct req_list failed = TAILQ_HEAD_INITIALIZER(failed);
	struct req *r;

	/* A callback may ask again: it finds an empty list and no channel. */
	TAILQ_CONCAT(&failed, &l->reqs, link);
	while ((r = TAILQ_FIRST(&failed))) {
		TAILQ_REMOVE(&failed, r, link);
		TAILQ_INSERT_TAIL(&l->reqs, r, link);
		answer_fail(&r->answer, IPC_UNAVAILABLE, text);
		req_end(l, r);
	}
}

static void
detach(struct ctl_loader *l)
{
	if (!l->chan)
		return;
	event_del(&l->readable);
	event_del(&l->writable);
	chan_free(l->chan);
	l->chan = NULL;
	l->ready = false;
	fail_all(l, "bpfd-loader ended before it answered and is being restarted: look at the "
		"state of things, then try again");
}

static void
waiter_end(struct waiter *w, bool ready)
{
	struct ctl_loader *l = w->l;

	TAILQ_REMOVE(&l->waiters, w, link);
	l->n_waiters--;
	event_del(&w->timer);
	w->fn(w->arg, ready);
	free(w);
}

static void
forget_kinds(struct ctl_loader *l)
{
	for (; l->n_kinds; l->n_kinds--) {
		free(l->kinds[l->n_kinds - 1].options);
		l->kinds[l->n_kinds - 1] = (struct attach_kind){ 0 };
	}
}

void
ctl_loader_free(struct ctl_loader *l)
{
	struct waiter *w;

	if (!l)
		return;
	detach(l);
	while ((w = TAILQ_FIRST(&l->waiters)))
		waiter_end(w, false);
	forget_kinds(l);
	free(l);
}

static void
on_answer_late(evutil_socket_t fd, short what, void *arg)
{
	struct req *r = arg;
	answer_fn *done = r->done;
	struct answer a = { .object_fd = -1, .stream_fd = -1 };

	log_event(LOG_LVL_ERR, "loader.silent", "request=%s", ipc_type_name(r->type));
	answer_fail(&a, IPC_DEADLINE_EXCEEDED, "bpfd-loader does not answer");
	r->done = NULL;		/* stays, for its answer */
	if (done)
		done(r->arg, &a);
}

/* Nobody knows of what this request made. */
static void
undo_late(struct ctl_loader *l, const struct req *r)
{
	if (r->done || r->answer.result.code != IPC_OK || !r->made.kind)
		return;
	log_notice("loader.undo_late", "request=%s id=%llu", ipc_type_name(r->type),
		(unsigned long long)r->made.id);
	ctl_loader_call(l, IPC_UNDO, &r->made, NULL, NULL, NULL);
}

static int
on_hello(struct ctl_loader *l, const struct msg_hello *m)
{
	l->hello = *m;
	l->greeted = true;
	chan_set_phase(l->chan, PHASE_RUN);
	programs_reconcile(l->api);
	return 0;
}

static int
on_kind(struct ctl_loader *l, const struct msg_kind *m)
{
	struct msg_kind *k = &l->kinds[l->n_kinds].kind;

	if (l->n_kinds == KINDS_MAX)
		return -EPROTO;
	*k = *m;
	answer_clean(k->name, sizeof(k->name));
	answer_clean(k->target, sizeof(k->target));
	answer_clean(k->help, sizeof(k->help));
	answer_clean(k->unavailable, sizeof(k->unavailable));
	l->n_kinds++;
	return 0;
}

static int
on_kind_option(struct ctl_loader *l, const struct msg_kind_option *m)
{
	struct attach_kind *k = l->n_kinds ? &l->kinds[l->n_kinds - 1] : NULL;
	struct msg_kind_option *o;

	if (!k || k->n_options == KIND_OPTIONS_MAX)
		return -EPROTO;
	o = reallocarray(k->options, k->n_options + 1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	k->options = o;
	o += k->n_options++;
	*o = *m;
	answer_clean(o->name, sizeof(o->name));
	answer_clean(o->values, sizeof(o->values));
	answer_clean(o->help, sizeof(o->help));
	return 0;
}

/* One that changed by itself. */
static int
on_tracer_state(struct ctl_loader *l, const struct msg_tracer_state *m)
{
	struct msg_tracer_state state = *m;

	answer_clean(state.reason, sizeof(state.reason));
	answer_clean(state.hooks, sizeof(state.hooks));
	answer_clean(state.hooks_reason, sizeof(state.hooks_reason));
	sets_tracer_state(l->api->sets, &state);
	return 0;
}

/* What became of interfaces, and of attachments with them. */
static int
on_iface(struct ctl_loader *l, const struct msg_iface *m)
{
	struct msg_iface iface = *m;

	answer_clean(iface.name, sizeof(iface.name));
	wishes_iface(l->api, &iface);
	return 0;
}

static int
on_link_facts(struct ctl_loader *l, const struct msg_link_facts *m)
{
	struct msg_link_facts facts = *m;

	answer_clean(facts.target, sizeof(facts.target));
	programs_link_changed(l->api, &facts);
	return 0;
}

/* What others took off tracers. */
static int
on_own_lost(struct ctl_loader *l, const struct msg_own *m)
{
	struct msg_own own = *m;

	answer_clean(own.kind, sizeof(own.kind));
	answer_clean(own.program, sizeof(own.program));
	answer_clean(own.target, sizeof(own.target));
	answer_clean(own.text, sizeof(own.text));
	ctl_enricher_own(l->api->enricher, &own);
	return 0;
}

static int
on_message(struct ctl_loader *l, struct chan_msg *m)
{
	struct req *r;
	int err;

	if (m->hdr.type == IPC_HELLO)
		return on_hello(l, m->payload);
	if (m->hdr.type == IPC_KIND)
		return on_kind(l, m->payload);
	if (m->hdr.type == IPC_KIND_OPTION)
		return on_kind_option(l, m->payload);
	if (m->hdr.type == IPC_TRACER_STATE && !m->hdr.seq)
		return on_tracer_state(l, m->payload);
	if (m->hdr.type == IPC_IFACE && !m->hdr.seq)
		return on_iface(l, m->payload);
	if (m->hdr.type == IPC_LINK_FACTS && !m->hdr.seq)
		return on_link_facts(l, m->payload);
	if (m->hdr.type == IPC_OWN_LOST)
		return on_own_lost(l, m->payload);
	TAILQ_FOREACH(r, &l->reqs, link)
		if (r->seq == m->hdr.seq)
			break;
	if (!r || !r->sent)
		return log_err(-EPROTO, "loader.answer", "type=%s to no request",
			ipc_type_name(m->hdr.type));
	err = answer_add(&r->answer, m);
	if (err <= 0)
		return err;
	undo_late(l, r);
	req_end(l, r);
	return 0;
}

/* Ours to end: the supervisor then starts an API with a new pair. */
static void
refuse(struct ctl_loader *l, int err)
{
	log_err(err, "loader.refused", "the loader breaks the protocol");
	l->api->broken = true;
	event_base_loopexit(l->api->base, NULL);
	detach(l);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ctl_loader *l = arg;
	struct chan *chan = l->chan;
	struct chan_msg m;
	int err;

	for (int i = 0; i < MESSAGES_AT_ONCE && l->chan == chan; i++) {
		err = chan_recv(chan, &m);
		if (err == -EAGAIN)
			return;
		if (err == 0) {
			log_notice("loader.gone", "requests=%zu", l->n_reqs);
			detach(l);
			return;
		}
		if (err > 0) {
			err = on_message(l, &m);
			chan_drop_fds(&m);
		}
		if (err < 0) {
			refuse(l, err);
			return;
		}
	}
}

static void
flush(struct ctl_loader *l)
{
	struct req *r;
	int err = 0;

	TAILQ_FOREACH(r, &l->reqs, link) {
		if (r->sent)
			continue;
		err = chan_send_nonblock(l->chan, r->type, r->seq, r->payload, r->fds);
		if (err)
			break;
		req_sent(r);
	}
	if (err == -EAGAIN)
		event_add(&l->writable, NULL);
}

static void
drop_told(struct ctl_loader *l)
{
	struct req *r, *next;

	for (r = TAILQ_FIRST(&l->reqs); r; r = next) {
		next = TAILQ_NEXT(r, link);
		if (r->sent && r->no_answer)
			req_end(l, r);
	}
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	flush(arg);
	drop_told(arg);
}

int
ctl_loader_attach(struct ctl_loader *l, int take_fd)
{
	int err;

	detach(l);
	err = chan_new(take_fd, ROLE_API, FROM_LOADER, &l->chan);
	if (err)
		return err;
	forget_kinds(l);
	l->greeted = false;
	event_assign(&l->readable, l->api->base, chan_fd(l->chan), EV_READ | EV_PERSIST, on_readable, l);
	event_assign(&l->writable, l->api->base, chan_fd(l->chan), EV_WRITE, on_writable, l);
	return event_add(&l->readable, NULL) < 0 ? -ENOMEM : 0;
}

static bool
must_wait(const struct ctl_loader *l)
{
	const struct req *last = TAILQ_LAST(&l->reqs, req_list);

	return last && !last->sent;
}

static int
submit(struct ctl_loader *l, struct req *r, const void *payload, const int *fds)
{
	int err;

	if (!l->chan)
		return -ENOTCONN;
	if (l->n_reqs >= IN_FLIGHT_MAX)
		return -EBUSY;
	r->seq = ++l->last_seq;
	err = must_wait(l) ? -EAGAIN : chan_send_nonblock(l->chan, r->type, r->seq, payload, fds);
	if (err == -EAGAIN) {
		err = req_keep(r, payload, fds);
		if (!err && event_add(&l->writable, NULL) < 0)
			err = -ENOMEM;
	} else if (!err) {
		req_sent(r);
	}
	/* A broken channel: its end is about to be read. */
	if (err == -EPIPE || err == -ECONNRESET)
		err = -ENOTCONN;
	return err;
}

int
ctl_loader_call(struct ctl_loader *l, enum ipc_type type, const void *payload, const int *fds,
	answer_fn *done, void *arg)
{
	const struct timeval tv = {
		.tv_sec = ANSWER_WAIT_S + (time_t)(l->api->cfg->limits_load_timeout_ms / 1000),
	};
	AUTO(req) struct req *r = req_new(type, payload);
	int err;

	if (!r)
		return -ENOMEM;
	err = submit(l, r, payload, fds);
	if (err)
		return err;
	r->done = done;
	r->arg = arg;
	evtimer_assign(&r->timer, l->api->base, on_answer_late, r);
	event_add(&r->timer, &tv);
	r->has_timer = true;
	TAILQ_INSERT_TAIL(&l->reqs, r, link);
	l->n_reqs++;
	r = NULL;
	return 0;
}

int
ctl_loader_tell(struct ctl_loader *l, enum ipc_type type, const void *payload)
{
	AUTO(req) struct req *r = req_new(type, payload);
	int err;

	if (!r)
		return -ENOMEM;
	err = submit(l, r, payload, NULL);
	if (err || r->sent)
		return err;
	r->no_answer = true;
	TAILQ_INSERT_TAIL(&l->reqs, r, link);
	l->n_reqs++;
	r = NULL;
	return 0;
}

bool
ctl_loader_is_ready(const struct ctl_loader *l)
{
	return l->ready;
}

static void
on_wait_late(evutil_socket_t fd, short what, void *arg)
{
	waiter_end(arg, false);
}

void
ctl_loader_ready(struct ctl_loader *l, void (*fn)(void *arg, bool ready), void *arg)
{
	const struct timeval tv = { .tv_sec = CTL_LOADER_WAIT_S };
	struct waiter *w = NULL;

	if (!l->ready && l->n_waiters < WAITERS_MAX)
		w = calloc(1, sizeof(*w));
	if (!w) {
		fn(arg, l->ready);
		return;
	}
	*w = (struct waiter){ .l = l, .fn = fn, .arg = arg };
	evtimer_assign(&w->timer, l->api->base, on_wait_late, w);
	event_add(&w->timer, &tv);
	TAILQ_INSERT_TAIL(&l->waiters, w, link);
	l->n_waiters++;
}

void
ctl_loader_reconciled(struct ctl_loader *l)
{
	struct waiter *w;

	l->ready = true;
	sets_loader_ready(l->api->sets);
	while (l->ready && (w = TAILQ_FIRST(&l->waiters)))
		waiter_end(w, true);
}

const struct attach_kind *
ctl_loader_kinds(const struct ctl_loader *l, size_t *n)
{
	*n = l->n_kinds;
	return l->kinds;
}

const struct msg_hello *
ctl_loader_hello(const struct ctl_loader *l)
{
	return l->greeted ? &l->hello : NULL;
}
