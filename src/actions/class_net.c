/* SPDX-License-Identifier: Apache-2.0 */
/* The classes web and mail: see net.h. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "actions/net.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"

#define BATCH		64		/* events between two looks at the sockets */
#define MS_NS		1000000ull
#define STOP_MS		4000		/* the supervisor waits a little longer for a message that is under way */

struct net {
	struct net_curl *curl;
	struct net_target *targets[ACTIONS_MAX];	/* by number of the action; NULL: another class's */
	struct net_target *polled[ACTIONS_MAX];		/* as wait_for() put them */
	uint32_t next_seq;
	int64_t stop_ms;				/* 0: nobody wants us to end */
	char packed[ALERT_MAX];
};

static uint64_t
boot_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

static uint64_t
wall_s(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000000000;
}

/* ---- a message's end ---- */

/* The first of the items that are gone says it for those that were delivered with it; each that was
 * given up is told of. */
static void
tell_gone(struct worker *w, struct net_target *t, size_t gone, const struct net_result *r)
{
	char text[NET_WHY + 64];

	if (!gone)
		return;
	if (r->result == QUEUE_DELIVERED) {
		snprintf(text, sizeof(text), gone > 1 ? "%s, %zu alerts" : "%s", r->why, gone);
		worker_result_of(w, &t->alerts[0], t->action, OUTCOME_DONE, 0, text);
		worker_add(w, STAT_DONE, gone - 1);
		return;
	}
	snprintf(text, sizeof(text), "given up: %s", r->why);
	for (size_t i = 0; i < gone && i < t->n; i++)
		worker_result_of(w, &t->alerts[i], t->action, OUTCOME_FAILED, -EREMOTEIO, text);
	worker_add(w, STAT_DROPPED, gone);
}

static void
over(struct worker *w, struct net_target *t, const struct net_result *r)
{
	size_t gone = queue_done(t->queue, r->result, r->retry_after_ns, boot_ns());

	tell_gone(w, t, gone, r);
	if (r->result != QUEUE_DELIVERED) {
		worker_count(w, STAT_RETRIES);
		worker_trouble(w, t->action, -EREMOTEIO, r->why);
	}
	close_keep_errno(TAKE_FD(t->sock));
	curl_slist_free_all(TAKE_PTR(t->headers));
	free(TAKE_PTR(t->body));
	t->wait_fd = -1;
	t->wait_events = 0;
	t->n = 0;
	t->state = NET_IDLE;
}

__attribute__((format(printf, 4, 5))) static void
fail(struct worker *w, struct net_target *t, enum queue_result result, const char *fmt, ...)
{
	struct net_result r = { .result = result };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r.why, sizeof(r.why), fmt, ap);
	va_end(ap);
	over(w, t, &r);
}

/* ---- its way ---- */

static void
step(struct worker *w, struct net_target *t, short revents)
{
	struct net_result r = { .result = QUEUE_UNREACHED };

	if (t->sender->step(t, revents, &r))
		over(w, t, &r);
}

static void
collect(struct worker *w)
{
	struct net *net = w->own;
	struct net_target *t;
	CURLcode code;

	while ((t = net_curl_done(net->curl, &code))) {
		struct net_result r = { .result = QUEUE_UNREACHED };

		if (code != CURLE_OK)
			snprintf(r.why, sizeof(r.why), "%s", t->errors[0] ? t->errors : curl_easy_strerror(code));
		t->sender->judge(t, t->easy, code, &r);
		net_curl_end(net->curl, t);
		over(w, t, &r);
	}
}

/* What cannot be read back was damaged on disk: it is given up alone. */
static int
unpack(struct net_target *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (alert_unpack(t->items[i].bytes, t->items[i].len, &t->alerts[i]))
			return -EBADMSG;
	return 0;
}

static void
ask_for_socket(struct worker *w, struct net_target *t)
{
	const struct msg_action_connect m = { .index = t->action };
	struct net *net = w->own;
	int err;

	t->seq = ++net->next_seq;
	t->state = NET_CONNECTING;
	t->started_ns = boot_ns();
	err = chan_send_nonblock(w->sup, IPC_ACTION_CONNECT, t->seq, &m, NULL);
	if (err)
		fail(w, t, QUEUE_UNREACHED, "the supervisor takes no more requests now");
}

