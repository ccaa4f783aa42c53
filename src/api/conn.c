/* SPDX-License-Identifier: Apache-2.0 */
#include "api/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/call.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"

#define NS_PER_S 1000000000ULL

void
conn_free(struct conn *c)
{
	struct call *call;

	/* A cancel callback may answer another call of this connection: harmless, as long as the
	 * session is there. */
	while ((call = LIST_FIRST(&c->calls)))
		call_free(call);
	event_del(&c->readable);
	event_del(&c->writable);
	event_del(&c->flush);
	event_del(&c->timer);
	nghttp2_session_del(c->h2);
	free(c->rest);
	close(c->fd);
	server_conn_gone(c);
	free(c);
}

/* ---- writing ---- */

/* Moves frames from nghttp2 to srv->out.  The number of bytes, or a negative nghttp2 error. */
static ssize_t
collect(struct conn *c)
{
	size_t len = 0;

	while (len < CONN_WRITE_BYTES) {
		const uint8_t *data;
		ssize_t n = nghttp2_session_mem_send(c->h2, &data);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		if ((size_t)n > sizeof(c->srv->out) - len)
			return NGHTTP2_ERR_NOMEM;
		memcpy(c->srv->out + len, data, (size_t)n);
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* The number of bytes that the socket took, -1: it is broken. */
static ssize_t
put(struct conn *c, const uint8_t *data, size_t len)
{
	ssize_t n = write(c->fd, data, len);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	c->srv->counters[COUNT_bytes_out] += (uint64_t)n;
	if (n > 0)
		c->active_ns = clock_ns(CLOCK_MONOTONIC);
	return n;
}

/* A client that does not read is not read from either. */
static bool
keep_rest(struct conn *c, const uint8_t *data, size_t len)
{
	c->rest = malloc(len);
	if (!c->rest)
		return false;
	memcpy(c->rest, data, len);
	c->rest_off = 0;
	c->rest_len = len;
	event_del(&c->readable);
	return event_add(&c->writable, NULL) == 0;
}

/* 1: all of it is written; 0: the rest waits for the socket; -1: broken. */
static int
put_rest(struct conn *c)
{
	ssize_t n = put(c, c->rest + c->rest_off, c->rest_len - c->rest_off);

	if (n < 0)
		return -1;
	c->rest_off += (size_t)n;
	if (c->rest_off < c->rest_len)
		return 0;
	free(c->rest);
	c->rest = NULL;
	event_del(&c->writable);
	return event_add(&c->readable, NULL) == 0 ? 1 : -1;
}

static int
flush(struct conn *c)
{
	int done = c->rest ? put_rest(c) : 1;

	while (done > 0) {
		ssize_t len = collect(c), n;

		if (len <= 0)
			return len < 0 ? -1 : 1;
		n = put(c, c->srv->out, (size_t)len);
		if (n == len)
			continue;
		return n < 0 || !keep_rest(c, c->srv->out + n, (size_t)(len - n)) ? -1 : 0;
	}
	return done;
}

/* Writes what there is and closes what is over: the last act of every event of a connection. */
static void
settle(struct conn *c)
{
	int done = c->broken ? -1 : flush(c);
	bool over = c->ending || (!nghttp2_session_want_read(c->h2) &&
		!nghttp2_session_want_write(c->h2));

	if (done < 0 && !c->ending)
		CONN_COUNT(c->srv, connections_broken);
	if (done < 0 || c->broken || (done > 0 && over))
		conn_free(c);
}

void
conn_flush_later(struct conn *c)
{
	event_active(&c->flush, EV_WRITE, 0);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	settle(arg);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	settle(arg);
}

/* ---- time limits ---- */

/* When something of this connection is too late, or UINT64_MAX; says what. */
static uint64_t
limit_ns(const struct conn *c, enum counter *what)
{
	const struct config *cfg = c->srv->cfg;
	uint64_t first = UINT64_MAX;
	const struct call *call;

	*what = COUNT_connections_late;
	if (!c->greeted)
		return c->born_ns + cfg->limits_header_s * NS_PER_S;
	LIST_FOREACH(call, &c->calls, link)
		if (call->waiting && call->waiting_ns < first)
			first = call->waiting_ns;
	if (first != UINT64_MAX)
		return first + cfg->limits_header_s * NS_PER_S;
	*what = COUNT_connections_idle;
	return c->n_calls == 0 || c->rest ? c->active_ns + cfg->limits_idle_s * NS_PER_S : UINT64_MAX;
}

static void
arm(struct conn *c, uint64_t now, uint64_t when)
{
	uint64_t ns = when > now ? when - now : 0;
	struct timeval tv = { (time_t)(ns / NS_PER_S), (suseconds_t)(ns % NS_PER_S / 1000) + 1 };

	c->timer_ns = when;
	if (event_add(&c->timer, &tv) < 0)
		c->broken = true;
}

/* Ends the calls whose message is late.  False: a header block is, which nobody can answer. */
static bool
end_late_calls(struct conn *c, uint64_t now)
{
	uint64_t header_ns = c->srv->cfg->limits_header_s * NS_PER_S;
	struct call *call;

	LIST_FOREACH(call, &c->calls, link) {
		if (!call->waiting || call->waiting_ns + header_ns > now)
			continue;
		if (call->state == CALL_HEADERS)
			return false;
		call_abort(call, IPC_DEADLINE_EXCEEDED,
			"the request's message was not complete in time (limits.header_s)");
	}
	return true;
}

/* The timer runs seldom: it looks then, instead of being moved by every request. */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	enum counter why = COUNT_connections_late;
	uint64_t now = clock_ns(CLOCK_MONOTONIC), limit = now;

	if (end_late_calls(c, now))
		limit = limit_ns(c, &why);
	if (limit > now) {
		uint64_t later = now + c->srv->cfg->limits_idle_s * NS_PER_S;

		arm(c, now, limit < later ? limit : later);
		return;
	}
	c->srv->counters[why]++;
	if (c->rest || c->ending) {	/* it does not read: no use in telling it */
		conn_free(c);
		return;
	}
	h2_goodbye(c, NGHTTP2_NO_ERROR);
	/* If that cannot be written either, the next time is the last. */
	arm(c, now, now + NS_PER_S);
}

/* ---- reading ---- */

static bool
is_flood(ssize_t err)
{
	return err == NGHTTP2_ERR_FLOODED || err == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	struct server *srv = c->srv;
	ssize_t n = read(c->fd, srv->in, sizeof(srv->in)), err;
	uint64_t header_ns = srv->cfg->limits_header_s * NS_PER_S;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		if (n < 0)
			CONN_COUNT(srv, connections_broken);
		conn_free(c);
		return;
	}
	srv->counters[COUNT_bytes_in] += (uint64_t)n;
	c->active_ns = clock_ns(CLOCK_MONOTONIC);
	err = nghttp2_session_mem_recv(c->h2, srv->in, (size_t)n);
	if (err < 0) {
		srv->counters[is_flood(err) ? COUNT_connections_abusive : COUNT_protocol_errors]++;
		conn_free(c);
		return;
	}
	if (c->n_waiting > 0 && c->timer_ns > c->active_ns + header_ns)
		arm(c, c->active_ns, c->active_ns + header_ns);
	settle(c);
}

