/* SPDX-License-Identifier: Apache-2.0 */
#include "api/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/conn.h"
#include "api/descset.h"
#include "common/auto.h"
#include "common/log.h"
#include "proto/grpc.h"

#define ACCEPT_BATCH	64	/* clients taken in one event, so that others get their turn */
#define RETRY_S		1	/* after accept failed for want of descriptors or memory */
#define GROUPS_MAX	256

/* ---- accepting ---- */

static struct user *
user_of(struct server *s, uid_t uid)
{
	struct user *u;

	LIST_FOREACH(u, &s->users, link)
		if (u->uid == uid)
			return u;
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->uid = uid;
	LIST_INSERT_HEAD(&s->users, u, link);
	return u;
}

static void
user_drop_unused(struct user *u)
{
	if (u->n_conns > 0)
		return;
	LIST_REMOVE(u, link);
	free(u);
}

/* An empty SETTINGS and GOAWAY(ENHANCE_YOUR_CALM), so that the client can say why. */
static void
refuse(int fd, enum counter why, struct server *s)
{
	static const uint8_t frames[] =
		"\0\0\0\4\0\0\0\0\0"
		"\0\0\42\7\0\0\0\0\0" "\0\0\0\0" "\0\0\0\13" "bpfd: too many connections";

	_Static_assert(sizeof(frames) - 1 == 9 + 9 + 34, "GOAWAY's length");
	s->counters[why]++;
	if (write(fd, frames, sizeof(frames) - 1) < 0)
		return;		/* it is closed either way */
}

/* The peer's groups count only now: what it may do is fixed for the connection. */
static int
identify(const struct server *s, int fd, struct peer *peer)
{
	gid_t gids[GROUPS_MAX];
	size_t n_gids = GROUPS_MAX;
	int err = config_peer(fd, &peer->uid, &peer->pid, gids, &n_gids);

	if (err)
		return err;
	peer->role = config_role_of(s->cfg, peer->uid, gids, n_gids);
	return 0;
}

static void
admit(struct server *s, int take_fd)
{
	AUTO(fd) int fd = take_fd;
	struct peer peer = { 0 };
	struct user *user;

	CONN_COUNT(s, connections);
	if (s->n_conns >= s->cfg->limits_connections) {
		refuse(fd, COUNT_connections_refused, s);
		return;
	}
	if (identify(s, fd, &peer) < 0 || !(user = user_of(s, peer.uid))) {
		CONN_COUNT(s, accept_failures);
		return;
	}
	if (peer.uid != 0 && user->n_conns >= s->cfg->limits_connections_per_user) {
		refuse(fd, COUNT_connections_refused_user, s);
		return;
	}
	if (conn_new(s, TAKE_FD(fd), &peer, user) < 0)
		CONN_COUNT(s, accept_failures);
	user_drop_unused(user);
}

static void
listen_pause(struct server *s, bool pause)
{
	const struct timeval tv = { RETRY_S, 0 };

	for (size_t i = 0; i < SERVER_LISTENERS; i++) {
		if (!s->listeners[i])
			continue;
		if (pause)
			event_del(s->listeners[i]);
		else
			event_add(s->listeners[i], NULL);
	}
	if (pause)
		event_add(s->retry, &tv);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	listen_pause(arg, false);
}

static void
on_client(evutil_socket_t listener, short what, void *arg)
{
	struct server *s = arg;

	for (int i = 0; i < ACCEPT_BATCH; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			admit(s, fd);
			continue;
		}
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		CONN_COUNT(s, accept_failures);
		log_err(-errno, "api.accept", "connections=%zu waiting_s=%d", s->n_conns, RETRY_S);
		listen_pause(s, true);
		return;
	}
}

/* ---- life ---- */

static void
on_drained(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	void (*done)(void *) = s->done;

	s->done = NULL;
	if (done)
		done(s->done_arg);
}

void
server_conn_gone(struct conn *c)
{
	struct server *s = c->srv;

	LIST_REMOVE(c, link);
	s->n_conns--;
	c->user->n_conns--;
	user_drop_unused(c->user);
	if (s->draining && s->n_conns == 0)
		event_active(s->drained, 0, 0);
}

