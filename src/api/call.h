/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_CALL_H
#define BPFD_API_CALL_H

#include <event2/event_struct.h>
#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "api/call_arena.h"
#include "api/rpc.h"
#include "proto/grpc.h"

struct conn;
struct method;
struct answer;

/* The life of a call.  It is freed when nghttp2 closes the stream or the connection goes. */
enum call_state {
	CALL_HEADERS,		/* header fields are arriving */
	CALL_MESSAGE,		/* the request message (of a client's stream: any of them) is awaited */
	CALL_HANDLER,		/* unary: the handler has it */
	CALL_ANSWERED,		/* the status is decided; it may still be on its way */
};

struct call {
	LIST_ENTRY(call) link;	/* of its connection, or of the server's spare ones */
	struct conn *conn;
	const struct method *method;	/* NULL: unknown */
	int32_t stream;
	enum call_state state;

	/* header fields */
	size_t header_bytes;
	const char *refusal;	/* why the header fields are refused; code below */
	enum ipc_code refusal_code;
	unsigned int http_status;	/* 200, or the one that refuses it */
	bool te_trailers, is_grpc, accept_encoding, has_timeout, has_path;
	uint64_t timeout_ns, deadline_ns;	/* deadline_ns 0: none */
	struct event timer;	/* assigned when deadline_ns is set */
	char path[96];		/* of an unknown method, cut */

	/* request message */
	uint8_t prefix[GRPC_PREFIX_LEN];
	size_t n_prefix;
	uint8_t *msg;
	size_t msg_len, msg_have, msg_size;
	bool msg_done, waiting;	/* waiting for the client, since waiting_ns: in conn->n_waiting */
	uint64_t waiting_ns;
	size_t memory;		/* bytes charged to the connection */

	/* handler */
	bool entered, handler_done;
	void (*cancel)(void *arg);
	void *cancel_arg;

	/* answer */
	STAILQ_HEAD(, answer) answers;
	struct answer *last;	/* of them; NULL: none */
	size_t unsent;		/* bytes of them that are still here */
	bool submitted, deferred;
	enum ipc_code status;
	char *message, *details;	/* encoded header values or NULL */
	char lost[24];		/* trailer of a stream; "": none */

	struct arena arena;	/* last: not cleared for each call */
};

#define CALL_SPARE_MAX	256
#define CALL_TEXT_MAX	2048	/* of grpc-message, before it is encoded */

/* Life: call.c */
struct call *call_new(struct conn *c, int32_t stream);	/* NULL: no memory */
void	call_free(struct call *call);	/* runs the cancel callback when the handler has it still */
void	call_set_waiting(struct call *call, bool waiting);
/* Accounts for memory.  False: the connection or the server holds too much already. */
bool	call_charge(struct call *call, size_t bytes);
void	call_discharge(struct call *call, size_t bytes);
/* The server ends the call: cancel callback when a handler has it, then the status. */
void	call_abort(struct call *call, enum ipc_code code, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));

/* What arrives: call_headers.c, call_message.c */
void	call_header(struct call *call, const uint8_t *name, size_t name_len, const uint8_t *value,
		size_t value_len);
void	call_headers_end(struct call *call);
void	call_data(struct call *call, const uint8_t *data, size_t len);
void	call_half_closed(struct call *call);
void	call_message_drop(struct call *call);

/* What leaves: call_answer.c */
void	call_http_error(struct call *call, unsigned int status);
void	call_fail(struct call *call, enum ipc_code code, const char *text);
void	call_answer_drop(struct call *call);

#endif
