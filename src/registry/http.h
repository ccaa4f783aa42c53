/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_REGISTRY_HTTP_H
#define BPFD_REGISTRY_HTTP_H

#include "registry/registry.h"

/*
 * One HTTP request and its answer, by libcurl.  Nothing is followed, tried again or authenticated here
 * but by what the request says.
 */
struct http;

enum http_auth { HTTP_ANONYMOUS, HTTP_BASIC, HTTP_BEARER };

struct http_request {
	const char *method;		/* GET, HEAD, POST, PUT */
	const char *url;		/* that http_url() has taken apart */
	const char *accept;		/* NULL: anything */
	enum http_auth auth;
	const char *username, *password;	/* of HTTP_BASIC */
	const char *token;		/* of HTTP_BEARER */
	const void *body;		/* of POST and PUT; NULL: empty */
	size_t body_len;
	const char *content_type;
	uint64_t max;			/* of the answer's body */
	const char *what;		/* for progress; NULL: not told */
	uint64_t total;			/* that is expected; 0: not known */
};

#define HTTP_URL_MAX 8192
#define HTTP_CHALLENGES_MAX 8192
struct http_answer {
	long status;
	char location[HTTP_URL_MAX];		/* absolute, "" for none */
	char challenges[HTTP_CHALLENGES_MAX];	/* WWW-Authenticate: of each header a line */
	char digest[IMAGE_DIGEST_MAX];		/* Docker-Content-Digest, "" for none or another kind */
	char content_type[128];
	uint64_t range_from;			/* of a 206's Content-Range */
	int64_t retry_after_s;			/* -1: not said */
	unsigned char *bytes;			/* the body of a 2xx: 206 is appended to what is there already */
	size_t len, room;
	char error[4096];			/* of any other status, its beginning */
	size_t error_len;
};

struct http_setup {
	int	(*connect)(void *arg, const char *host, uint16_t port, struct oci_why *why);
	void	(*progress)(void *arg, const char *what, uint64_t done, uint64_t total);
	void *arg;
	int cancel_fd;
	const struct registry_words *words;
	const void *ca; size_t ca_len;
	unsigned int idle_ms;
};

struct http_url { char scheme[8], host[256]; uint16_t port; };

int	http_new(struct http **out);
void	http_free(struct http *h);
void	http_open(struct http *h, const struct http_setup *setup);

/* Of https:// or http:// without credentials.  -EBADMSG. */
int	http_url(const char *url, struct http_url *out, struct oci_why *why);

/*
 * 0: there is a whole answer of any status.  With a->len the rest is asked for, and appended when it
 * comes as 206; what comes as 200 is all of it.  -ECONNRESET, -ETIMEDOUT: what came so far is in a; -EHOSTUNREACH,
 * -EFBIG, -ECANCELED, -EBADMSG, -ENOMEM, or what connect said, with why.
 */
int	http_run(struct http *h, const struct http_request *q, int64_t deadline_ms, struct http_answer *a,
		struct oci_why *why);
/* Waits, unless the other end of cancel_fd is closed: -ECANCELED. */
int	http_wait(const struct http *h, int64_t ms, struct oci_why *why);

#endif