static void
begin(struct worker *w, struct net_target *t)
{
	size_t most = t->def->net.batch;

	if (t->sender->most && t->sender->most < most)
		most = t->sender->most;
	t->n = queue_take(t->queue, t->items, most, boot_ns(), wall_s());
	if (!t->n)
		return;
	if (unpack(t)) {
		memset(t->alerts, 0, t->n * sizeof(*t->alerts));
		for (size_t i = 0; i < t->n; i++)
			for (size_t k = 0; k < N_ALERT_TEXTS; k++)
				t->alerts[i].text[k].s = "";
		fail(w, t, QUEUE_REFUSED, "an alert was damaged on disk");
	} else if (t->sender->compose(t) < 0) {
		fail(w, t, QUEUE_REFUSED, "no message can be made of it");
	} else {
		ask_for_socket(w, t);
	}
}

static bool
may_begin(const struct worker *w, const struct net_target *t)
{
	const struct net *net = w->own;
	unsigned int connecting = 0;

	if (t->state != NET_IDLE || t->broken[0] || w->stop)
		return false;
	for (uint32_t i = 0; i < w->table->n; i++)
		connecting += net->targets[i] && net->targets[i]->state == NET_CONNECTING;
	return connecting < IPC_CONNECTS_MAX;
}

static void
pump(struct worker *w)
{
	struct net *net = w->own;
	uint64_t now = boot_ns();

	for (uint32_t i = 0; i < w->table->n; i++) {
		struct net_target *t = net->targets[i];

		if (!t)
			continue;
		if (may_begin(w, t) && queue_due(t->queue) <= now)
			begin(w, t);
		else if (t->state == NET_SENDING && t->sender->step && now - t->started_ns > t->def->timeout_ms * MS_NS)
			fail(w, t, QUEUE_UNREACHED, "no answer in %llu ms", (unsigned long long)t->def->timeout_ms);
	}
	net_show(w, net->targets);
}

static void
connected(struct worker *w, uint32_t seq, const struct msg_connected *m, int sock)
{
	struct net *net = w->own;
	struct net_target *t = NULL;
	AUTO(fd) int fd = sock;

	for (uint32_t i = 0; i < w->table->n; i++)
		if (net->targets[i] && net->targets[i]->state == NET_CONNECTING && net->targets[i]->seq == seq)
			t = net->targets[i];
	if (!t)
		return;
	if (fd < 0) {
		fail(w, t, QUEUE_UNREACHED, "%s", m->text);
		return;
	}
	t->sock = TAKE_FD(fd);
	t->state = NET_SENDING;
	t->answer_len = 0;
	memset(t->answer, 0, sizeof(t->answer));
	if (t->sender->step)
		step(w, t, 0);
	else if (net_curl_start(net->curl, t))
		fail(w, t, QUEUE_UNREACHED, "there is no memory for it");
}

/* ---- what the loop calls ---- */

static int
ms_until(uint64_t due_ns, uint64_t now_ns)
{
	uint64_t ms = due_ns <= now_ns ? 0 : (due_ns - now_ns + MS_NS - 1) / MS_NS;

	return ms > 60000 ? 60000 : (int)ms;
}

static int
sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static size_t
wait_for(struct worker *w, struct pollfd *fds, size_t room, int *timeout_ms)
{
	struct net *net = w->own;
	const uint64_t now = boot_ns();
	int64_t left = net_curl_due_ms(net->curl) - clock_ms();
	size_t n = 0;

	if (net_curl_due_ms(net->curl) != INT64_MAX)
		*timeout_ms = sooner(*timeout_ms, left < 0 ? 0 : left > 60000 ? 60000 : (int)left);
	for (uint32_t i = 0; i < w->table->n; i++) {
		struct net_target *t = net->targets[i];

		if (t && t->wait_fd >= 0 && n < room) {
			net->polled[n] = t;
			fds[n++] = (struct pollfd){ .fd = t->wait_fd, .events = t->wait_events };
		}
		if (t && t->state == NET_SENDING && t->sender->step)
			*timeout_ms = sooner(*timeout_ms, ms_until(t->started_ns + t->def->timeout_ms * MS_NS, now));
		if (t && may_begin(w, t) && queue_due(t->queue) != UINT64_MAX)
			*timeout_ms = sooner(*timeout_ms, ms_until(queue_due(t->queue), now));
	}
	if (w->stop)
		*timeout_ms = sooner(*timeout_ms, 100);
	return n;
}

