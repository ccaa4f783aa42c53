/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "actions/worker.h"
#include "alerts/alert.h"
#include "common/clock.h"
#include "common/log.h"

#define TROUBLE_EVERY_NS 10000000000ull

const struct rec_match *
worker_match(const struct event *e, unsigned int action)
{
	const struct rec_match *first = NULL;

	for (uint32_t i = 0; i < e->n_matches; i++) {
		if (!(e->matches[i].actions >> action & 1))
			continue;
		if (e->matches[i].flags & MATCH_ENFORCE)
			return &e->matches[i];
		if (!first)
			first = &e->matches[i];
	}
	return first;
}

/* Text in a message's array: what ipc_str_ok() would refuse is replaced. */
static void
put(char *to, size_t room, const void *from, size_t len)
{
	const unsigned char *s = from;
	size_t n = len < room - 1 ? len : room - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = s[i] >= 0x20 && s[i] < 0x7f ? (char)s[i] : '?';
	to[n] = '\0';
}

/* Whether the enricher has it. */
static bool
tell(struct worker *w, const struct msg_action_result *m)
{
	int err;

	if (!w->enricher) {
		worker_count(w, STAT_UNTOLD);
		return false;
	}
	err = chan_send_nonblock(w->enricher, IPC_ACTION_RESULT, 0, m, NULL);
	if (!err)
		return true;
	worker_count(w, STAT_UNTOLD);
	if (err != -EAGAIN) {
		chan_free(w->enricher);
		w->enricher = NULL;	/* a new one is announced */
	}
	return false;
}

static bool
tell_named(struct worker *w, struct msg_action_result *r, const char *text)
{
	const char *name = w->table->a[r->action].name;

	worker_count(w, r->outcome == OUTCOME_DONE ? STAT_DONE : r->outcome == OUTCOME_FAILED ? STAT_FAILED : STAT_REFUSED);
	if (text)
		put(r->text, sizeof(r->text), text, strlen(text));
	put(r->action_name, sizeof(r->action_name), name, strnlen(name, sizeof(r->action_name)));
	return tell(w, r);
}

bool
worker_result(struct worker *w, const struct event *e, const struct rec_match *m, unsigned int action,
	enum action_outcome outcome, int err, const char *text)
{
	struct msg_action_result r = { .action = action, .outcome = outcome, .err = err };

	if (e) {
		uint64_t now = clock_ns(CLOCK_BOOTTIME);

		r.seq = e->rec->seq;
		r.latency_ns = now > e->ev->ts ? now - e->ev->ts : 0;
		r.target_start = e->ev->start;
		r.target_pid = e->ev->tgid;
		r.target_ppid = e->ev->ppid;
		r.target_uid = e->ev->uid;
		r.target_gid = e->ev->gid;
		memcpy(r.target_comm, e->ev->comm, sizeof(r.target_comm));
		if (e->ctx->flags & CTX_CONTAINER)
			put(r.container, sizeof(r.container),
				(const char *)e->ctx + e->ctx->container.off, e->ctx->container.len);
	}
	if (m)
		put(r.rule, sizeof(r.rule), (const char *)e->rec + m->name_off, m->name_len);
	return tell_named(w, &r, text);
}

bool
worker_result_of(struct worker *w, const struct alert *a, unsigned int action, enum action_outcome outcome, int err,
	const char *text)
{
	struct msg_action_result r = { .action = action, .outcome = outcome, .err = err, .seq = a->seq,
		.target_pid = a->pid, .target_uid = a->uid };
	const int64_t late = (int64_t)clock_ns(CLOCK_REALTIME) - a->time_ns;
	const struct alert_str comm = a->text[ALERT_COMM];

	r.latency_ns = late > 0 ? (uint64_t)late : 0;
	memcpy(r.target_comm, comm.s, comm.len < sizeof(r.target_comm) ? comm.len : sizeof(r.target_comm));
	put(r.container, sizeof(r.container), a->text[ALERT_CONTAINER].s, a->text[ALERT_CONTAINER].len);
	put(r.rule, sizeof(r.rule), a->text[ALERT_RULE].s, a->text[ALERT_RULE].len);
	return tell_named(w, &r, text);
}

void
worker_add(struct worker *w, enum action_stat s, uint64_t n)
{
	worker_gauge(w, s, w->scratch[ACTION_STATS_AT + s] + n);
}

void
worker_gauge(struct worker *w, enum action_stat s, uint64_t value)
{
	__atomic_store_n(&w->scratch[ACTION_STATS_AT + s], value, __ATOMIC_RELAXED);
}

void
worker_trouble(struct worker *w, unsigned int action, int err, const char *text)
{
	static uint64_t logged[ACTIONS_MAX], told[ACTIONS_MAX];
	uint64_t now = clock_ns(CLOCK_BOOTTIME);

	if (!logged[action] || now - logged[action] >= TROUBLE_EVERY_NS) {
		logged[action] = now;
		log_err(err, "action.failed", "action=%s %s", w->table->a[action].name, text);
	}
	if (told[action] && now - told[action] < TROUBLE_EVERY_NS)
		worker_count(w, STAT_FAILED);
	else if (worker_result(w, NULL, NULL, action, OUTCOME_FAILED, err, text))
		told[action] = now;
}
