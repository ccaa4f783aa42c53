/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens as docker's registries want them: distribution's docs/spec/auth/token.md and oauth.md. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "oci/json.h"
#include "registry/parts.h"

#define ANSWER_MAX (4 * TOKEN_MAX)

/* Appends name=value with what is not unreserved (RFC 3986) in hexadecimal.  The new length; room when it is full. */
static size_t
add(char *out, size_t n, size_t room, const char *name, const char *value)
{
	n += (size_t)snprintf(out + n, room - n, "%s=", name);
	for (; *value && n + 4 < room; value++)
		n += (size_t)snprintf(out + n, room - n, isalnum((unsigned char)*value) || strchr("-._~", *value) ?
			"%c" : "%%%02X", (unsigned char)*value);
	return n + 4 < room ? n : room;
}

static size_t
add_common(const struct registry *r, const struct challenge *c, char *out, size_t n, size_t room)
{
	char scope[sizeof(r->ref->name) + 32];

	snprintf(scope, sizeof(scope), "repository:%s:%s", r->ref->name, r->setup.push ? "pull,push" : "pull");
	if (c->service[0])
		n = add(out, n, room, "service", c->service);
	if (n + 8 < room)
		n = add(out, n, room, c->service[0] ? "&scope" : "scope", scope);
	return n;
}

/* By GET, with the username and password if there are any. */
static int
by_password(struct registry *r, const struct challenge *c, struct http_request *q, char *url, size_t room)
{
	const struct oci_auth *auth = r->setup.auth;
	size_t n = (size_t)snprintf(url, room, "%s%c", c->realm, strchr(c->realm, '?') ? '&' : '?');

	n = add_common(r, c, url, n, room);
	q->method = "GET";
	q->url = url;
	if (auth && auth->username[0]) {
		q->auth = HTTP_BASIC;
		q->username = auth->username;
		q->password = auth->password;
	}
	return n < room ? 0 : -EBADMSG;
}

/* By POST, with what docker login keeps instead of a password. */
static int
by_identity(struct registry *r, const struct challenge *c, struct http_request *q, char *body, size_t room)
{
	size_t n = add_common(r, c, body, 0, room);

	if (n + 64 < room)
		n = add(body, n, room, "&grant_type", "refresh_token");
	if (n + 64 < room)
		n = add(body, n, room, "&client_id", "bpfd");
	if (n + 64 < room)
		n = add(body, n, room, "&refresh_token", r->setup.auth->identity_token);
	q->method = "POST";
	q->url = c->realm;
	q->body = body;
	q->body_len = n;
	q->content_type = "application/x-www-form-urlencoded";
	return n + 64 < room ? 0 : -EBADMSG;
}

/* It becomes a header: no byte that would end one. */
static bool
token_ok(const char *t)
{
	for (const char *p = t; *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return false;
	return t[0] && strlen(t) < TOKEN_MAX;
}

int
registry_token_take(struct registry *r, const struct http_answer *a, const char *host, struct oci_why *why)
{
	AUTO(json) json_t *root = NULL;
	const char *token;

	if (oci_json_load(a->bytes, a->len, "the answer of the token server", &root, why))
		return -EBADMSG;
	token = json_string_value(json_object_get(root, "token"));
	if (!token)
		token = json_string_value(json_object_get(root, "access_token"));
	if (!token || !token_ok(token))
		return oci_refuse(why, -EBADMSG, "%s gives no token that could be used", host);
	snprintf(r->token, sizeof(r->token), "%s", token);
	return 0;
}

static int
ask(struct registry *r, struct http_request *q, struct oci_why *why)
{
	AUTO(answer) struct http_answer *a = calloc(1, sizeof(*a));
	struct http_url at;
	int err = a ? http_url(q->url, &at, why) : oci_refuse(why, -ENOMEM, "out of memory");

	if (err)
		return err;
	if (strcmp(at.scheme, "https") != 0 && strcmp(r->server.scheme, "https") == 0)
		return oci_refuse(why, -EBADMSG, "%s sends us to %s for a token, without TLS", r->server.host,
			LOG_QUOTE(at.host));
	r->local = registry_same_origin(&at, &r->server);
	err = http_run(r->http, q, r->deadline_ms, a, why);
	if (err)
		return err;
	if (a->status == 401 || a->status == 403)
		return oci_refuse(why, -EPERM, r->setup.auth ? "%s does not know this username or password" :
			"%s gives no token to somebody without a username", LOG_QUOTE(at.host));
	if (a->status / 100 == 3)
		return oci_refuse(why, -EBADMSG, "%s, which gives tokens, sends us elsewhere: credentials do not go there",
			LOG_QUOTE(at.host));
	if (a->status != 200) {
		err = registry_refusal(r, a, why);
		return err == -ENOENT ? -EBADMSG : err;
	}
	return registry_token_take(r, a, LOG_QUOTE(at.host), why);
}

int
registry_token(struct registry *r, const struct challenge *c, struct oci_why *why)
{
	const bool identity = r->setup.auth && r->setup.auth->identity_token[0];
	struct http_request q = { .max = ANSWER_MAX, .accept = "application/json" };
	const size_t room = 4 * sizeof(r->setup.auth->identity_token);
	AUTO(mem) char *text = malloc(room);
	int err = -ENOMEM;

	if (text)
		err = identity ? by_identity(r, c, &q, text, room) : by_password(r, c, &q, text, room);
	if (!err)
		err = ask(r, &q, why);
	else
		oci_refuse(why, err, "%s names no token server that can be asked", r->server.host);
	if (text)
		explicit_bzero(text, room);
	return err;
}
