/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RPC_H
#define BPFD_API_RPC_H

#include <protobuf-c/protobuf-c.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/types.h>

#include "ipc/config.h"
#include "ipc/messages.h"

struct api;

/*
 * One gRPC call in progress.  It is owned by the server (server.c); a handler ends it by exactly
 * one call_reply() or call_error(), in the handler or later.  When the client cancels, its
 * deadline passes or its connection breaks, the server runs the cancel callback once and the
 * handler must not touch the call afterwards.
 */
struct call;

/*
 * rpcs.def: RPC(service, method, request descriptor, role, handler), e.g.
 *   RPC("bpfd.v1.Programs", "Load", bpfd__v1__load_request, CONFIG_ADMIN, rpc_programs_load)
 * A handler gets the request, unpacked by that descriptor after the wire check (UTF-8, no NUL in
 * strings, budget), valid until the call ends.
 *
 * Of a method whose client streams (the descriptor set says so), the handler is called once for
 * each message, which is valid until the handler returns, and once with NULL after the last.
 */
typedef void rpc_handler(struct call *call, const ProtobufCMessage *request);

struct peer {
	uid_t uid;
	pid_t pid;
	enum config_role role;
	int sock;			/* the client's socket, borrowed: dup travels to the loader */
};

struct api *call_api(const struct call *call);
const struct peer *call_peer(const struct call *call);
const char *call_method(const struct call *call);	/* "/bpfd.v1.Programs/Load" */
/* A handler that answers later sets this before it returns, or it may touch a call that is gone. */
void	call_on_cancel(struct call *call, void (*fn)(void *arg), void *arg);
long	call_time_left_ms(const struct call *call);	/* of grpc-timeout; -1: no deadline */

void	call_reply(struct call *call, const ProtobufCMessage *response);
/* text is sent percent-encoded as grpc-message; code is never IPC_OK. */
void	call_error(struct call *call, enum ipc_code code, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));
/* The same with a google.rpc.Status in grpc-status-details-bin whose one detail is a
 * google.rpc.DebugInfo with detail = log (e.g. the verifier's log), of which the last
 * call_detail_room(text) bytes travel: trailers are limited.  log_id: see proto/details.h. */
#define CALL_DETAIL_MAX 6144
size_t	call_detail_room(const char *text);
void	call_error_detail(struct call *call, enum ipc_code code, const char *text, const char *log,
		size_t log_len, uint64_t log_id);

/* Streaming answers (health Watch, reflection): any number, then call_finish(). */
void	call_send(struct call *call, const ProtobufCMessage *response);
void	call_send_packed(struct call *call, const void *bytes, size_t len);	/* copied */
void	call_finish(struct call *call);
/* Streams that would rather lose than wait: the header fields now, and a message in two parts,
 * copied, unless more than unsent_max bytes would then wait for the client.  False: not sent. */
void	call_begin(struct call *call);
bool	call_stream(struct call *call, const void *a, size_t a_len, const void *b, size_t b_len,
		size_t unsent_max);
size_t	call_unsent(const struct call *call);
/* For a stream whose messages have no field for it: the trailer "bpfd-lost" when the call ends. */
void	call_stream_lost(struct call *call, uint64_t n);

#endif
