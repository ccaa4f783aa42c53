/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_CONN_H
#define BPFD_API_CONN_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "api/call.h"
#include "api/rpctable.h"
#include "api/server.h"

/* The inside of the server: server.c, conn.c, h2.c and call*.c. */
#define SERVER_LISTENERS 4
#define CONN_READ_BYTES	(64 * 1024)
/* What is taken from nghttp2 before it is written, and so the most that waits for a client that
 * does not read; one more frame fits behind it. */
#define CONN_WRITE_BYTES (64 * 1024)
#define CONN_FRAME_BYTES (96 * 1024)

enum counter {
#define COUNTER(name) COUNT_##name,
#include "api/counters.def"
	N_COUNTERS
};

struct user {			/* one uid with connections */
	LIST_ENTRY(user) link;
	uid_t uid;
	size_t n_conns;
};

struct method {
	const struct rpc *rpc;
	size_t path_len;
	bool client_streams, server_streams;
};

struct server {
	struct event_base *base;
	const struct config *cfg;
	struct api *api;
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *options;
	struct method *methods;		/* rpc_table_len of them */
	struct event *listeners[SERVER_LISTENERS];	/* each owns its descriptor */
	struct event *retry, *drained;
	LIST_HEAD(, conn) conns;
	LIST_HEAD(, user) users;
	size_t n_conns, memory;		/* memory: bytes that all calls hold */
	LIST_HEAD(, call) spare;	/* for calls to come */
	size_t n_spare, n_calls;
	bool draining;
	void (*done)(void *arg);
	void *done_arg;
	uint64_t counters[N_COUNTERS], answers[17];
	uint8_t in[CONN_READ_BYTES];
	uint8_t out[CONN_WRITE_BYTES + CONN_FRAME_BYTES];
};

struct conn {
	LIST_ENTRY(conn) link;
	struct server *srv;
	nghttp2_session *h2;
	int fd;
	struct event readable, writable, flush, timer;
	struct peer peer;
	struct user *user;
	LIST_HEAD(, call) calls;
	size_t n_calls, n_waiting;	/* n_waiting: calls whose message is not complete */
	size_t memory;			/* bytes that its calls hold */
	uint8_t *rest;			/* taken from nghttp2 and not yet written */
	size_t rest_off, rest_len;
	uint64_t born_ns, active_ns, timer_ns;	/* CLOCK_MONOTONIC; timer_ns: when it runs */
	uint64_t resets_since_ns;
	unsigned int resets;		/* streams that we reset, in the current interval */
	bool greeted;			/* its SETTINGS have come */
	bool ending;			/* close when everything is written */
	bool broken;			/* close now */
};

#define CONN_COUNT(srv, name) ((srv)->counters[COUNT_##name]++)


/* Takes fd, a client's socket.  On failure it is closed. */
int	conn_new(struct server *srv, int take_fd, const struct peer *peer, struct user *user);
void	conn_free(struct conn *c);	/* only from the top of an event */

/* Something is to be written: done by an event of its own, so that callers need not fear that
 * their connection or call goes away below them. */
void	conn_flush_later(struct conn *c);
void	conn_drain(struct conn *c);	/* GOAWAY; close after the last call */

/* h2.c */
int	h2_setup(struct server *srv);
int	h2_start(struct conn *c);
void	h2_goodbye(struct conn *c, uint32_t error_code);	/* GOAWAY, then close */

/* server.c */
void	server_conn_gone(struct conn *c);

#endif
