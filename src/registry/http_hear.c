/* SPDX-License-Identifier: Apache-2.0 */
/* What libcurl asks for and tells while a request runs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ipc/chan.h"
#include "registry/http_parts.h"

curl_socket_t
http_on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http *h = arg;
	int fd = h->setup.connect(h->setup.arg, h->url.host, h->url.port, h->why);

	if (fd >= 0)
		return fd;
	h->err = fd;
	return CURL_SOCKET_BAD;
}

int
http_on_sockopt(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static size_t
stop(struct http *h, int err, const char *text)
{
	h->err = oci_refuse(h->why, err, "%s", text);
	return 0;
}

static int
room_for(struct http_answer *a, size_t more)
{
	size_t room = a->room ? a->room : 16384;
	unsigned char *bytes;

	while (room - a->len < more)
		room *= 2;
	if (room == a->room)
		return 0;
	bytes = realloc(a->bytes, room);
	if (!bytes)
		return -ENOMEM;
	a->bytes = bytes;
	a->room = room;
	return 0;
}

bool
http_begin_body(struct http *h)
{
	struct http_answer *a = h->a;

	h->begun = true;
	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &a->status);
	if (a->status / 100 == 2 && a->status != 206)
		a->len = 0;
	return a->status != 206 || a->range_from == a->len;
}

/* What an error says: nobody wants more than its beginning. */
static size_t
on_error_body(struct http *h, const char *data, size_t n)
{
	struct http_answer *a = h->a;
	size_t room = sizeof(a->error) - 1 - a->error_len, keep = n < room ? n : room;

	memcpy(a->error + a->error_len, data, keep);
	a->error_len += keep;
	h->skipped += n - keep;
	return h->skipped > h->q->max ? stop(h, -EBADMSG, "what the server says of an error has no end") : n;
}

size_t
http_on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http *h = arg;
	struct http_answer *a = h->a;

	n *= size;
	if (!h->begun && !http_begin_body(h))
		return stop(h, -EBADMSG, "the server goes on with another part than the one asked for");
	if (a->status / 100 != 2)
		return on_error_body(h, data, n);
	if (n > h->q->max || a->len > h->q->max - n)
		return stop(h, -EFBIG, "the server sends more than it may");
	if (room_for(a, n))
		return stop(h, -ENOMEM, "out of memory");
	memcpy(a->bytes + a->len, data, n);
	a->len += n;
	if (h->q->what)
		h->setup.progress(h->setup.arg, h->q->what, a->len, h->q->total);
	return n;
}

size_t
http_on_send(char *out, size_t size, size_t n, void *arg)
{
	struct http *h = arg;
	size_t left = h->q->body_len - h->sent;

	n *= size;
	if (n > left)
		n = left;
	memcpy(out, (const char *)h->q->body + h->sent, n);
	h->sent += n;
	if (h->q->what)
		h->setup.progress(h->setup.arg, h->q->what, h->sent, h->q->body_len);
	return n;
}

/* A connection that was kept turned out to be closed: libcurl begins again on a new one. */
int
http_on_seek(void *arg, curl_off_t offset, int origin)
{
	struct http *h = arg;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > h->q->body_len)
		return CURL_SEEKFUNC_CANTSEEK;
	h->sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* The value of the header of this name in line[0..n), trimmed; NULL: it is another one. */
static const char *
header(const char *line, size_t n, const char *name, int *len)
{
	size_t at = strlen(name);

	if (n <= at || strncasecmp(line, name, at) != 0 || line[at] != ':')
		return NULL;
	while (++at < n && (line[at] == ' ' || line[at] == '\t'))
		;
	while (n > at && (line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' '))
		n--;
	*len = (int)(n - at);
	return line + at;
}

static void
copy(char *out, size_t room, const char *from, int len)
{
	snprintf(out, room, "%.*s", len, from);
	if (!ipc_str_ok(out, room))
		out[0] = '\0';
}

size_t
http_on_header(char *line, size_t size, size_t n, void *arg)
{
	struct http *h = arg;
	struct http_answer *a = h->a;
	const char *v;
	int len;

	n *= size;
	if ((v = header(line, n, "WWW-Authenticate", &len))) {
		size_t used = strlen(a->challenges);

		if (used + (size_t)len + 2 < sizeof(a->challenges))
			snprintf(a->challenges + used, sizeof(a->challenges) - used, "%.*s\n", len, v);
	} else if ((v = header(line, n, "Docker-Content-Digest", &len))) {
		copy(a->digest, sizeof(a->digest), v, len);
		if (!oci_digest_ok(a->digest))
			a->digest[0] = '\0';
	} else if ((v = header(line, n, "Content-Type", &len))) {
		copy(a->content_type, sizeof(a->content_type), v, len);
		a->content_type[strcspn(a->content_type, "; ")] = '\0';
	} else if ((v = header(line, n, "Content-Range", &len)) && len > 6 && strncmp(v, "bytes ", 6) == 0) {
		a->range_from = strtoull(v + 6, NULL, 10);
	}
	return n;
}
