/* SPDX-License-Identifier: Apache-2.0 */
#include "h2client.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "common/auto.h"
#include "proto/grpc.h"

#define STREAMS_MAX	4096
#define FIELDS_MAX	64
#define WAIT_MS		5000

struct upload {
	uint8_t *bytes;
	size_t len, off;
	bool end;
};

struct client {
	struct event_base *base;
	nghttp2_session *h2;
	int fd;
	size_t frame_max;
	bool eof;
	int goaway;
	const uint8_t *out;		/* of nghttp2, not yet written */
	size_t out_len;
	struct reply replies[STREAMS_MAX];
	struct upload uploads[STREAMS_MAX];
};

static size_t
slot(int32_t stream)
{
	assert(stream > 0 && stream / 2 < STREAMS_MAX);
	return (size_t)stream / 2;
}

static void
copy(char *out, size_t size, const uint8_t *value, size_t len)
{
	assert(len < size);
	memcpy(out, value, len);
	out[len] = '\0';
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
		const uint8_t *value, size_t len, uint8_t flags, void *user)
{
	struct client *c = user;
	struct reply *r = &c->replies[slot(frame->hd.stream_id)];
	const char *n = (const char *)name;

	if (strcmp(n, ":status") == 0)
		r->http = atoi((const char *)value);
	else if (strcmp(n, "grpc-status") == 0)
		r->status = atoi((const char *)value);
	else if (strcmp(n, "grpc-message") == 0)
		grpc_percent_decode(r->message, sizeof(r->message), (const char *)value, len);
	else if (strcmp(n, "grpc-status-details-bin") == 0)
		copy(r->details, sizeof(r->details), value, len);
	else if (strcmp(n, "grpc-accept-encoding") == 0)
		copy(r->accept_encoding, sizeof(r->accept_encoding), value, len);
	return 0;
}

static int
on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
	struct client *c = user;

	if (frame->hd.type == NGHTTP2_GOAWAY)
		c->goaway = (int)frame->goaway.error_code;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_RESPONSE)
		c->replies[slot(frame->hd.stream_id)].headers_only =
			frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	return 0;
}

static int
on_chunk(nghttp2_session *h2, uint8_t flags, int32_t stream, const uint8_t *data, size_t len,
		void *user)
{
	struct client *c = user;
	struct reply *r = &c->replies[slot(stream)];

	r->body = realloc(r->body, r->len + len);
	assert(r->body);
	memcpy(r->body + r->len, data, len);
	r->len += len;
	return 0;
}

static int
on_close(nghttp2_session *h2, int32_t stream, uint32_t error_code, void *user)
{
	struct client *c = user;

	c->replies[slot(stream)].closed = true;
	c->replies[slot(stream)].error_code = error_code;
	return 0;
}

static ssize_t
on_upload(nghttp2_session *h2, int32_t stream, uint8_t *buf, size_t size, uint32_t *flags,
		nghttp2_data_source *source, void *user)
{
	struct client *c = user;
	struct upload *u = &c->uploads[slot(stream)];
	size_t n = u->len - u->off;

	if (n > size)
		n = size;
	if (n > c->frame_max)
		n = c->frame_max;
	if (n > 0)
		memcpy(buf, u->bytes + u->off, n);
	u->off += n;
	if (u->off == u->len && u->end)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	else if (n == 0)
		return NGHTTP2_ERR_DEFERRED;
	return (ssize_t)n;
}

int
client_socket(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert(fd >= 0 && strlen(path) < sizeof(sun.sun_path));
	strcpy(sun.sun_path, path);
	assert(connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0);
	return fd;
}

struct client *
client_new(struct event_base *base, const char *path)
{
	struct client *c = calloc(1, sizeof(*c));
	nghttp2_session_callbacks *cb;
	int err;

	assert(c);
	c->base = base;
	c->fd = client_socket(path);
	err = fcntl(c->fd, F_SETFL, O_NONBLOCK);
	assert(err == 0);
	c->frame_max = SIZE_MAX;
	c->goaway = -1;
	err = nghttp2_session_callbacks_new(&cb);
	assert(err == 0);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_chunk);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
	err = nghttp2_session_client_new(&c->h2, cb, c);
	assert(err == 0);
	nghttp2_session_callbacks_del(cb);
	err = nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, NULL, 0);
	assert(err == 0);
	return c;
}

void
client_free(struct client *c)
{
	nghttp2_session_del(c->h2);
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		free(c->replies[i].body);
		free(c->uploads[i].bytes);
	}
	close(c->fd);
	free(c);
}

