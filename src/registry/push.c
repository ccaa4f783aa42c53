/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "registry/parts.h"

#define ANSWER_MAX 65536
#define PATH_ROOM 512

/* Whatever it was sent and does not have was no answer to that. */
static int
done(const struct registry *r, const struct http_answer *a, int err, struct oci_why *why)
{
	return !err && a->status == 404 ? registry_refusal(r, a, why) : err;
}

static int
is_there(struct registry *r, const char *digest, struct oci_why *why)
{
	AUTO(answer) struct http_answer *a = calloc(1, sizeof(*a));
	struct http_request q = { .method = "HEAD", .max = ANSWER_MAX };
	char path[PATH_ROOM];
	int err;

	if (!a)
		return oci_refuse(why, -ENOMEM, "out of memory");
	snprintf(path, sizeof(path), "blobs/%s", digest);
	err = registry_ask(r, &q, path, a, why);
	return err ? err : a->status == 200;
}

/* Where the registry wants it: an address of its own, with the digest behind what it has to say. */
static int
begin(struct registry *r, const char *digest, char url[HTTP_URL_MAX], struct oci_why *why)
{
	AUTO(answer) struct http_answer *a = calloc(1, sizeof(*a));
	struct http_request q = { .method = "POST", .max = ANSWER_MAX };
	struct http_url to;
	int err, n;

	if (!a)
		return oci_refuse(why, -ENOMEM, "out of memory");
	err = done(r, a, registry_ask(r, &q, "blobs/uploads/", a, why), why);
	if (!err)
		err = http_url(a->location, &to, why);
	if (err)
		return err;
	if (strcmp(to.scheme, r->server.scheme) != 0)
		return oci_refuse(why, -EBADMSG, "%s wants it by %s", r->server.host, to.scheme);
	n = snprintf(url, HTTP_URL_MAX, "%s%cdigest=%s", a->location, strchr(a->location, '?') ? '&' : '?', digest);
	return n < HTTP_URL_MAX ? 0 : oci_refuse(why, -EBADMSG, "an address of %s is too long", r->server.host);
}

static int
put(struct registry *r, const char *path, const struct oci_desc *d, const void *bytes, const char *type, struct oci_why *why)
{
	AUTO(answer) struct http_answer *a = calloc(1, sizeof(*a));
	struct http_request q = { .method = "PUT", .body = bytes, .body_len = d->size, .content_type = type,
		.max = ANSWER_MAX, .what = "push" };

	if (!a)
		return oci_refuse(why, -ENOMEM, "out of memory");
	return done(r, a, registry_ask(r, &q, path, a, why), why);
}

int
registry_push_blob(struct registry *r, const struct oci_desc *d, const void *bytes, struct oci_why *why)
{
	char url[HTTP_URL_MAX];
	int err = is_there(r, d->digest, why);

	if (err)
		return err;
	err = begin(r, d->digest, url, why);
	return err ? err : put(r, url, d, bytes, "application/octet-stream", why);
}

int
registry_push_manifest(struct registry *r, const char *ref, const struct oci_desc *d, const void *bytes, struct oci_why *why)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "manifests/%s", ref);
	return put(r, path, d, bytes, d->media, why);
}
