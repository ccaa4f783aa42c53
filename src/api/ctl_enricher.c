/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ctl_enricher.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "api/api.h"
#include "api/ctl_answer.h"
#include "api/sets.h"
#include "common/auto.h"
#include "common/log.h"
#include "ipc/chan.h"
#include "ipc/counters.h"

#define STATS_WAIT_S	1
#define COUNTERS_MAX	4096
#define MESSAGES_AT_ONCE 256
#define OWN_MAX		256

struct stats {
	TAILQ_ENTRY(stats) link;
	struct ctl_enricher *e;
	uint32_t seq;
	ctl_stats_fn *fn;
	ctl_counts_fn *counts_fn;	/* of rules; else fn */
	void *arg;
	struct msg_counter *v;
	struct msg_rule_count *counts;
	size_t n;
	uint32_t from;
	struct event timer;
};

struct own_wait {
	TAILQ_ENTRY(own_wait) link;
	struct msg_own m;
};

struct ctl_enricher {
	struct api *api;
	struct chan *chan;		/* NULL: no enricher */
	struct event readable, writable;
	uint32_t last_seq;
	int set_fd;			/* -1: no rule set yet */
	struct msg_ruleset set;
	bool set_sent;			/* to this enricher */
	TAILQ_HEAD(, own_wait) own;	/* for one that has its rules */
	unsigned int n_own;
	TAILQ_HEAD(, stats) stats;
};

int
ctl_enricher_new(struct api *api, struct ctl_enricher **out)
{
	struct ctl_enricher *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->api = api;
	e->set_fd = -1;
	TAILQ_INIT(&e->stats);
	TAILQ_INIT(&e->own);
	*out = e;
	return 0;
}

static void
stats_end(struct stats *s, bool answered)
{
	TAILQ_REMOVE(&s->e->stats, s, link);
	event_del(&s->timer);
	if (s->counts_fn)
		s->counts_fn(s->arg, s->counts, answered ? s->n : 0);
	else
		s->fn(s->arg, s->v, answered ? s->n : 0);
	free(s->counts);
	free(s->v);
	free(s);
}

static void
detach(struct ctl_enricher *e)
{
	if (!e->chan)
		return;
	event_del(&e->readable);
	event_del(&e->writable);
	chan_free(e->chan);
	e->chan = NULL;
	e->set_sent = false;
	while (!TAILQ_EMPTY(&e->stats))
		stats_end(TAILQ_FIRST(&e->stats), false);
}

static void
own_drop(struct ctl_enricher *e, struct own_wait *w)
{
	TAILQ_REMOVE(&e->own, w, link);
	e->n_own--;
	free(w);
}

void
ctl_enricher_free(struct ctl_enricher *e)
{
	if (!e)
		return;
	detach(e);
	while (!TAILQ_EMPTY(&e->own))
		own_drop(e, TAILQ_FIRST(&e->own));
	close_keep_errno(e->set_fd);
	free(e);
}

static int
on_ruleset_used(struct ctl_enricher *e, const struct msg_ruleset_used *m)
{
	struct msg_ruleset_used used = *m;

	answer_clean(used.text, sizeof(used.text));
	sets_enricher_used(e->api->sets, &used);
	return 0;
}

static struct stats *
find(struct ctl_enricher *e, uint32_t seq)
{
	struct stats *s;

	TAILQ_FOREACH(s, &e->stats, link)
		if (s->seq == seq)
			break;
	return s;
}

/* Those that come too late, or for which there is no memory, are not shown. */
static void
keep(struct ctl_enricher *e, uint32_t seq, const struct msg_counter *of, uint32_t n)
{
	struct stats *s = find(e, seq);
	struct msg_counter *v = s && s->n + n <= COUNTERS_MAX ? reallocarray(s->v, s->n + n, sizeof(*v)) : NULL;

	if (!v)
		return;
	s->v = v;
	for (uint32_t i = 0; i < n; i++) {
		v[s->n] = of[i];
		answer_clean(v[s->n].name, sizeof(v->name));
		s->n++;
	}
}

static int
on_ev_stat(struct ctl_enricher *e, uint32_t seq, const struct msg_ev_stat *m)
{
	if (m->n > EV_STAT_MAX)
		return -EPROTO;
	keep(e, seq, m->v, m->n);
	return 0;
}

static int
on_ev_kernel(struct ctl_enricher *e, uint32_t seq, const struct msg_ev_kernel *m)
{
	struct msg_counter v[IPC_KERNEL_COUNTERS];

	if (m->n > EV_KERNEL_MAX)
		return -EPROTO;
	for (uint32_t i = 0; i < m->n; i++)
		keep(e, seq, v, ipc_kernel_counters(&m->of[i], v));
	return 0;
}

static int
compare_counts(const void *x, const void *y)
{
	const struct msg_rule_count *a = x, *b = y;

	return (a->id > b->id) - (a->id < b->id);
}

/* Part after part, so that an answer never fills the channel. */
static int
on_rule_counts(struct ctl_enricher *e, uint32_t seq, const struct msg_ev_rule_counts *m)
{
	struct stats *s = find(e, seq);
	struct msg_rule_count *all;
	struct msg_ev_rules ask;

	if (m->n > EV_RULE_COUNTS_MAX)
		return -EPROTO;
	if (!s || !s->counts_fn)
		return 0;
	all = reallocarray(s->counts, s->n + m->n + 1, sizeof(*all));
	if (all) {
		memcpy(all + s->n, m->of, m->n * sizeof(*all));
		s->counts = all;
		s->n += m->n;
	}
	ask = (struct msg_ev_rules){ .from = m->next };
	if (all && m->next > s->from && s->n < RULES_MAX &&
	    chan_send_nonblock(e->chan, IPC_EV_RULES, seq, &ask, NULL) == 0) {
		s->from = m->next;
		return 0;
	}
	if (s->n)
		qsort(s->counts, s->n, sizeof(*s->counts), compare_counts);
	stats_end(s, true);
	return 0;
}

