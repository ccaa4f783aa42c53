/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/client_call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/details.h"

static bool
is_name(const uint8_t *name, size_t len, const char *want)
{
	return strlen(want) == len && memcmp(name, want, len) == 0;
}

static int
number(const uint8_t *s, size_t len)
{
	int v = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 3 || s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return len ? v : -1;
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
	const uint8_t *value, size_t len, uint8_t flags, void *arg)
{
	static const char grpc[] = "application/grpc";
	struct call_state *call = arg;

	if (frame->hd.stream_id != call->stream)
		return 0;
	if (is_name(name, name_len, ":status"))
		call->http_status = number(value, len);
	else if (is_name(name, name_len, "content-type"))
		call->is_grpc = len >= strlen(grpc) && memcmp(value, grpc, strlen(grpc)) == 0;
	else if (is_name(name, name_len, "grpc-status"))
		call->grpc_status = number(value, len);
	else if (is_name(name, name_len, "grpc-message")) {
		buf_free(&call->text);
		buf_add(&call->text, value, len);
	} else if (is_name(name, name_len, "grpc-status-details-bin")) {
		buf_free(&call->details);
		buf_add(&call->details, value, len);
	}
	return 0;
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t stream, const uint8_t *data, size_t len,
	void *arg)
{
	struct call_state *call = arg;

	if (stream == call->stream && call->in.len - call->taken <= CALL_MESSAGE_MAX)
		buf_add(&call->in, data, len);
	return 0;
}

static int
on_close(nghttp2_session *h2, int32_t stream, uint32_t error_code, void *arg)
{
	struct call_state *call = arg;

	if (stream == call->stream) {
		call->closed = true;
		call->reset = error_code;
		call->stream = -1;
	}
	return 0;
}

static int
on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *arg)
{
	struct call_state *call = arg;

	if (frame->hd.type == NGHTTP2_PING && frame->hd.flags & NGHTTP2_FLAG_ACK)
		call->pong = true;
	return 0;
}

int
call_session_new(struct call_state *call, nghttp2_session **out)
{
	nghttp2_session_callbacks *cb;
	int err = nghttp2_session_callbacks_new(&cb);

	if (err)
		return err;
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	err = nghttp2_session_client_new(out, cb, call);
	nghttp2_session_callbacks_del(cb);
	return err;
}

