/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/conn.h"
#include "common/base64.h"
#include "proto/details.h"

/* Clients refuse trailers over 8 KiB, counted as names, values and 32 bytes for each field. */
#define TRAILERS_MAX	(8192 - 256)
#define TRAILERS_N	4
#define DETAILS_FRAME_MAX 192	/* of the Status around text and log: type, number, lengths */

#define STREAM_CHUNK	16384		/* room of an answer that takes several messages */

struct answer {			/* messages, each with its prefix */
	STAILQ_ENTRY(answer) next;
	size_t len, off, size;		/* size: of bytes, and what it is charged for */
	uint8_t bytes[];
};

#define NV(name, value, len)                                                                       \
	(nghttp2_nv){ (uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, len,                \
		NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE }
#define NV_LITERAL(name, value) NV(name, value, sizeof(value) - 1)

/* The values live in the call, which outlives the frame. */
static size_t
trailer_fields(const struct call *call, nghttp2_nv *nv)
{
	static const char codes[17][3] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10",
		"11", "12", "13", "14", "15", "16" };
	const char *code = codes[call->status];
	size_t n = 0;

	nv[n++] = NV("grpc-status", code, strlen(code));
	/* Different each time: not worth a place in the compression table. */
	if (call->message) {
		nv[n] = NV("grpc-message", call->message, strlen(call->message));
		nv[n++].flags |= NGHTTP2_NV_FLAG_NO_INDEX;
	}
	if (call->lost[0])
		nv[n++] = NV("bpfd-lost", call->lost, strlen(call->lost));
	if (call->details) {
		nv[n] = NV("grpc-status-details-bin", call->details, strlen(call->details));
		nv[n++].flags |= NGHTTP2_NV_FLAG_NO_INDEX;
	}
	return n;
}

static void
check(struct call *call, int err)
{
	if (err == NGHTTP2_ERR_NOMEM)
		call->conn->broken = true;
}

static size_t
take_answers(struct call *call, uint8_t *buf, size_t size)
{
	struct answer *a;
	size_t n = 0;

	while (n < size && (a = STAILQ_FIRST(&call->answers))) {
		size_t part = a->len - a->off < size - n ? a->len - a->off : size - n;

		memcpy(buf + n, a->bytes + a->off, part);
		a->off += part;
		n += part;
		call->unsent -= part;
		if (a->off < a->len)
			break;
		STAILQ_REMOVE_HEAD(&call->answers, next);
		if (a == call->last)
			call->last = NULL;
		call_discharge(call, a->size);
		free(a);
	}
	return n;
}

static ssize_t
on_read_answers(nghttp2_session *h2, int32_t stream, uint8_t *buf, size_t size, uint32_t *flags,
		nghttp2_data_source *source, void *user)
{
	struct call *call = source->ptr;
	size_t n = take_answers(call, buf, size);
	nghttp2_nv nv[TRAILERS_N];

	call->deferred = false;
	if (STAILQ_EMPTY(&call->answers) && call->state == CALL_ANSWERED) {
		*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
		check(call, nghttp2_submit_trailer(h2, stream, nv, trailer_fields(call, nv)));
		return (ssize_t)n;
	}
	call->deferred = n == 0;
	return n ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
}

/* Something is in the queue, or the status is known. */
static void
push(struct call *call)
{
	nghttp2_data_provider provider = { .source.ptr = call, .read_callback = on_read_answers };
	const nghttp2_nv nv[] = {
		NV_LITERAL(":status", "200"), NV_LITERAL("content-type", "application/grpc"),
	};

	if (!call->submitted) {
		call->submitted = true;
		check(call, nghttp2_submit_response(call->conn->h2, call->stream, nv, 2, &provider));
	} else if (call->deferred) {
		call->deferred = false;
		check(call, nghttp2_session_resume_data(call->conn->h2, call->stream));
	}
	conn_flush_later(call->conn);
}

static void
push_error_only(struct call *call)
{
	nghttp2_nv nv[2 + TRAILERS_N + 1] = {
		NV_LITERAL(":status", "200"), NV_LITERAL("content-type", "application/grpc"),
	};
	size_t n = 2 + trailer_fields(call, nv + 2);

	if (call->accept_encoding)
		nv[n++] = NV_LITERAL("grpc-accept-encoding", "identity");
	call->submitted = true;
	check(call, nghttp2_submit_response(call->conn->h2, call->stream, nv, n, NULL));
	conn_flush_later(call->conn);
}

/* The status is decided: nothing more is taken from the client or the handler. */
static void
answered(struct call *call, enum ipc_code status)
{
	call->state = CALL_ANSWERED;
	call->status = status;
	call->conn->srv->answers[status]++;
	call_set_waiting(call, false);
	call_message_drop(call);
	if (call->deadline_ns)
		event_del(&call->timer);
}

void
call_fail(struct call *call, enum ipc_code code, const char *text)
{
	size_t len = strlen(text), size = 3 * len + 1;

	if (call->state == CALL_ANSWERED)
		return;
	call->message = malloc(size);
	if (call->message)
		grpc_percent_encode(call->message, size, text, len);
	answered(call, code);
	if (call->submitted)
		push(call);
	else
		push_error_only(call);
}

void
call_http_error(struct call *call, unsigned int status)
{
	const nghttp2_nv nv[] = {
		status == 405 ? NV_LITERAL(":status", "405") : NV_LITERAL(":status", "415"),
		status == 405 ? NV_LITERAL("allow", "POST") :
			NV_LITERAL("accept", "application/grpc"),
	};

	CONN_COUNT(call->conn->srv, http_errors);
	answered(call, status == 405 ? IPC_UNIMPLEMENTED : IPC_INVALID_ARGUMENT);
	call->submitted = true;
	check(call, nghttp2_submit_response(call->conn->h2, call->stream, nv, 2, NULL));
	conn_flush_later(call->conn);
}

