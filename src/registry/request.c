/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/log.h"
#include "registry/parts.h"

#define FIRST_WAIT_MS	250	/* doubled each time */
#define LONGEST_WAIT_MS	30000

void
registry_answer_free(struct http_answer *a)
{
	if (a)
		free(a->bytes);
	free(a);
}

int
registry_answer_take(struct http_answer *a, void **bytes, size_t *len)
{
	void *all = a->bytes ? realloc(a->bytes, a->len + 1) : malloc(1);

	if (!all)
		return -ENOMEM;
	*len = a->len;
	*bytes = all;
	a->bytes = NULL;
	a->len = a->room = 0;
	return 0;
}

bool
registry_same_origin(const struct http_url *a, const struct http_url *b)
{
	return strcmp(a->scheme, b->scheme) == 0 && strcasecmp(a->host, b->host) == 0 && a->port == b->port;
}

/* ---- one answer, from wherever the registry sends us ---- */

/* Where it may send us: never from TLS to none.  What it names gets no credentials there. */
static int
follow(const struct registry *r, const struct http_url *from, const char *to, struct http_url *out, struct oci_why *why)
{
	int err;

	if (!to[0])
		return oci_refuse(why, -EBADMSG, "%s redirects to nowhere", from->host);
	err = http_url(to, out, why);
	if (err)
		return err;
	if (strcmp(from->scheme, "https") == 0 && strcmp(out->scheme, "https") != 0)
		return oci_refuse(why, -EBADMSG, "%s redirects to %s without TLS", from->host, LOG_QUOTE(out->host));
	return 0;
}

static void
authenticate(const struct registry *r, struct http_request *q, bool at_home)
{
	q->auth = at_home ? r->auth : HTTP_ANONYMOUS;
	q->token = r->token;
	q->username = r->setup.auth ? r->setup.auth->username : NULL;
	q->password = r->setup.auth ? r->setup.auth->password : NULL;
}

static int
once(struct registry *r, struct http_request *q, const char *url, struct http_answer *a, struct oci_why *why)
{
	char next[HTTP_URL_MAX];
	struct http_url at, to;
	int err = http_url(url, &at, why);

	snprintf(next, sizeof(next), "%s", url);
	for (int n = 0; !err && n <= REDIRECTS_MAX; n++) {
		bool at_home = registry_same_origin(&at, &r->server);

		r->local = at_home;
		q->url = next;
		authenticate(r, q, at_home);
		err = http_run(r->http, q, r->deadline_ms, a, why);
		/* Who is only sent to asks nobody for credentials. */
		if (!err && a->status == 401 && !at_home)
			return oci_refuse(why, -EACCES, "%s, where %s sends us, does not allow it", LOG_QUOTE(at.host),
				r->server.host);
		if (err || a->status / 100 != 3 || a->status == 304)
			return err;
		/* What is sent away goes only where the registry itself said before. */
		if (q->body)
			return oci_refuse(why, -EBADMSG, "%s redirects what it was sent", at.host);
		err = follow(r, &at, a->location, &to, why);
		at = to;
		snprintf(next, sizeof(next), "%s", a->location);
	}
	return err ? err : oci_refuse(why, -EBADMSG, "%s redirects again and again", r->server.host);
}

/* ---- rights ---- */

static int
gain_rights(struct registry *r, const struct http_answer *a, struct oci_why *why)
{
	const bool has_user = r->setup.auth && r->setup.auth->username[0];
	struct challenge c;

	if (!challenge_parse(a->challenges, &c))
		return oci_refuse(why, -EBADMSG, "%s asks for credentials in words that are not understood", r->server.host);
	if (c.bearer) {
		if (r->n_tokens++ >= TOKENS_MAX)
			return oci_refuse(why, -EACCES, "%s takes none of the tokens that it asks for", r->server.host);
		r->auth = HTTP_BEARER;
		return registry_token(r, &c, why);
	}
	if (!c.basic)
		return oci_refuse(why, -EPERM, "%s asks for credentials of a kind that is not known", r->server.host);
	if (!has_user)
		return oci_refuse(why, -EPERM, "%s asks for a username and a password: give them with the request, or in "
			"%s", r->server.host, r->setup.words->auth);
	r->auth = HTTP_BASIC;
	return 0;
}

/* With the rights that the registry turns out to want: what was refused with them is refused. */
static int
with_rights(struct registry *r, struct http_request *q, const char *url, struct http_answer *a, struct oci_why *why)
{
	int err = once(r, q, url, a, why);

	/* A password does not change; a token may have become too old. */
	if (err || a->status != 401 || r->auth == HTTP_BASIC)
		return err;
	err = gain_rights(r, a, why);
	return err ? err : once(r, q, url, a, why);
}

/* ---- what is tried again ---- */

/* status 0: there was no whole answer. */
static bool
for_the_moment(int err, long status)
{
	switch (status) {
	case 0:
		return err == -ECONNRESET || err == -ETIMEDOUT;
	case 408: case 416: case 429: case 500: case 502: case 503: case 504:
		return true;
	default:
		return false;
	}
}

/* 0 after the wait; err when there is no time for it. */
static int
wait_for_it(struct registry *r, const struct http_answer *a, unsigned int n, int err, struct oci_why *why)
{
	int64_t left = r->deadline_ms - clock_ms(), ms = (int64_t)FIRST_WAIT_MS << (n < 8 ? n : 8);

	if (ms > LONGEST_WAIT_MS)
		ms = LONGEST_WAIT_MS;
	if (a->retry_after_s >= 0)
		ms = a->retry_after_s > left ? left : a->retry_after_s * 1000;
	if (ms < left)
		return http_wait(r->http, ms, why);
	if (a->retry_after_s < 0)
		return err;
	return oci_refuse(why, -EAGAIN, "%s asks to come again in %lld s; %s ends before",
		r->server.host, (long long)a->retry_after_s, r->setup.words->time);
}

static int
whole_url(const struct registry *r, const char *path, char out[HTTP_URL_MAX], struct oci_why *why)
{
	const char *six = strchr(r->server.host, ':') ? "[" : "";
	bool whole = strstr(path, "://");
	int n = whole ? snprintf(out, HTTP_URL_MAX, "%s", path) :
		snprintf(out, HTTP_URL_MAX, "%s://%s%s%s:%u/v2/%s/%s", r->server.scheme, six, r->server.host,
			six[0] ? "]" : "", r->server.port, r->ref->name, path);

	return n < HTTP_URL_MAX ? 0 : oci_refuse(why, -EBADMSG, "an address of %s is too long", r->server.host);
}

int
registry_ask(struct registry *r, struct http_request *q, const char *path, struct http_answer *a, struct oci_why *why)
{
	char url[HTTP_URL_MAX];
	int err = whole_url(r, path, url, why);

	for (unsigned int n = 0; !err; n++) {
		long status = 0;

		err = with_rights(r, q, url, a, why);
		if (!err && (a->status / 100 == 2 || a->status == 404))
			return 0;
		if (!err) {
			status = a->status;
			err = registry_refusal(r, a, why);
		}
		if (!for_the_moment(err, status) || n >= r->setup.retries)
			break;
		if (status == 416)
			a->len = 0;	/* it has another one now */
		err = wait_for_it(r, a, n, err, why);
	}
	return err == -ECONNRESET ? -EHOSTUNREACH : err;
}
