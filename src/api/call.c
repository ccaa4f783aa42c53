/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/conn.h"
#include "common/clock.h"

/* All connections together may hold this many times what one may. */
#define SERVER_CONNS_FULL 4

struct call *
call_new(struct conn *c, int32_t stream)
{
	struct call *call = LIST_FIRST(&c->srv->spare);

	if (call) {
		LIST_REMOVE(call, link);
		c->srv->n_spare--;
	} else {
		call = malloc(sizeof(*call));
		if (!call)
			return NULL;
	}
	memset(call, 0, offsetof(struct call, arena));
	call->conn = c;
	call->stream = stream;
	call->http_status = 200;
	STAILQ_INIT(&call->answers);
	arena_start(&call->arena, 0);
	LIST_INSERT_HEAD(&c->calls, call, link);
	c->n_calls++;
	c->srv->n_calls++;
	CONN_COUNT(c->srv, requests);
	call_set_waiting(call, true);
	return call;
}

void
call_set_waiting(struct call *call, bool waiting)
{
	if (call->waiting == waiting)
		return;
	call->waiting = waiting;
	call->waiting_ns = call->conn->active_ns;
	if (waiting)
		call->conn->n_waiting++;
	else
		call->conn->n_waiting--;
}

static void
run_cancel(struct call *call)
{
	void (*cancel)(void *) = call->cancel;

	if (call->handler_done)
		return;
	call->handler_done = true;
	call->cancel = NULL;
	if (cancel)
		cancel(call->cancel_arg);
}

void
call_free(struct call *call)
{
	struct conn *c = call->conn;

	if (call->entered)
		run_cancel(call);
	if (call->state != CALL_ANSWERED)
		c->srv->answers[IPC_CANCELLED]++;
	if (call->deadline_ns)
		event_del(&call->timer);
	call_set_waiting(call, false);
	call_answer_drop(call);
	free(call->msg);
	arena_end(&call->arena);
	call_discharge(call, call->memory);
	LIST_REMOVE(call, link);
	c->n_calls--;
	c->srv->n_calls--;
	c->active_ns = clock_ns(CLOCK_MONOTONIC);

	if (c->srv->n_spare >= CALL_SPARE_MAX) {
		free(call);
		return;
	}
	LIST_INSERT_HEAD(&c->srv->spare, call, link);
	c->srv->n_spare++;
}

/* A connection may hold two whole messages, one of them being unpacked, and some small ones; all
 * together four times that.  Half of it is kept for administrators, who have work to do. */
bool
call_charge(struct call *call, size_t bytes)
{
	struct conn *c = call->conn;
	struct server *srv = c->srv;
	size_t one = 2 * srv->cfg->limits_message_bytes + (4 << 20);
	size_t all = one * SERVER_CONNS_FULL;

	if (c->peer.role != CONFIG_ADMIN)
		all /= 2;
	if (c->memory + bytes > one || srv->memory + bytes > all) {
		CONN_COUNT(srv, memory_refused);
		return false;
	}
	call->memory += bytes;
	c->memory += bytes;
	srv->memory += bytes;
	return true;
}

void
call_discharge(struct call *call, size_t bytes)
{
	call->memory -= bytes;
	call->conn->memory -= bytes;
	call->conn->srv->memory -= bytes;
}

void
call_abort(struct call *call, enum ipc_code code, const char *fmt, ...)
{
	char text[CALL_TEXT_MAX];
	va_list ap;

	if (call->state == CALL_ANSWERED)
		return;
	if (call->entered)
		run_cancel(call);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	call_fail(call, code, text);
}

struct api *
call_api(const struct call *call)
{
	return call->conn->srv->api;
}

const struct peer *
call_peer(const struct call *call)
{
	return &call->conn->peer;
}

const char *
call_method(const struct call *call)
{
	return call->method ? call->method->rpc->path : call->path;
}

void
call_on_cancel(struct call *call, void (*fn)(void *arg), void *arg)
{
	call->cancel = fn;
	call->cancel_arg = arg;
}

long
call_time_left_ms(const struct call *call)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (!call->deadline_ns)
		return -1;
	return call->deadline_ns > now ? (long)((call->deadline_ns - now) / 1000000) : 0;
}
