/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "bpfctl/buf.h"
#include "bpfctl/client_call.h"
#include "bpfctl/waiter.h"
#include "proto/grpc.h"

#define CONNECT_RETRY_MS 5
#define SETTLE_MS 500			/* for the daemon to see that a call is cancelled */
#define BATCH_BYTES (64 << 10)
#define WINDOW_BYTES (16 << 20)		/* what the daemon may send ahead of our reading */

struct client {
	struct sockaddr_un addr;
	int fd;
	nghttp2_session *h2;
	struct waiter waiter;
	struct call_state call;
	struct buf out;			/* frames that the socket has not taken, from sent on */
	size_t sent;
	bool write_closed;		/* the daemon reads no more */
	uint64_t timeout_ms;
	void (*idle)(void);
};

void
client_error_clear(struct client_error *e)
{
	free(e->text);
	free(e->log);
	*e = (struct client_error){ 0 };
}

static int __attribute__((format(printf, 3, 4)))
fail(struct client_error *e, int code, const char *fmt, ...)
{
	va_list ap;

	client_error_clear(e);
	e->code = code;
	va_start(ap, fmt);
	if (vasprintf(&e->text, fmt, ap) < 0)
		e->text = NULL;
	va_end(ap);
	return -EIO;
}

static void
disconnect(struct client *c)
{
	nghttp2_session_del(c->h2);
	c->h2 = NULL;
	close_keep_errno(TAKE_FD(c->fd));
	c->call.stream = -1;
	buf_free(&c->out);
	c->sent = 0;
	c->write_closed = false;
}

/* What interrupts a call, as an error of it. */
static int
wait_failed(int err, struct client_error *e)
{
	if (err == -ETIMEDOUT)
		return fail(e, CLIENT_TIMEOUT, "no answer within the time limit");
	if (err == -EINTR)
		return fail(e, CLIENT_INTERRUPTED, "interrupted");
	return fail(e, CLIENT_UNREACHABLE, "poll: %s", strerror(-err));
}

/* A full backlog makes connect() of a non-blocking unix socket fail with EAGAIN. */
static int
connect_socket(struct client *c, struct client_error *e)
{
	AUTO(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fail(e, CLIENT_UNREACHABLE, "socket: %s", strerror(errno));
	while (connect(fd, (const struct sockaddr *)&c->addr, sizeof(c->addr)) < 0) {
		int err;

		if (errno == EACCES || errno == EPERM)
			return fail(e, CLIENT_NO_ACCESS, "%s: %s", c->addr.sun_path,
				strerror(errno));
		if (errno != EAGAIN && errno != EINTR)
			return fail(e, CLIENT_UNREACHABLE, "no bpfd at %s: %s", c->addr.sun_path,
				strerror(errno));
		err = waiter_sleep(&c->waiter, CONNECT_RETRY_MS);
		if (err)
			return wait_failed(err, e);
	}
	c->fd = TAKE_FD(fd);
	return 0;
}

static int
start_session(struct client *c, struct client_error *e)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES },
	};
	int err = call_session_new(&c->call, &c->h2);

	if (!err)
		err = nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings,
			ARRAY_SIZE(settings));
	if (!err)
		err = nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0,
			WINDOW_BYTES);
	return err ? fail(e, CLIENT_NO_MEMORY, "no memory for a connection") : 0;
}

/* Takes what the session has to say, several frames for one send(). */
static int
collect(struct client *c, struct client_error *e)
{
	const uint8_t *frame;
	ssize_t n;

	while (c->out.len - c->sent < BATCH_BYTES) {
		n = nghttp2_session_mem_send(c->h2, &frame);
		if (n < 0)
			return fail(e, CLIENT_PROTOCOL, "HTTP/2: %s", nghttp2_strerror((int)n));
		if (n == 0)
			break;
		buf_add(&c->out, frame, (size_t)n);
	}
	return c->out.failed ? fail(e, CLIENT_NO_MEMORY, "no memory for the request") : 0;
}

/* Writes what there is, as far as the socket takes it. */
static int
flush(struct client *c, struct client_error *e)
{
	for (;;) {
		ssize_t n;

		if (c->sent == c->out.len || c->write_closed)
			c->sent = c->out.len = 0;
		if (collect(c, e))
			return -EIO;
		if (c->out.len == 0 || c->write_closed)
			return 0;
		n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return 0;
		/* A daemon that has answered and closed has its answer in the socket still. */
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			c->write_closed = true;
		else if (n < 0 && errno != EINTR)
			return fail(e, CLIENT_UNREACHABLE, "send: %s", strerror(errno));
		if (n > 0)
			c->sent += (size_t)n;
	}
}

/* Reads once and lets the session see it.  -EIO also when the daemon has closed. */
static int
fill(struct client *c, struct client_error *e)
{
	uint8_t data[16384];
	ssize_t n = recv(c->fd, data, sizeof(data), 0), used;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return fail(e, CLIENT_UNREACHABLE, "bpfd closed the connection before it answered");
	used = nghttp2_session_mem_recv(c->h2, data, (size_t)n);
	if (used < 0)
		return fail(e, CLIENT_PROTOCOL, "%s does not speak HTTP/2 (%s)", c->addr.sun_path,
			nghttp2_strerror((int)used));
	return 0;
}

/* One round: send, wait, receive. */
static int
step(struct client *c, struct client_error *e)
{
	bool writing;
	int err;

	if (flush(c, e))
		return -EIO;
	if (!nghttp2_session_want_read(c->h2))
		return fail(e, CLIENT_PROTOCOL, "%s does not speak HTTP/2", c->addr.sun_path);
	writing = c->out.len > c->sent && !c->write_closed;
	if (c->idle)
		c->idle();
	err = waiter_wait(&c->waiter, c->fd, POLLIN | (writing ? POLLOUT : 0));
	if (err)
		return wait_failed(err, e);
	return fill(c, e);
}