/* Gives nghttp2 the next piece of prefix and message. */
static ssize_t
read_request(nghttp2_session *h2, int32_t stream, uint8_t *out, size_t size, uint32_t *flags,
	nghttp2_data_source *source, void *arg)
{
	struct call_state *call = arg;
	size_t total = GRPC_PREFIX_LEN + call->msg_len, n = 0;

	while (n < size && call->sent < GRPC_PREFIX_LEN)
		out[n++] = call->prefix[call->sent++];
	if (n < size && call->sent >= GRPC_PREFIX_LEN && call->sent < total) {
		size_t at = call->sent - GRPC_PREFIX_LEN, rest = call->msg_len - at;
		size_t some = rest < size - n ? rest : size - n;

		memcpy(out + n, call->msg + at, some);
		call->sent += some;
		n += some;
	}
	if (call->sent == total)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

void
call_clear(struct call_state *call)
{
	buf_free(&call->in);
	buf_free(&call->text);
	buf_free(&call->details);
	call->taken = 0;
	call->http_status = 0;
	call->is_grpc = false;
	call->grpc_status = -1;
	call->pong = false;
	call->reset = 0;
	call->closed = false;
}

#define HEADER(n, v)                                                                               \
	{ (uint8_t *)(uintptr_t)(n), (uint8_t *)(uintptr_t)(v), sizeof(n) - 1, strlen(v),          \
		NGHTTP2_NV_FLAG_NONE }

int
call_submit(struct call_state *call, nghttp2_session *h2, const char *method, const void *msg,
	size_t len, uint64_t timeout_ms)
{
	char timeout[GRPC_TIMEOUT_SIZE] = "";
	nghttp2_data_provider body = { .read_callback = read_request };

	if (len > UINT32_MAX)
		return -ENOMEM;
	if (timeout_ms)
		grpc_timeout_format(timeout_ms, timeout);
	const nghttp2_nv headers[] = {
		HEADER(":method", "POST"), HEADER(":scheme", "http"), HEADER(":path", method),
		HEADER(":authority", "localhost"), HEADER("te", "trailers"),
		HEADER("content-type", "application/grpc"),
		HEADER("user-agent", "bpfctl/" PACKAGE_VERSION),
		HEADER("grpc-timeout", timeout),
	};
	call_clear(call);
	call->msg = msg;
	call->msg_len = len;
	call->sent = 0;
	grpc_prefix_put(call->prefix, (uint32_t)len);
	call->stream = nghttp2_submit_request(h2, NULL, headers,
		ARRAY_SIZE(headers) - (timeout_ms ? 0 : 1), &body, NULL);
	return call->stream < 0 ? -ENOMEM : 0;
}

bool
call_is_sent(const struct call_state *call)
{
	return call->sent == GRPC_PREFIX_LEN + call->msg_len;
}

int
call_message(struct call_state *call, uint8_t **msg, size_t *len)
{
	const uint8_t *p = (const uint8_t *)buf_text(&call->in) + call->taken;
	size_t have = call->in.len - call->taken, want;
	uint8_t *copy;

	if (call->in.failed)
		return -EIO;
	if (have < GRPC_PREFIX_LEN)
		return 0;
	want = grpc_prefix_len(p);
	if (p[0] != 0 || want > CALL_MESSAGE_MAX)
		return -EIO;
	if (have - GRPC_PREFIX_LEN < want)
		return 0;
	copy = malloc(want + 1);
	if (!copy)
		return -EIO;
	memcpy(copy, p + GRPC_PREFIX_LEN, want);
	call->taken += GRPC_PREFIX_LEN + want;
	if (call->taken == call->in.len) {
		call->in.len = 0;
		call->taken = 0;
	}
	*msg = copy;
	*len = want;
	return 1;
}

static int
result(struct client_error *e, int code, const char *text)
{
	client_error_clear(e);
	e->code = code;
	e->text = strdup(text);
	return -EIO;
}

static int
grpc_error(struct call_state *call, struct client_error *e)
{
	size_t size = call->text.len + 1;
	char *text = malloc(size);

	client_error_clear(e);
	e->code = call->grpc_status <= 16 ? call->grpc_status : 2;
	if (text)
		grpc_percent_decode(text, size, buf_text(&call->text), call->text.len);
	e->text = text;
	if (call->details.len)
		e->log = details_log(buf_text(&call->details), call->details.len, &e->log_id);
	return -EIO;
}

int
call_result(struct call_state *call, struct client_error *e)
{
	char text[80];

	if (call->http_status && (call->http_status != 200 || !call->is_grpc)) {
		snprintf(text, sizeof(text), "what answers is no gRPC server (HTTP status %d)",
			call->http_status);
		return result(e, CLIENT_PROTOCOL, text);
	}
	if (call->grpc_status > 0)
		return grpc_error(call, e);
	if (call->in.failed)
		return result(e, CLIENT_NO_MEMORY, "no memory for the answer");
	if (call->in.len != call->taken)
		return result(e, CLIENT_PROTOCOL, "the answer is not a whole uncompressed message");
	if (call->grpc_status == 0)
		return 0;
	if (call->reset == NGHTTP2_REFUSED_STREAM)
		return result(e, CLIENT_UNREACHABLE, "bpfd is shutting down");
	snprintf(text, sizeof(text), "the call ended without a status (HTTP/2 %s)",
		nghttp2_http2_strerror(call->reset));
	return result(e, call->closed ? CLIENT_PROTOCOL : CLIENT_UNREACHABLE, text);
}
