/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_H2CLIENT_H
#define BPFD_TESTS_H2CLIENT_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A gRPC client for tests, in the process of its server: it turns the server's event base itself,
 * so that one thread plays both ends and nothing depends on timing. */
struct client;

struct reply {
	int http;		/* :status, -1: none yet */
	int status;		/* grpc-status, -1: none yet */
	char message[512];	/* grpc-message, decoded */
	char details[9000];
	char accept_encoding[32];
	uint8_t *body;		/* messages with their prefixes */
	size_t len;
	bool headers_only;	/* END_STREAM came with the first header block */
	bool closed;
	uint32_t error_code;	/* of the stream's end */
};

struct client *client_new(struct event_base *base, const char *path);
void	client_free(struct client *c);
void	client_limit_frames(struct client *c, size_t bytes);	/* DATA frames of at most that */

/* POST path with gRPC's usual fields, then extra: name, value, ..., NULL (may be NULL).  body is
 * sent as it is; end: END_STREAM after it.  Returns the stream. */
int32_t	client_start(struct client *c, const char *path, const char *const *extra, const void *body,
		size_t len, bool end);
/* Only these fields. */
int32_t	client_start_raw(struct client *c, const char *const *fields, const void *body, size_t len,
		bool end);
void	client_more(struct client *c, int32_t stream, const void *body, size_t len, bool end);
void	client_cancel(struct client *c, int32_t stream);

const struct reply *client_reply(struct client *c, int32_t stream);
/* Turns both ends until the stream is closed (5 s at most). */
const struct reply *client_wait(struct client *c, int32_t stream);
/* Turns both ends until *n >= want. */
void	client_until(struct client *c, const unsigned int *n, unsigned int want);
void	client_until_bytes(struct client *c, int32_t stream, size_t want);
void	client_turn(struct client *c, int ms);		/* for about that long */
bool	client_eof(const struct client *c);		/* the server has closed */
int	client_goaway(const struct client *c);		/* error code of GOAWAY, -1: none came */

/* A connected socket, blocking; the caller closes it. */
int	client_socket(const char *path);

#endif
