/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_CLIENT_H
#define BPFD_BPFCTL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/auto.h"

/*
 * A gRPC client over a unix socket: one connection, one call at a time, blocking.  The connection
 * is made by the first call.
 *
 * While a call runs, SIGINT, SIGTERM and SIGHUP (unless ignored) and the time limit cancel it: the
 * stream is reset and the call ends with CLIENT_INTERRUPTED or CLIENT_TIMEOUT, unless the daemon's
 * answer was under way already: then that counts.  The signal stays pending and ends the process when the
 * call returns, unless client_hold_signals() was called before.
 */
struct client;

/* How a call ended: a gRPC status code (0 to 16) or one of these. */
enum client_code {
	CLIENT_OK = 0,
	CLIENT_UNREACHABLE = 100,	/* no daemon at the socket, or it broke the connection */
	CLIENT_NO_ACCESS,		/* the socket refuses this user */
	CLIENT_PROTOCOL,		/* what answers is not a gRPC server */
	CLIENT_TIMEOUT,			/* the time limit of this side */
	CLIENT_INTERRUPTED,
	CLIENT_NO_MEMORY,
};

struct client_error {
	int code;
	char *text;			/* allocated; NULL: none */
	char *log;			/* the detail that came with it; NULL: none */
	uint64_t log_id;		/* of the whole log, when log is its end only; 0: none */
};
void	client_error_clear(struct client_error *e);

static inline __attribute__((unused)) void
auto_client_error(struct client_error *e)
{
	client_error_clear(e);
}

int	client_new(const char *socket_path, struct client **out);	/* -ENOMEM, -ENAMETOOLONG */
void	client_free(struct client *c);
AUTO_DEFINE(client, struct client *, client_free)

/* Every call from now on may take this long; 0: no limit. */
void	client_set_timeout(struct client *c, uint64_t ms);

/* From the next call to release signals wait, between calls too: they end the call that runs, not
 * the process.  Release lets the first of them do its work. */
void	client_hold_signals(struct client *c);
bool	client_interrupted(struct client *c);	/* one has come since hold */
void	client_release_signals(struct client *c);
void	client_forget_signals(struct client *c);	/* the same, but the signal was an ordinary end */

/* Runs before each wait: time to write out what has been collected.  NULL: nothing does. */
void	client_on_idle(struct client *c, void (*fn)(void));

/* Starts a call of method ("/package.Service/Method") with one request message.  msg stays the
 * caller's and must live until the call ends.  0, or -EIO with *e filled. */
int	client_start(struct client *c, const char *method, const void *msg, size_t len,
		struct client_error *e);
/* Waits for the next message of the answer: 1 with *msg (the caller frees it), 0 at the end of a
 * successful call, -EIO with *e filled.  The call is over unless it returns 1. */
int	client_next(struct client *c, uint8_t **msg, size_t *len, struct client_error *e);
void	client_cancel(struct client *c);	/* ends the call that runs, if one does */

/* A call with exactly one message as its answer.  0, or -EIO with *e filled. */
int	client_unary(struct client *c, const char *method, const void *msg, size_t len,
		uint8_t **reply, size_t *reply_len, struct client_error *e);

#endif