static int
on_message(struct ctl_enricher *e, const struct chan_msg *m)
{
	struct stats *s;

	switch (m->hdr.type) {
	case IPC_RULESET_USED:
		return on_ruleset_used(e, m->payload);
	case IPC_EV_KERNEL:
		return on_ev_kernel(e, m->hdr.seq, m->payload);
	case IPC_EV_STAT:
		return on_ev_stat(e, m->hdr.seq, m->payload);
	case IPC_EV_RULE_COUNTS:
		return on_rule_counts(e, m->hdr.seq, m->payload);
	case IPC_EV_STATS_END:
		s = find(e, m->hdr.seq);
		if (s)
			stats_end(s, true);
		return 0;
	default:
		return -EPROTO;
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct ctl_enricher *e = arg;
	struct chan *chan = e->chan;
	struct chan_msg m;

	for (int i = 0; i < MESSAGES_AT_ONCE && e->chan == chan; i++) {
		int err = chan_recv(chan, &m);

		if (err == -EAGAIN)
			return;
		if (err > 0) {
			err = on_message(e, &m);
			chan_drop_fds(&m);
			if (err == 0)
				continue;
		}
		/* The supervisor starts another one; one that breaks the protocol is as good as dead. */
		if (err < 0)
			log_err(err, "enricher.refused", "the enricher breaks the protocol");
		else
			log_notice("enricher.gone", "generation=%u", e->set.generation);
		detach(e);
		return;
	}
}

/* Behind the rules, which may want them. */
static void
send_own(struct ctl_enricher *e)
{
	struct own_wait *w;
	int err = 0;

	while (!err && e->set_sent && (w = TAILQ_FIRST(&e->own))) {
		err = chan_send_nonblock(e->chan, IPC_OWN_EVENT, 0, &w->m, NULL);
		if (!err)
			own_drop(e, w);
	}
	if (err == -EAGAIN)
		event_add(&e->writable, NULL);
}

static void
send_set(struct ctl_enricher *e)
{
	int err;

	if (!e->chan || e->set_fd < 0)
		return;
	err = chan_send_nonblock(e->chan, IPC_RULESET, ++e->last_seq, &e->set, &e->set_fd);
	e->set_sent = !err;
	if (err == -EAGAIN)
		event_add(&e->writable, NULL);
	send_own(e);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct ctl_enricher *e = arg;

	if (e->set_sent)
		send_own(e);
	else
		send_set(e);
}

void
ctl_enricher_own(struct ctl_enricher *e, const struct msg_own *m)
{
	struct own_wait *w = e->n_own < OWN_MAX ? calloc(1, sizeof(*w)) : NULL;

	if (!w) {
		log_warn("enricher.own", "link=%llu no room for its event", (unsigned long long)m->link);
		return;
	}
	w->m = *m;
	TAILQ_INSERT_TAIL(&e->own, w, link);
	e->n_own++;
	send_own(e);
}

int
ctl_enricher_attach(struct ctl_enricher *e, int take_fd)
{
	int err;

	detach(e);
	err = chan_new(take_fd, ROLE_API, FROM_ENRICHER, &e->chan);
	if (err)
		return err;
	chan_set_phase(e->chan, PHASE_RUN);
	event_assign(&e->readable, e->api->base, chan_fd(e->chan), EV_READ | EV_PERSIST, on_readable, e);
	event_assign(&e->writable, e->api->base, chan_fd(e->chan), EV_WRITE, on_writable, e);
	send_set(e);
	return event_add(&e->readable, NULL) < 0 ? -ENOMEM : 0;
}

void
ctl_enricher_ruleset(struct ctl_enricher *e, int take_fd, const struct msg_ruleset *m)
{
	close_keep_errno(e->set_fd);
	e->set_fd = take_fd;
	e->set = *m;
	send_set(e);
}

static void
on_stats_late(evutil_socket_t fd, short what, void *arg)
{
	stats_end(arg, false);
}

/* like: what to call, with what.  False: nobody is there to be asked. */
static bool
ask(struct ctl_enricher *e, const struct stats *like, uint32_t type, const void *payload)
{
	const struct timeval tv = { .tv_sec = STATS_WAIT_S };
	struct stats *s = e->chan ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return false;
	*s = *like;
	s->e = e;
	s->seq = ++e->last_seq;
	if (chan_send_nonblock(e->chan, type, s->seq, payload, NULL) < 0) {
		free(s);
		return false;
	}
	evtimer_assign(&s->timer, e->api->base, on_stats_late, s);
	event_add(&s->timer, &tv);
	TAILQ_INSERT_TAIL(&e->stats, s, link);
	return true;
}

void
ctl_enricher_stats(struct ctl_enricher *e, ctl_stats_fn *fn, void *arg)
{
	if (!ask(e, &(struct stats){ .fn = fn, .arg = arg }, IPC_EV_STATS, NULL))
		fn(arg, NULL, 0);
}

void
ctl_enricher_counts(struct ctl_enricher *e, ctl_counts_fn *fn, void *arg)
{
	const struct msg_ev_rules from = { .from = 0 };

	if (!ask(e, &(struct stats){ .counts_fn = fn, .arg = arg }, IPC_EV_RULES, &from))
		fn(arg, NULL, 0);
}
