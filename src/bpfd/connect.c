/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that children and helpers ask for, one bpfd-connect each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"

#define GRACE_MS	500	/* bpfd-connect keeps the time limit itself, but where libc looks a name up */

struct connection {
	struct task task;
	struct chan *chan;		/* NULL: it has said its word */
	struct loop_source msgs;
	struct connect_want want;
	bool late, answered;
	int64_t kill_at_ms;
	struct connection *next;
};

/* Once, whatever happens. */
static void
answer(struct connection *c, const struct msg_connected *m, int sock)
{
	if (!c->answered)
		c->want.answer(c->want.arg, c->want.seq, m, sock);
	c->answered = true;
}

static int
on_CONNECTED(struct connection *c, struct chan *ch, const struct msg_hdr *h, const struct msg_connected *m, int *fds)
{
	(void)ch, (void)h;
	if (m->err || m->own > 1 || !IPC_STR_OK(m->text))
		return -EPROTO;
	answer(c, m, fds[0]);
	return 0;
}

static int
on_NOT_CONNECTED(struct connection *c, struct chan *ch, const struct msg_hdr *h, const struct msg_connected *m,
	int *fds)
{
	(void)ch, (void)h, (void)fds;
	if (m->err >= 0 || !IPC_STR_OK(m->text))
		return -EPROTO;
	answer(c, m, -1);
	return 0;
}

static int
dispatch(struct connection *c, struct chan_msg *mp)
{
	struct chan_msg m = *mp;
	int err = -EPROTO;

	switch (m.hdr.type) {
#define TO_SUP_CONNECT(NAME, from, payload, fds, phase) IPC_CASE(NAME, payload, c, c->chan)
#include "ipc/messages.def"
	}
	return err;
}

/* Its one message, or the end of the channel: nothing else is expected of it but its end. */
static void
on_message(void *arg)
{
	struct connection *c = arg;
	struct chan_msg m;
	int err = chan_recv(c->chan, &m);

	if (err == -EAGAIN)
		return;
	if (err == 1) {
		err = dispatch(c, &m);
		chan_drop_fds(&m);
	}
	if (err < 0) {
		log_err(err, "connect.refused", "pid=%d it is ended", (int)c->task.pid);
		task_kill(&c->task);
	}
	loop_remove(c->task.sup->loop, &c->msgs);
	chan_free(TAKE_PTR(c->chan));
}

static void
on_ended(struct task *t, int status)
{
	struct connection *c = (struct connection *)t, **at = &t->sup->connections;	/* its first member */
	struct msg_connected m = { .err = c->late ? -ETIMEDOUT : -EIO };

	if (c->chan)
		on_message(c);		/* what it said last may not have been read */
	if (c->chan) {
		loop_remove(t->sup->loop, &c->msgs);
		chan_free(c->chan);
	}
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->late)
		snprintf(m.text, sizeof(m.text), "looking up %s took longer than network.connect_ms (%llu)", c->want.host,
			(unsigned long long)t->sup->cfg->network_connect_ms);
	else
		snprintf(m.text, sizeof(m.text), "bpfd-connect ended without an answer: %s", proc_death(status));
	answer(c, &m, -1);
	free(c);
}

static bool
too_many(const struct sup *s, const void *arg)
{
	size_t all = 0, of_asker = 0;

	for (const struct connection *c = s->connections; c; c = c->next) {
		all++;
		of_asker += c->want.arg == arg;
	}
	return all >= s->cfg->network_connections || of_asker >= IPC_CONNECTS_MAX;
}

/* The request lies in its channel before it runs. */
static int
start(struct connection *c, int theirs)
{
	const struct config *cfg = c->task.sup->cfg;
	struct msg_connect m = { .port = c->want.port, .flags = c->want.remote ? CONNECT_REMOTE : 0,
		.ms = (uint32_t)cfg->network_connect_ms, .allow = cfg->network_allow };
	struct proc_start ps = { .id = PROC_CONNECT, .channel = theirs };
	int err;

	snprintf(m.host, sizeof(m.host), "%s", c->want.host);
	err = chan_send_nonblock(c->chan, IPC_CONNECT, 0, &m, NULL);
	if (!err)
		err = loop_add(c->task.sup->loop, &c->msgs);
	if (err)
		return err;
	err = task_start(&c->task, &ps);
	if (err)
		loop_remove(c->task.sup->loop, &c->msgs);
	return err;
}

int
connect_begin(struct sup *s, const struct connect_want *want)
{
	AUTO(mem) struct connection *c = too_many(s, want->arg) ? NULL : calloc(1, sizeof(*c));
	int sv[2], err;

	if (!c)
		return too_many(s, want->arg) ? -EAGAIN : -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	c->task.sup = s;
	c->task.ended = on_ended;
	c->want = *want;
	err = chan_new(sv[0], ROLE_SUP, FROM_CONNECT, &c->chan);
	if (!err) {
		chan_set_phase(c->chan, PHASE_RUN);
		c->msgs = (struct loop_source){ chan_fd(c->chan), on_message, c };
		err = start(c, sv[1]);
	}
	close(sv[1]);
	if (err) {
		chan_free(c->chan);
		return err;
	}
	c->kill_at_ms = c->task.started_ms + (int64_t)s->cfg->network_connect_ms + GRACE_MS;
	c->next = s->connections;
	s->connections = TAKE_PTR(c);
	return 0;
}

void
connect_forget(struct sup *s, const void *arg)
{
	for (struct connection *c = s->connections; c; c = c->next) {
		if (c->want.arg != arg)
			continue;
		c->answered = true;
		task_kill(&c->task);
	}
}

int64_t
connect_next_ms(const struct sup *s)
{
	int64_t next = INT64_MAX;

	for (const struct connection *c = s->connections; c; c = c->next)
		if (c->kill_at_ms < next)
			next = c->kill_at_ms;
	return next;
}

void
connect_kill_late(struct sup *s)
{
	int64_t now = clock_ms();

	for (struct connection *c = s->connections; c; c = c->next) {
		if (c->kill_at_ms > now)
			continue;
		c->late = true;
		c->kill_at_ms = INT64_MAX;
		task_kill(&c->task);
	}
}

void
connect_kill_all(struct sup *s)
{
	for (struct connection *c = s->connections; c; c = c->next) {
		c->answered = true;
		task_kill(&c->task);
	}
}
