/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_REGISTRY_PARTS_H
#define BPFD_REGISTRY_PARTS_H

#include "common/auto.h"
#include "registry/challenge.h"
#include "registry/http.h"
#include "registry/registry.h"

#define TOKEN_MAX	16384
#define TOKENS_MAX	8		/* that one image may need: a server that gives none that last is told so */
#define REDIRECTS_MAX	5

struct registry {
	struct http *http;
	const struct oci_ref *ref;
	struct registry_setup setup;
	struct http_url server;		/* that the user named */
	int64_t deadline_ms;
	bool local;			/* of the connection that is being asked for */
	enum http_auth auth;		/* that the registry wants */
	unsigned int n_tokens;
	char token[TOKEN_MAX];
};

/* ---- request.c ---- */

/*
 * A request to the registry, with rights, redirects and what is tried again: q's url, and a's body so
 * far, as http_run() has them.  path: behind /v2/NAME/, or a whole address that the registry gave.  0: a
 * status of 2xx, or 404.
 */
int	registry_ask(struct registry *r, struct http_request *q, const char *path, struct http_answer *a, struct oci_why *why);
void	registry_answer_free(struct http_answer *a);	/* NULL is fine */
/* A body is taken out of it, the caller's; of no byte it is allocated, too.  -ENOMEM. */
int	registry_answer_take(struct http_answer *a, void **bytes, size_t *len);

AUTO_DEFINE(answer, struct http_answer *, registry_answer_free)

/* ---- refusal.c: what an answer's error says, for a person; returns the errno for its status ---- */
int	registry_refusal(const struct registry *r, const struct http_answer *a, struct oci_why *why);

/* ---- token.c: a token for what the challenge asks, into r->token ---- */
int	registry_token(struct registry *r, const struct challenge *c, struct oci_why *why);
/* Out of the answer of a token server, host: without a byte that could end a header. */
int	registry_token_take(struct registry *r, const struct http_answer *a, const char *host, struct oci_why *why);

/* On the same server by the same scheme: it may have what the other may have. */
bool	registry_same_origin(const struct http_url *a, const struct http_url *b);

#endif
