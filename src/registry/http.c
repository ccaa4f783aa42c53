/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"
#include "registry/http_parts.h"

/* Where libcurl believes that it connects to, so that it never looks a name up: the socket comes from
 * elsewhere.  An address of those for documentation, which nobody has. */
#define NOWHERE "::192.0.2.1:"

#ifndef BPFD_VERSION
#define BPFD_VERSION "0"
#endif

AUTO_DEFINE(slist, struct curl_slist *, curl_slist_free_all)

#define SET(option, value)                                                                         \
	do {                                                                                       \
		if (curl_easy_setopt(h->easy, (option), (value)) != CURLE_OK)                      \
			return -ENOMEM;                                                            \
	} while (0)

static int
set_always(struct http *h)
{
	struct curl_blob ca = { (void *)h->setup.ca, h->setup.ca_len, CURL_BLOB_NOCOPY };

	curl_easy_reset(h->easy);
	SET(CURLOPT_NOSIGNAL, 1L);
	/* It waits so long before it looks at the socket that it has. */
	SET(CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, 1L);
	SET(CURLOPT_TCP_NODELAY, 0L);		/* who makes the socket says that */
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_PROTOCOLS_STR, "https,http");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	/* Nothing of the system's, which is not there any more. */
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_CAINFO, NULL);
	if (ca.len)
		SET(CURLOPT_CAINFO_BLOB, &ca);
	SET(CURLOPT_USERAGENT, "bpfd/" BPFD_VERSION);
	SET(CURLOPT_CONNECT_TO, h->nowhere);
	SET(CURLOPT_OPENSOCKETFUNCTION, http_on_socket);
	SET(CURLOPT_OPENSOCKETDATA, h);
	SET(CURLOPT_SOCKOPTFUNCTION, http_on_sockopt);
	SET(CURLOPT_WRITEFUNCTION, http_on_body);
	SET(CURLOPT_WRITEDATA, h);
	SET(CURLOPT_HEADERFUNCTION, http_on_header);
	SET(CURLOPT_HEADERDATA, h);
	SET(CURLOPT_READFUNCTION, http_on_send);
	SET(CURLOPT_READDATA, h);
	SET(CURLOPT_SEEKFUNCTION, http_on_seek);
	SET(CURLOPT_SEEKDATA, h);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)h->setup.idle_ms);
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, (long)(h->setup.idle_ms + 999) / 1000);
	return 0;
}

static int
set_auth(struct http *h, const struct http_request *q)
{
	switch (q->auth) {
	case HTTP_BASIC:
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(CURLOPT_USERNAME, q->username);
		SET(CURLOPT_PASSWORD, q->password);
		break;
	case HTTP_BEARER:
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		SET(CURLOPT_XOAUTH2_BEARER, q->token);
		break;
	case HTTP_ANONYMOUS:
		break;
	}
	return 0;
}

static int
set_method(struct http *h, const struct http_request *q)
{
	if (strcmp(q->method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
	} else if (strcmp(q->method, "PUT") == 0) {
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->body_len);
	} else if (strcmp(q->method, "POST") == 0) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_len);
	}
	return 0;
}

static int
add_header(struct curl_slist **to, const char *name, const char *value)
{
	char line[512];
	struct curl_slist *more;

	if (snprintf(line, sizeof(line), "%s%s", name, value) >= (int)sizeof(line))
		return -EINVAL;
	more = curl_slist_append(*to, line);
	if (!more)
		return -ENOMEM;
	*to = more;
	return 0;
}

static int
set_request(struct http *h, const struct http_request *q, struct curl_slist **headers)
{
	/* No "100 Continue": a server that does not know it costs a second. */
	int err = add_header(headers, "Expect:", "");
	char range[32];

	if (!err && q->accept)
		err = add_header(headers, "Accept: ", q->accept);
	if (!err && q->content_type)
		err = add_header(headers, "Content-Type: ", q->content_type);
	if (!err)
		err = set_always(h);
	if (!err)
		err = set_auth(h, q);
	if (!err)
		err = set_method(h, q);
	if (err)
		return err;
	if (h->a->len) {
		snprintf(range, sizeof(range), "%zu-", h->a->len);
		SET(CURLOPT_RANGE, range);
	}
	SET(CURLOPT_HTTPHEADER, *headers);
	SET(CURLOPT_URL, q->url);
	return 0;
}

static bool
cancelled(const struct http *h, int wait_ms)
{
	struct pollfd p = { .fd = h->setup.cancel_fd };

	return poll(&p, 1, wait_ms) > 0 && (p.revents & (POLLHUP | POLLERR));
}

int
http_wait(const struct http *h, int64_t ms, struct oci_why *why)
{
	if (cancelled(h, ms > INT_MAX ? INT_MAX : ms < 0 ? 0 : (int)ms))
		return oci_refuse(why, -ECANCELED, "nobody waits for it any more");
	return 0;
}

