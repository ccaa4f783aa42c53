/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_SERVER_H
#define BPFD_API_SERVER_H

#include <stdint.h>

struct api;
struct config;
struct event_base;

/*
 * The gRPC server: connections on listening unix sockets, calls to the handlers of rpcs.def
 * (rpc.h).  One thread; everything happens in the event base.  No wake-up without a connection.
 */
struct server;

/* Everything that needs more than sandbox.def's calls happens here.  base, cfg and api are
 * borrowed and outlive the server; api is what call_api() returns.  -ENOMEM. */
int	server_new(struct event_base *base, const struct config *cfg, struct api *api,
		struct server **out);

/* Takes a listening, CLOEXEC socket.  -ENOSPC: more than 4; -ENOMEM. */
int	server_listen(struct server *s, int take_fd);

/*
 * Stops accepting, sends GOAWAY, ends streams with UNAVAILABLE and lets unary calls finish.
 * done(arg) runs once, from the event base, when the last connection is gone: the caller bounds
 * the time, by server_free().
 */
void	server_drain(struct server *s, void (*done)(void *arg), void *arg);

/* Closes everything; calls in progress get their cancel callback.  NULL is fine. */
void	server_free(struct server *s);

/* Calls each() for every counter, names as "api.requests". */
void	server_counters(struct server *s,
		void (*each)(void *arg, const char *name, uint64_t value), void *arg);

#endif
