/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_REGISTRY_HTTP_PARTS_H
#define BPFD_REGISTRY_HTTP_PARTS_H

#include <curl/curl.h>

#include "registry/http.h"

struct http {
	CURLM *multi;
	CURL *easy;
	struct http_setup setup;
	struct curl_slist *nowhere;
	/* of the request that is running */
	const struct http_request *q;
	struct http_answer *a;
	struct oci_why *why;
	struct http_url url;
	size_t sent, skipped;
	int err;			/* why it must end */
	bool begun;			/* the answer's body */
};

/* http_hear.c: what libcurl calls, for its options of these names; arg is the struct http. */
curl_socket_t http_on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address);
int	http_on_sockopt(void *arg, curl_socket_t fd, curlsocktype purpose);
size_t	http_on_body(char *data, size_t size, size_t n, void *arg);
size_t	http_on_send(char *out, size_t size, size_t n, void *arg);
int	http_on_seek(void *arg, curl_off_t offset, int origin);
size_t	http_on_header(char *line, size_t size, size_t n, void *arg);
/* The status is known: what came before stays only if this goes on there.  False: it goes on elsewhere. */
bool	http_begin_body(struct http *h);

#endif