void
client_cancel(struct client *c)
{
	AUTO(client_error) struct client_error ignored = { 0 };

	if (c->call.stream >= 0 && c->h2) {
		nghttp2_submit_rst_stream(c->h2, NGHTTP2_FLAG_NONE, c->call.stream, NGHTTP2_CANCEL);
		flush(c, &ignored);
		c->call.stream = -1;
	}
	waiter_end(&c->waiter);
}

/*
 * Cancels a call and waits until the daemon has seen it, so that either its answer is here or it
 * undoes the call: what it sent before is before its answer to a PING that follows the reset.
 * nghttp2 would forget the stream with its own reset, hence the bytes (RFC 9113, 6.4).
 */
static void
cancel_and_settle(struct client *c)
{
	const uint32_t id = htonl((uint32_t)c->call.stream), code = htonl(NGHTTP2_CANCEL);
	AUTO(client_error) struct client_error ignored = { 0 };
	struct pollfd p = { c->fd, POLLIN, 0 };

	if (!call_is_sent(&c->call) || flush(c, &ignored))
		return;
	buf_add(&c->out, "\0\0\4\3\0", 5);
	buf_add(&c->out, &id, sizeof(id));
	buf_add(&c->out, &code, sizeof(code));
	c->call.pong = false;
	nghttp2_submit_ping(c->h2, NGHTTP2_FLAG_NONE, NULL);
	while (!c->call.closed && !c->call.pong)
		if (flush(c, &ignored) || poll(&p, 1, SETTLE_MS) != 1 || fill(c, &ignored))
			return;
}

/* The call failed on this side; after trouble with the connection that is given up too. */
static int
give_up(struct client *c, const struct client_error *e)
{
	client_cancel(c);
	if (e->code != CLIENT_INTERRUPTED && e->code != CLIENT_TIMEOUT)
		disconnect(c);
	return -EIO;
}

int
client_start(struct client *c, const char *method, const void *msg, size_t len,
	struct client_error *e)
{
	int err = waiter_begin(&c->waiter, c->timeout_ms);

	if (err)
		return fail(e, CLIENT_UNREACHABLE, "signalfd: %s", strerror(-err));
	if (c->fd < 0 && (connect_socket(c, e) || start_session(c, e)))
		return give_up(c, e);
	if (call_submit(&c->call, c->h2, method, msg, len, c->timeout_ms)) {
		fail(e, CLIENT_NO_MEMORY, "no memory for a request");
		return give_up(c, e);
	}
	return 0;
}

int
client_next(struct client *c, uint8_t **msg, size_t *len, struct client_error *e)
{
	for (;;) {
		int got = call_message(&c->call, msg, len);

		if (got > 0)
			return 1;
		if (c->call.closed || got < 0)
			break;
		if (step(c, e) == 0)
			continue;
		if (e->code == CLIENT_INTERRUPTED || e->code == CLIENT_TIMEOUT)
			cancel_and_settle(c);
		/* The end of the answer may have come with the end of the connection, or of time. */
		if (c->call.closed && e->code != CLIENT_PROTOCOL)
			client_error_clear(e);
		else
			return give_up(c, e);
	}
	waiter_end(&c->waiter);
	if (call_result(&c->call, e) == 0)
		return 0;
	if (e->code >= CLIENT_UNREACHABLE)
		give_up(c, e);
	return -EIO;
}

int
client_unary(struct client *c, const char *method, const void *msg, size_t len, uint8_t **reply,
	size_t *reply_len, struct client_error *e)
{
	AUTO(mem) uint8_t *first = NULL;
	AUTO(mem) uint8_t *second = NULL;
	size_t first_len = 0, second_len;
	int got;

	if (client_start(c, method, msg, len, e))
		return -EIO;
	got = client_next(c, &first, &first_len, e);
	if (got < 0)
		return -EIO;
	if (got == 0)
		return fail(e, CLIENT_PROTOCOL, "%s: success without an answer", method);
	got = client_next(c, &second, &second_len, e);
	if (got < 0)
		return -EIO;
	if (got > 0) {
		client_cancel(c);
		return fail(e, CLIENT_PROTOCOL, "%s: more than one answer", method);
	}
	*reply = TAKE_PTR(first);
	*reply_len = first_len;
	return 0;
}

void
client_on_idle(struct client *c, void (*fn)(void))
{
	c->idle = fn;
}

void
client_set_timeout(struct client *c, uint64_t ms)
{
	c->timeout_ms = ms;
}

void
client_hold_signals(struct client *c)
{
	c->waiter.hold = true;
}

bool
client_interrupted(struct client *c)
{
	return waiter_interrupted(&c->waiter);
}

void
client_forget_signals(struct client *c)
{
	c->waiter.held = 0;
	waiter_release(&c->waiter);
}

void
client_release_signals(struct client *c)
{
	waiter_release(&c->waiter);
}

int
client_new(const char *socket_path, struct client **out)
{
	AUTO(client) struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->fd = -1;
	c->call.stream = -1;
	c->waiter.signal_fd = -1;
	c->addr.sun_family = AF_UNIX;
	if (strlen(socket_path) >= sizeof(c->addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(c->addr.sun_path, socket_path);
	*out = TAKE_PTR(c);
	return 0;
}

void
client_free(struct client *c)
{
	if (!c)
		return;
	if (c->h2)
		nghttp2_session_del(c->h2);
	close_keep_errno(c->fd);
	waiter_release(&c->waiter);
	call_clear(&c->call);
	buf_free(&c->out);
	free(c);
}