static int
find_methods(struct server *s)
{
	s->methods = calloc(rpc_table_len, sizeof(*s->methods));
	if (!s->methods)
		return -ENOMEM;
	for (size_t i = 0; i < rpc_table_len; i++) {
		const struct rpc *rpc = &rpc_table[i];
		struct method *m = &s->methods[i];

		m->rpc = rpc;
		m->path_len = strlen(rpc->path);
		if (!descset_method(rpc->service, rpc->method, &m->client_streams, &m->server_streams))
			return log_err(-ENOENT, "api.method", "path=%s is in rpcs.def and in no contract",
				rpc->path);
	}
	return 0;
}

AUTO_DEFINE(server, struct server *, server_free)

int
server_new(struct event_base *base, const struct config *cfg, struct api *api, struct server **out)
{
	AUTO(server) struct server *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->base = base;
	s->cfg = cfg;
	s->api = api;
	LIST_INIT(&s->conns);
	LIST_INIT(&s->users);
	LIST_INIT(&s->spare);
	s->retry = event_new(base, -1, 0, on_retry, s);
	s->drained = event_new(base, -1, 0, on_drained, s);
	if (!s->retry || !s->drained)
		return -ENOMEM;
	err = h2_setup(s);
	if (!err)
		err = find_methods(s);
	if (err)
		return err;
	/* A client that is gone is an error of write(), not of the process. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	*out = TAKE_PTR(s);
	return 0;
}

int
server_listen(struct server *s, int take_fd)
{
	AUTO(fd) int fd = take_fd;

	for (size_t i = 0; i < SERVER_LISTENERS; i++) {
		if (s->listeners[i])
			continue;
		s->listeners[i] = event_new(s->base, fd, EV_READ | EV_PERSIST, on_client, s);
		if (!s->listeners[i])
			return -ENOMEM;
		TAKE_FD(fd);
		return event_add(s->listeners[i], NULL) < 0 ? -ENOMEM : 0;
	}
	return -ENOSPC;
}

static void
close_listeners(struct server *s)
{
	for (size_t i = 0; i < SERVER_LISTENERS; i++) {
		if (!s->listeners[i])
			continue;
		close_keep_errno(event_get_fd(s->listeners[i]));
		event_free(s->listeners[i]);
		s->listeners[i] = NULL;
	}
	event_del(s->retry);
}

void
server_drain(struct server *s, void (*done)(void *arg), void *arg)
{
	struct conn *c;

	s->draining = true;
	s->done = done;
	s->done_arg = arg;
	close_listeners(s);
	LIST_FOREACH(c, &s->conns, link)
		conn_drain(c);
	if (s->n_conns == 0)
		event_active(s->drained, 0, 0);
}

void
server_free(struct server *s)
{
	struct conn *c;
	struct call *call;

	if (!s)
		return;
	s->done = NULL;
	while ((c = LIST_FIRST(&s->conns)))
		conn_free(c);
	while ((call = LIST_FIRST(&s->spare))) {
		LIST_REMOVE(call, link);
		free(call);
	}
	if (s->retry)
		close_listeners(s);
	if (s->retry)
		event_free(s->retry);
	if (s->drained)
		event_free(s->drained);
	nghttp2_session_callbacks_del(s->callbacks);
	nghttp2_option_del(s->options);
	free(s->methods);
	free(s);
}

void
server_counters(struct server *s, void (*each)(void *arg, const char *name, uint64_t value),
		void *arg)
{
	static const char *const names[] = {
#define COUNTER(name) "api." #name,
#include "api/counters.def"
	};
	char name[48];

	for (size_t i = 0; i < N_COUNTERS; i++)
		each(arg, names[i], s->counters[i]);
	for (unsigned int code = 0; code < ARRAY_SIZE(s->answers); code++) {
		snprintf(name, sizeof(name), "api.answers.%s", grpc_status_name(code));
		each(arg, name, s->answers[code]);
	}
	each(arg, "api.connections_open", s->n_conns);
	each(arg, "api.calls_open", s->n_calls);
	each(arg, "api.memory_bytes", s->memory);
}