void
client_limit_frames(struct client *c, size_t bytes)
{
	c->frame_max = bytes;
}

static void
append(struct upload *u, const void *body, size_t len, bool end)
{
	u->bytes = realloc(u->bytes, u->len + len + 1);
	assert(u->bytes);
	if (len)
		memcpy(u->bytes + u->len, body, len);
	u->len += len;
	u->end = end;
}

int32_t
client_start_raw(struct client *c, const char *const *fields, const void *body, size_t len, bool end)
{
	nghttp2_data_provider provider = { .read_callback = on_upload };
	nghttp2_nv nv[FIELDS_MAX];
	size_t n = 0;
	int32_t stream;

	for (; fields[2 * n]; n++) {
		assert(n < FIELDS_MAX);
		nv[n] = (nghttp2_nv){ (uint8_t *)fields[2 * n], (uint8_t *)fields[2 * n + 1],
			strlen(fields[2 * n]), strlen(fields[2 * n + 1]), 0 };
	}
	stream = nghttp2_submit_request(c->h2, NULL, nv, n, &provider, NULL);
	assert(stream > 0);
	c->replies[slot(stream)].http = c->replies[slot(stream)].status = -1;
	append(&c->uploads[slot(stream)], body, len, end);
	return stream;
}

int32_t
client_start(struct client *c, const char *path, const char *const *extra, const void *body,
		size_t len, bool end)
{
	const char *fields[FIELDS_MAX] = {
		":method", "POST", ":scheme", "http", ":path", path, ":authority", "localhost",
		"content-type", "application/grpc", "te", "trailers",
	};
	size_t n = 12;

	for (; extra && *extra; extra++)
		fields[n++] = *extra;
	fields[n] = NULL;
	return client_start_raw(c, fields, body, len, end);
}

void
client_more(struct client *c, int32_t stream, const void *body, size_t len, bool end)
{
	append(&c->uploads[slot(stream)], body, len, end);
	nghttp2_session_resume_data(c->h2, stream);
}

void
client_cancel(struct client *c, int32_t stream)
{
	int err = nghttp2_submit_rst_stream(c->h2, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);

	assert(err == 0);
}

const struct reply *
client_reply(struct client *c, int32_t stream)
{
	return &c->replies[slot(stream)];
}

static bool
send_some(struct client *c)
{
	bool did = false;

	for (;;) {
		ssize_t n;

		if (c->out_len == 0) {
			n = nghttp2_session_mem_send(c->h2, &c->out);
			assert(n >= 0);
			c->out_len = (size_t)n;
		}
		if (c->out_len == 0)
			return did;
		n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);
		if (n < 0)
			return did;
		c->out += n;
		c->out_len -= (size_t)n;
		did = true;
	}
}

static bool
recv_some(struct client *c)
{
	static uint8_t buf[65536];
	ssize_t n = c->eof ? -1 : read(c->fd, buf, sizeof(buf));

	if (n == 0 || (n < 0 && errno == ECONNRESET))
		c->eof = true;
	if (n <= 0)
		return false;
	n = nghttp2_session_mem_recv(c->h2, buf, (size_t)n);
	assert(n >= 0);
	return true;
}

static void
turn(struct client *c)
{
	const struct timespec pause = { 0, 200000 };
	bool did = send_some(c);

	event_base_loop(c->base, EVLOOP_NONBLOCK);
	if (!recv_some(c) && !did)
		nanosleep(&pause, NULL);
}

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const struct reply *
client_wait(struct client *c, int32_t stream)
{
	struct reply *r = &c->replies[slot(stream)];

	for (long end = now_ms() + WAIT_MS; !r->closed && !c->eof && now_ms() < end;)
		turn(c);
	return r;
}

void
client_until(struct client *c, const unsigned int *n, unsigned int want)
{
	for (long end = now_ms() + WAIT_MS; *n < want && now_ms() < end;)
		turn(c);
}

void
client_until_bytes(struct client *c, int32_t stream, size_t want)
{
	struct reply *r = &c->replies[slot(stream)];

	for (long end = now_ms() + WAIT_MS; r->len < want && now_ms() < end;)
		turn(c);
}

void
client_turn(struct client *c, int ms)
{
	for (long end = now_ms() + ms; now_ms() < end && !c->eof;)
		turn(c);
}

bool
client_eof(const struct client *c)
{
	return c->eof;
}

int
client_goaway(const struct client *c)
{
	return c->goaway;
}