void
call_answer_drop(struct call *call)
{
	struct answer *a;

	while ((a = STAILQ_FIRST(&call->answers))) {
		STAILQ_REMOVE_HEAD(&call->answers, next);
		if (a == call->last)
			call->last = NULL;
		call_discharge(call, a->size);
		free(a);
	}
	call->unsent = 0;
	free(call->message);
	free(call->details);
	call->message = call->details = NULL;
}

/* Room for a message of len bytes at the end of the queue; NULL: the call has failed.  A handler
 * that goes on sending learns of that by its cancel callback, when the stream closes. */
static uint8_t *
queue(struct call *call, size_t len)
{
	struct answer *a;

	if (call->state == CALL_ANSWERED)
		return NULL;
	if (!call_charge(call, GRPC_PREFIX_LEN + len)) {
		call_fail(call, IPC_RESOURCE_EXHAUSTED,
			"the answers that the client has not read hold too much memory");
		return NULL;
	}
	a = malloc(sizeof(*a) + GRPC_PREFIX_LEN + len);
	if (!a) {
		call_discharge(call, GRPC_PREFIX_LEN + len);
		call_fail(call, IPC_RESOURCE_EXHAUSTED, "no memory for the answer");
		return NULL;
	}
	a->len = a->size = GRPC_PREFIX_LEN + len;
	a->off = 0;
	grpc_prefix_put(a->bytes, (uint32_t)len);
	STAILQ_INSERT_TAIL(&call->answers, a, next);
	call->last = a;
	call->unsent += a->len;
	return a->bytes + GRPC_PREFIX_LEN;
}

static bool
queue_message(struct call *call, const ProtobufCMessage *response)
{
	uint8_t *room = queue(call, protobuf_c_message_get_packed_size(response));

	if (room)
		protobuf_c_message_pack(response, room);
	return room != NULL;
}

void
call_send(struct call *call, const ProtobufCMessage *response)
{
	if (queue_message(call, response))
		push(call);
}

void
call_send_packed(struct call *call, const void *bytes, size_t len)
{
	uint8_t *room = queue(call, len);

	if (room && len > 0)
		memcpy(room, bytes, len);
	if (room)
		push(call);
}

void
call_begin(struct call *call)
{
	if (call->state != CALL_ANSWERED && !call->submitted)
		push(call);
}

/* A new answer at the end of the queue with room for at least len bytes. */
static struct answer *
add_chunk(struct call *call, size_t len)
{
	size_t size = len > STREAM_CHUNK ? len : STREAM_CHUNK;
	struct answer *a;

	if (!call_charge(call, size))
		return NULL;
	a = malloc(sizeof(*a) + size);
	if (!a) {
		call_discharge(call, size);
		return NULL;
	}
	a->len = a->off = 0;
	a->size = size;
	STAILQ_INSERT_TAIL(&call->answers, a, next);
	call->last = a;
	return a;
}

bool
call_stream(struct call *call, const void *a, size_t a_len, const void *b, size_t b_len,
		size_t unsent_max)
{
	size_t len = GRPC_PREFIX_LEN + a_len + b_len;
	struct answer *last = call->last;
	uint8_t *p;

	if (call->state == CALL_ANSWERED || call->unsent + len > unsent_max)
		return false;
	if (!last || last->size - last->len < len)
		last = add_chunk(call, len);
	if (!last)
		return false;
	p = last->bytes + last->len;
	grpc_prefix_put(p, (uint32_t)(a_len + b_len));
	if (a_len)
		memcpy(p + GRPC_PREFIX_LEN, a, a_len);
	if (b_len)
		memcpy(p + GRPC_PREFIX_LEN + a_len, b, b_len);
	last->len += len;
	call->unsent += len;
	if (!call->submitted || call->deferred)
		push(call);
	return true;
}

size_t
call_unsent(const struct call *call)
{
	return call->unsent;
}

void
call_stream_lost(struct call *call, uint64_t n)
{
	snprintf(call->lost, sizeof(call->lost), "%llu", (unsigned long long)n);
}

void
call_finish(struct call *call)
{
	call->handler_done = true;
	if (call->state == CALL_ANSWERED)
		return;
	answered(call, IPC_OK);
	push(call);
}

void
call_reply(struct call *call, const ProtobufCMessage *response)
{
	call->handler_done = true;
	if (!queue_message(call, response))
		return;
	answered(call, IPC_OK);
	push(call);
}

void
call_error(struct call *call, enum ipc_code code, const char *fmt, ...)
{
	char text[CALL_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	call->handler_done = true;
	call_fail(call, code, text);
}

size_t
call_detail_room(const char *text)
{
	size_t len = strnlen(text, CALL_TEXT_MAX - 1);
	/* text is there twice: percent-encoded (at most 3 times as long) and in the Status. */
	size_t used = 3 * len + BASE64_SIZE(len + DETAILS_FRAME_MAX);
	size_t max = used < TRAILERS_MAX ? (TRAILERS_MAX - used) / 4 * 3 : 0;

	return max < CALL_DETAIL_MAX ? max : CALL_DETAIL_MAX;
}

void
call_error_detail(struct call *call, enum ipc_code code, const char *text, const char *log,
		size_t log_len, uint64_t log_id)
{
	size_t max = call_detail_room(text);
	char cut[CALL_TEXT_MAX];

	call->handler_done = true;
	if (call->state == CALL_ANSWERED)
		return;
	snprintf(cut, sizeof(cut), "%s", text);
	if (log_len > max) {	/* its end says why */
		log += log_len - max;
		log_len = max;
	}
	call->details = details_encode(code, cut, log, log_len, log_id);
	call_fail(call, code, cut);
}