static void
woken(struct worker *w, const struct pollfd *fds, size_t n)
{
	struct net *net = w->own;

	for (size_t i = 0; i < n; i++) {
		struct net_target *t = net->polled[i];

		if (!fds[i].revents || t->wait_fd != fds[i].fd)
			continue;
		if (t->sender->step)
			step(w, t, fds[i].revents);
		else
			net_curl_step(net->curl, t, fds[i].revents);
	}
	if (net_curl_due_ms(net->curl) <= clock_ms())
		net_curl_step(net->curl, NULL, 0);
	collect(w);
	pump(w);
}

/* While events keep coming nobody waits, and what is to be sent must not wait for their end. */
static void
flush(struct worker *w)
{
	struct pollfd fds[ACTIONS_MAX];
	int timeout_ms = -1;
	size_t n = wait_for(w, fds, ACTIONS_MAX, &timeout_ms);

	if (poll(fds, n, 0) < 0)
		n = 0;
	woken(w, fds, n);
}

static uint64_t
key_of(const struct alert_str rule)
{
	uint64_t h = EV_HASH_INIT;

	for (size_t i = 0; i < rule.len; i++)
		h = EV_HASH_STEP(h, (unsigned char)rule.s[i]);
	return h;
}

static void
act_one(struct worker *w, const struct event *e, unsigned int action)
{
	const struct alert_from from = { .host = w->host, .boot_offset_ns = w->boot_offset_ns, .epoch = w->epoch };
	const struct rec_match *m = worker_match(e, action);
	struct net *net = w->own;
	struct net_target *t = net->targets[action];
	struct queue_item item = { .epoch = w->epoch, .seq = e->rec->seq, .wall_s = wall_s(), .bytes = net->packed };
	int err;

	item.len = alert_pack(&from, e, m, net->packed);
	if (m)
		item.key = key_of((struct alert_str){ (const char *)e->rec + m->name_off, m->name_len });
	err = queue_put(t->queue, &item, boot_ns());
	if (err >= 0)
		return;
	worker_count(w, STAT_DROPPED);
	worker_trouble(w, action, err, err == -ENOSPC ? "its queue is full, newer alerts are dropped: see queue and spool_bytes"
		: "its spool cannot be written, alerts are dropped");
}

static void
act(struct worker *w, const struct event *e, uint64_t actions)
{
	for (; actions; actions &= actions - 1)
		act_one(w, e, (unsigned int)__builtin_ctzll(actions));
}

static bool
busy(const struct worker *w)
{
	struct net *net = w->own;

	if (!net->stop_ms)
		net->stop_ms = clock_ms() + STOP_MS;
	for (uint32_t i = 0; i < w->table->n; i++)
		if (net->targets[i] && net->targets[i]->state != NET_IDLE)
			return clock_ms() < net->stop_ms;
	return false;
}

/* ---- start ---- */

static int
prepare(struct worker *w, struct sandbox *sb)
{
	static const struct sandbox_rule rules[] = {
#define SANDBOX_CLASS_NET
#include "actions/sandbox.def"
	};
	struct net *net = calloc(1, sizeof(*net));
	int err;

	if (!net)
		return -ENOMEM;
	w->own = net;
	signal(SIGPIPE, SIG_IGN);
	err = net_curl_new(&net->curl);
	for (uint32_t i = 0; !err && i < w->table->n; i++)
		if (w->mask >> i & 1)
			err = net_open(w, i, &net->targets[i]);
	sb->landlock = true;
	sb->rules = rules;
	sb->n_rules = ARRAY_SIZE(rules);
	return err;
}

const struct class_ops class_net = {
	.prepare = prepare, .act = act, .flush = flush, .wait = wait_for, .woken = woken, .busy = busy, .connected = connected,
	.batch = BATCH, .hurry = true,
};