/* Until libcurl is done with it. */
static CURLcode
transfer(struct http *h, int64_t deadline_ms)
{
	/* libcurl itself waits for the events; a hang-up needs none. */
	struct curl_waitfd cancel = { .fd = h->setup.cancel_fd, .events = 0 };
	unsigned int n = h->setup.cancel_fd >= 0;
	const CURLMsg *msg;
	int running = 1, left;

	while (running) {
		int64_t ms = deadline_ms - clock_ms();

		if (curl_multi_perform(h->multi, &running) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		if (!running)
			break;
		if (ms <= 0)
			return CURLE_OPERATION_TIMEDOUT;
		if (curl_multi_poll(h->multi, &cancel, n, ms > 1000 ? 1000 : (int)ms, NULL) != CURLM_OK)
			return CURLE_OUT_OF_MEMORY;
		if (n && cancelled(h, 0)) {
			h->err = oci_refuse(h->why, -ECANCELED, "nobody waits for it any more");
			return CURLE_ABORTED_BY_CALLBACK;
		}
	}
	msg = curl_multi_info_read(h->multi, &left);
	return msg ? msg->data.result : CURLE_OUT_OF_MEMORY;
}

static int
failure(struct http *h, CURLcode code, const char *text)
{
	struct oci_why *why = h->why;
	const char *host = h->url.host;

	if (h->err)
		return h->err;
	if (!text[0])
		text = curl_easy_strerror(code);
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return oci_refuse(why, -ETIMEDOUT, "%s does not answer in time", host);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return oci_refuse(why, -EHOSTUNREACH, "the certificate of %s is not trusted: %s; %s names "
			"those that are", host, LOG_QUOTE(text), h->setup.words->ca);
	case CURLE_SSL_CONNECT_ERROR:
		return oci_refuse(why, -EHOSTUNREACH, "%s and we do not agree on TLS: %s; a registry without TLS needs "
			"%s", host, LOG_QUOTE(text), h->setup.words->plain);
	case CURLE_OUT_OF_MEMORY:
		return oci_refuse(why, -ENOMEM, "out of memory");
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_RANGE_ERROR:
		return oci_refuse(why, -EBADMSG, "%s does not answer as HTTP is: %s", host, LOG_QUOTE(text));
	default:
		return oci_refuse(why, -ECONNRESET, "the connection to %s broke: %s", host, LOG_QUOTE(text));
	}
}

/* A redirect's, and where an upload goes on, which libcurl does not take for one; it may be relative. */
static void
take_location(struct http *h, struct http_answer *a)
{
	struct curl_header *header;
	CURLU *u = curl_url();
	char *url = NULL;

	if (u && curl_easy_header(h->easy, "Location", 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
	    curl_url_set(u, CURLUPART_URL, h->q->url, 0) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_URL, header->value, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK && strlen(url) < sizeof(a->location))
		strcpy(a->location, url);
	curl_free(url);
	curl_url_cleanup(u);
}

static void
take_answer(struct http *h, struct http_answer *a)
{
	curl_off_t retry = 0;

	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &a->status);
	take_location(h, a);
	if (curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &retry) == CURLE_OK && retry > 0)
		a->retry_after_s = retry;
}

int
http_run(struct http *h, const struct http_request *q, int64_t deadline_ms, struct http_answer *a,
	struct oci_why *why)
{
	AUTO(slist) struct curl_slist *headers = NULL;
	char text[CURL_ERROR_SIZE] = "";
	CURLcode code;
	int err;

	h->q = q;
	h->a = a;
	h->why = why;
	h->sent = h->skipped = 0;
	h->err = 0;
	h->begun = false;
	a->status = 0;
	a->retry_after_s = -1;
	a->range_from = a->error_len = 0;
	a->location[0] = a->challenges[0] = a->digest[0] = a->content_type[0] = '\0';
	err = http_url(q->url, &h->url, why);
	if (err)
		return err;
	err = set_request(h, q, &headers);
	if (err)
		return oci_refuse(why, err, "the request cannot be made");
	curl_easy_setopt(h->easy, CURLOPT_ERRORBUFFER, text);
	if (curl_multi_add_handle(h->multi, h->easy) != CURLM_OK)
		return oci_refuse(why, -ENOMEM, "out of memory");
	code = transfer(h, deadline_ms);
	take_answer(h, a);
	/* An answer without a body is one too. */
	if (code == CURLE_OK && !h->begun && !http_begin_body(h))
		h->err = oci_refuse(why, -EBADMSG, "the server goes on with another part than the one asked for");
	curl_multi_remove_handle(h->multi, h->easy);
	return code == CURLE_OK ? h->err : failure(h, code, text);
}

/* ---- its life ---- */

int
http_new(struct http **out)
{
	struct http *h;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	/* Looks whether there is IPv6, and makes itself a pair of sockets to be woken by: not later. */
	h->multi = curl_multi_init();
	h->easy = curl_easy_init();
	h->nowhere = curl_slist_append(NULL, NOWHERE);
	if (!h->multi || !h->easy || !h->nowhere) {
		http_free(h);
		return -ENOMEM;
	}
	*out = h;
	return 0;
}

void
http_open(struct http *h, const struct http_setup *setup)
{
	h->setup = *setup;
}

void
http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
	curl_slist_free_all(h->nowhere);
	free(h);
}