void
conn_drain(struct conn *c)
{
	struct call *call;
	int32_t last = nghttp2_session_get_last_proc_stream_id(c->h2);

	if (nghttp2_submit_goaway(c->h2, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0))
		c->broken = true;
	LIST_FOREACH(call, &c->calls, link)
		if (call->method && (call->method->client_streams || call->method->server_streams))
			call_abort(call, IPC_UNAVAILABLE, "bpfd is stopping");
	conn_flush_later(c);
}

int
conn_new(struct server *srv, int take_fd, const struct peer *peer, struct user *user)
{
	AUTO(fd) int fd = take_fd;
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->srv = srv;
	if (h2_start(c) < 0) {
		nghttp2_session_del(c->h2);
		free(c);
		return -ENOMEM;
	}
	c->fd = TAKE_FD(fd);
	c->peer = *peer;
	c->peer.sock = c->fd;
	c->user = user;
	c->born_ns = c->active_ns = c->resets_since_ns = clock_ns(CLOCK_MONOTONIC);
	LIST_INSERT_HEAD(&srv->conns, c, link);
	srv->n_conns++;
	user->n_conns++;
	event_assign(&c->readable, srv->base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(&c->writable, srv->base, c->fd, EV_WRITE | EV_PERSIST, on_writable, c);
	event_assign(&c->flush, srv->base, -1, 0, on_flush, c);
	event_assign(&c->timer, srv->base, -1, 0, on_timer, c);
	if (event_add(&c->readable, NULL) < 0)
		c->broken = true;
	arm(c, c->born_ns, c->born_ns + srv->cfg->limits_header_s * NS_PER_S);
	conn_flush_later(c);
	return 0;
}
