/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/conn.h"
#include "proto/wirecheck.h"

#define MSG_FIRST_BYTES	(64 * 1024)	/* taken at once; more only as bytes arrive */
#define MSG_VIEWER_MAX	(1024 * 1024)	/* requests that change nothing are small */
#define UNPACK_EXTRA	(1024 * 1024)
#define UNPACK_FACTOR	4

static size_t
message_max(const struct call *call)
{
	size_t max = call->conn->srv->cfg->limits_message_bytes;

	return call->method->rpc->role < CONFIG_OPERATOR && max > MSG_VIEWER_MAX ? MSG_VIEWER_MAX : max;
}

void
call_message_drop(struct call *call)
{
	if (call->msg)
		explicit_bzero(call->msg, call->msg_have);	/* there may be a password in it */
	free(call->msg);
	call_discharge(call, call->msg_size);
	call->msg = NULL;
	call->msg_size = call->msg_len = call->msg_have = call->n_prefix = 0;
}

static bool
message_room(struct call *call, size_t need)
{
	size_t size = call->msg_size ? call->msg_size : MSG_FIRST_BYTES;
	uint8_t *grown;

	if (need <= call->msg_size)
		return true;
	while (size < need)
		size *= 2;
	if (size > call->msg_len)
		size = call->msg_len;
	if (!call_charge(call, size - call->msg_size)) {
		call_abort(call, IPC_RESOURCE_EXHAUSTED,
			"the requests in progress hold too much memory; try again later");
		return false;
	}
	grown = realloc(call->msg, size);
	if (!grown) {
		call_discharge(call, size - call->msg_size);
		call_abort(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return false;
	}
	call->msg = grown;
	call->msg_size = size;
	return true;
}

/* Wire check, unpack.  NULL: the call is answered. */
static ProtobufCMessage *
unpack(struct call *call, const uint8_t *msg)
{
	const ProtobufCMessageDescriptor *desc = call->method->rpc->request;
	ProtobufCAllocator alloc = arena_allocator(&call->arena);
	ProtobufCMessage *request;
	char why[WIRECHECK_WHY];

	if (wirecheck(desc, msg, call->msg_len, why, sizeof(why)) < 0) {
		CONN_COUNT(call->conn->srv, messages_refused);
		call_abort(call, IPC_INVALID_ARGUMENT, "%s", why);
		return NULL;
	}
	arena_start(&call->arena, UNPACK_FACTOR * call->msg_len + UNPACK_EXTRA);
	request = protobuf_c_message_unpack(desc, &alloc, call->msg_len, msg);
	if (!request && call->arena.over)
		call_abort(call, IPC_RESOURCE_EXHAUSTED, "the request has too many parts");
	else if (!request)
		call_abort(call, IPC_INVALID_ARGUMENT, "%s: cannot be unpacked", desc->name);
	return request;
}

/* A complete message, at msg, which need not be call->msg. */
static void
deliver(struct call *call, const uint8_t *msg)
{
	const struct rpc *rpc = call->method->rpc;
	ProtobufCMessage *request = unpack(call, msg ? msg : (const uint8_t *)"");

	call_message_drop(call);
	if (!request)
		return;
	if (!call_charge(call, call->arena.held)) {
		call_abort(call, IPC_RESOURCE_EXHAUSTED,
			"the requests in progress hold too much memory; try again later");
		return;
	}
	call->entered = true;
	if (!call->method->client_streams) {
		call->state = CALL_HANDLER;
		rpc->handler(call, request);
		return;
	}
	rpc->handler(call, request);
	call_discharge(call, call->arena.held);
	arena_end(&call->arena);
}

/* Takes the flag and the length.  False: refused, or more bytes are needed. */
static bool
take_prefix(struct call *call, const uint8_t **data, size_t *len)
{
	while (call->n_prefix < GRPC_PREFIX_LEN && *len > 0) {
		call->prefix[call->n_prefix++] = *(*data)++;
		--*len;
	}
	if (call->n_prefix < GRPC_PREFIX_LEN)
		return false;

	call->msg_len = grpc_prefix_len(call->prefix);
	if (call->prefix[0] != 0) {
		call->accept_encoding = true;
		call_abort(call, IPC_UNIMPLEMENTED, "compressed messages are not understood");
		return false;
	}
	if (call->msg_len > message_max(call)) {
		call_abort(call, IPC_RESOURCE_EXHAUSTED,
			"the request has %zu bytes; %s takes at most %zu (limits.message_bytes)",
			call->msg_len, call->method->rpc->path, message_max(call));
		return false;
	}
	return true;
}

/* A unary message waits, complete, for the end of the stream: a second one would be an error. */
static void
complete(struct call *call)
{
	if (call->method->client_streams) {
		call_set_waiting(call, false);
		deliver(call, call->msg);
		return;
	}
	call->msg_done = true;
}

void
call_data(struct call *call, const uint8_t *data, size_t len)
{
	while (call->state == CALL_MESSAGE && len > 0) {
		size_t n;

		if (call->msg_done) {
			call_abort(call, IPC_UNIMPLEMENTED, "%s takes exactly one request message",
				call->method->rpc->path);
			return;
		}
		if (call->n_prefix < GRPC_PREFIX_LEN && !take_prefix(call, &data, &len))
			break;
		n = call->msg_len - call->msg_have;
		if (n > len)
			n = len;
		if (n > 0 && !message_room(call, call->msg_have + n))
			return;
		if (n > 0)
			memcpy(call->msg + call->msg_have, data, n);
		call->msg_have += n;
		data += n;
		len -= n;
		if (call->msg_have == call->msg_len)
			complete(call);
	}
	if (call->state == CALL_MESSAGE && call->method->client_streams)
		call_set_waiting(call, call->n_prefix > 0);
}

void
call_half_closed(struct call *call)
{
	call_set_waiting(call, false);
	if (call->state != CALL_MESSAGE)
		return;
	if (call->n_prefix > 0 && !call->msg_done) {
		call_abort(call, IPC_INVALID_ARGUMENT,
			"the request ends after %zu of the %zu bytes of its message", call->msg_have,
			call->n_prefix < GRPC_PREFIX_LEN ? (size_t)0 : call->msg_len);
		return;
	}
	if (call->method->client_streams) {
		call->entered = true;
		call->state = CALL_HANDLER;
		call->method->rpc->handler(call, NULL);
		return;
	}
	if (call->msg_done)
		deliver(call, call->msg);
	else
		call_abort(call, IPC_UNIMPLEMENTED, "%s takes exactly one request message; none came",
			call->method->rpc->path);
}
