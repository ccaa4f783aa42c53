/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "api/call.h"
#include "api/conn.h"

#define STREAM_WINDOW	(1 << 20)
#define CONN_WINDOW	(4 << 20)
#define HEADER_LIST	(16 * 1024)
#define ACKS_MAX	200	/* PING and SETTINGS that wait for their answer to be written */
#define RESETS_BURST	500	/* streams that the client may reset at once, */
#define RESETS_RATE	50	/* and each second */
#define OUR_RESETS_MAX	500	/* streams that make us reset them, */
#define OUR_RESETS_NS	10000000000ULL	/* in this time */

static struct call *
call_of(nghttp2_session *h2, int32_t stream)
{
	return nghttp2_session_get_stream_user_data(h2, stream);
}

static int
on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	struct call *call;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	call = call_new(user, frame->hd.stream_id);
	if (!call)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;	/* resets the stream */
	nghttp2_session_set_stream_user_data(h2, frame->hd.stream_id, call);
	return 0;
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
		const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct call *call = call_of(h2, frame->hd.stream_id);

	if (call && call->state == CALL_HEADERS)
		call_header(call, name, name_len, value, value_len);
	return 0;
}

static int
on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	struct conn *c = user;
	struct call *call;

	if (frame->hd.type == NGHTTP2_SETTINGS)
		c->greeted = true;
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
		return 0;
	call = call_of(h2, frame->hd.stream_id);
	if (!call)
		return 0;
	if (call->state == CALL_HEADERS && frame->hd.type == NGHTTP2_HEADERS)
		call_headers_end(call);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		call_half_closed(call);
	return 0;
}

static int
on_data_chunk(nghttp2_session *h2, uint8_t flags, int32_t stream, const uint8_t *data, size_t len,
		void *user)
{
	struct call *call = call_of(h2, stream);

	if (call)
		call_data(call, data, len);
	return 0;
}

static int
on_stream_close(nghttp2_session *h2, int32_t stream, uint32_t error_code, void *user)
{
	struct call *call = call_of(h2, stream);

	if (call)
		call_free(call);
	return 0;
}

/* Requests that are made to be refused cost as much as those that are reset. */
static void
count_reset(struct conn *c)
{
	if (c->active_ns - c->resets_since_ns > OUR_RESETS_NS) {
		c->resets_since_ns = c->active_ns;
		c->resets = 0;
	}
	if (++c->resets == OUR_RESETS_MAX) {
		CONN_COUNT(c->srv, connections_abusive);
		h2_goodbye(c, NGHTTP2_ENHANCE_YOUR_CALM);
	}
}

static int
on_frame_send(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	struct conn *c = user;

	if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
		count_reset(c);
	if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
		CONN_COUNT(c->srv, protocol_errors);
	/* Trailers before the client has sent all: without this its stream would stay open. */
	if (frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) &&
	    nghttp2_session_get_stream_remote_close(h2, frame->hd.stream_id) == 0)
		return nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
			NGHTTP2_NO_ERROR) == NGHTTP2_ERR_NOMEM ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
	return 0;
}

int
h2_setup(struct server *srv)
{
	nghttp2_session_callbacks *cb;

	if (nghttp2_session_callbacks_new(&srv->callbacks) || nghttp2_option_new(&srv->options))
		return -ENOMEM;
	cb = srv->callbacks;
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);

	nghttp2_option_set_no_closed_streams(srv->options, 1);
	nghttp2_option_set_max_outbound_ack(srv->options, ACKS_MAX);
	nghttp2_option_set_stream_reset_rate_limit(srv->options, RESETS_BURST, RESETS_RATE);
	return 0;
}

int
h2_start(struct conn *c)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)c->srv->cfg->limits_streams },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST },
	};

	if (nghttp2_session_server_new2(&c->h2, c->srv->callbacks, c, c->srv->options) ||
	    nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings, 3) ||
	    nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0, CONN_WINDOW))
		return -ENOMEM;
	return 0;
}

void
h2_goodbye(struct conn *c, uint32_t error_code)
{
	if (nghttp2_session_terminate_session(c->h2, error_code))
		c->broken = true;
	c->ending = true;
	conn_flush_later(c);
}
