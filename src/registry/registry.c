/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "registry/parts.h"

/* What a registry without the types of an index does not find (docker-registry 2.8). */
#define ACCEPT "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " \
	"application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"
#define PATH_ROOM 512

static int
connect_for(void *arg, const char *host, uint16_t port, struct oci_why *why)
{
	struct registry *r = arg;

	return r->setup.connect(r->setup.arg, host, port, r->local, why);
}

static void
progress_of(void *arg, const char *what, uint64_t done, uint64_t total)
{
	struct registry *r = arg;

	if (r->setup.progress)
		r->setup.progress(r->setup.arg, what, done, total);
}

int
registry_new(struct registry **out)
{
	AUTO(mem) struct registry *r = calloc(1, sizeof(*r));
	int err = r ? http_new(&r->http) : -ENOMEM;

	if (err)
		return err;
	*out = TAKE_PTR(r);
	return 0;
}

void
registry_free(struct registry *r)
{
	if (!r)
		return;
	http_free(r->http);
	explicit_bzero(r->token, sizeof(r->token));
	free(r);
}

/* endpoint: "host", "host:port", "[::1]:port". */
static void
split(struct http_url *out, const char *endpoint, bool plain)
{
	const char *colon = strrchr(endpoint, ':'), *six = endpoint[0] == '[' ? strchr(endpoint, ']') : NULL;
	size_t len = strlen(endpoint);

	if (colon && colon > (six ? six : endpoint))
		len = (size_t)(colon - endpoint);
	else
		colon = NULL;
	snprintf(out->scheme, sizeof(out->scheme), "%s", plain ? "http" : "https");
	out->port = (uint16_t)(colon ? strtoul(colon + 1, NULL, 10) : plain ? 80 : 443);
	snprintf(out->host, sizeof(out->host), "%.*s", (int)(len - 2 * !!six), endpoint + !!six);
}

const struct registry_words registry_settings = { .plain = "images.insecure_registries", .ca = "images.ca_file",
	.auth = "images.auth_file", .time = "images.timeout_ms" };

void
registry_open(struct registry *r, const struct oci_ref *ref, const struct registry_setup *setup)
{
	const struct registry_words *words = setup->words ? setup->words : &registry_settings;
	const struct http_setup http = { .connect = connect_for, .progress = progress_of, .arg = r,
		.cancel_fd = setup->cancel_fd, .words = words, .ca = setup->ca, .ca_len = setup->ca_len,
		.idle_ms = setup->idle_ms };

	r->ref = ref;
	r->setup = *setup;
	r->setup.words = words;
	r->deadline_ms = clock_ms() + setup->total_ms;
	r->auth = HTTP_ANONYMOUS;
	r->n_tokens = 0;
	split(&r->server, ref->endpoint, setup->plain);
	http_open(r->http, &http);
}

/* ---- what a registry has ---- */

static int
get_manifest(struct registry *r, const char *path, struct http_answer *a, struct oci_why *why)
{
	struct http_request q = { .method = "GET", .accept = ACCEPT, .max = r->setup.max_manifest,
		.what = "manifest" };
	int err = registry_ask(r, &q, path, a, why);

	if (err == -EFBIG)
		oci_refuse(why, err, "%s has a manifest of more than %llu bytes: images.manifest_bytes", r->server.host,
			(unsigned long long)q.max);
	return err ? err : a->status == 404 ? registry_refusal(r, a, why) : 0;
}

static int
check_manifest(const struct registry *r, const char *ref, const struct http_answer *a, struct oci_desc *out,
	struct oci_why *why)
{
	snprintf(out->media, sizeof(out->media), "%s", a->content_type);
	out->size = a->len;
	oci_digest(a->bytes, a->len, out->digest);
	if (oci_digest_ok(ref) && strcmp(ref, out->digest) != 0)
		return oci_refuse(why, -EBADMSG, "%s was asked for the manifest %s and sent %s", r->server.host, ref,
			out->digest);
	if (a->digest[0] && strcmp(a->digest, out->digest) != 0)
		return oci_refuse(why, -EBADMSG, "%s says that it sends the manifest %s, but it is %s", r->server.host,
			a->digest, out->digest);
	return 0;
}

int
registry_manifest(struct registry *r, const char *ref, void **bytes, size_t *len, struct oci_desc *out, struct oci_why *why)
{
	AUTO(answer) struct http_answer *a = calloc(1, sizeof(*a));
	char path[PATH_ROOM];
	struct oci_desc d = { 0 };
	int err;

	if (!a)
		return oci_refuse(why, -ENOMEM, "out of memory");
	snprintf(path, sizeof(path), "manifests/%s", ref);
	err = get_manifest(r, path, a, why);
	if (!err)
		err = check_manifest(r, ref, a, &d, why);
	if (!err)
		err = registry_answer_take(a, bytes, len);
	if (!err)
		*out = d;
	return err;
}

/* A registry without the API answers 404, and one that takes the path for a name 400 or 405. */
int
registry_referrers(struct registry *r, const char *digest, void **bytes, size_t *len, struct oci_why *why)
{
	AUTO(answer) struct http_answer *a = calloc(1, sizeof(*a));
	char path[PATH_ROOM];
	int err;

	if (!a)
		return oci_refuse(why, -ENOMEM, "out of memory");
	snprintf(path, sizeof(path), "referrers/%s", digest);
	err = get_manifest(r, path, a, why);
	if (err == -ENOENT || (err == -EBADMSG && (a->status == 400 || a->status == 405))) {
		snprintf(path, sizeof(path), "manifests/sha256-%s", digest + strlen("sha256:"));
		err = get_manifest(r, path, a, why);
	}
	return err ? err : registry_answer_take(a, bytes, len);
}

int
registry_blob(struct registry *r, const struct oci_desc *want, void **bytes, size_t *len, struct oci_why *why)
{
	AUTO(answer) struct http_answer *a = calloc(1, sizeof(*a));
	struct http_request q = { .method = "GET", .max = want->size, .what = "blob", .total = want->size };
	char path[PATH_ROOM];
	int err;

	if (!a)
		return oci_refuse(why, -ENOMEM, "out of memory");
	if (want->size > r->setup.max_blob)
		return oci_refuse(why, -EFBIG, "the blob %s has %llu bytes, more than %llu: images.layer_bytes", want->digest,
			(unsigned long long)want->size, (unsigned long long)r->setup.max_blob);
	snprintf(path, sizeof(path), "blobs/%s", want->digest);
	err = registry_ask(r, &q, path, a, why);
	if (err == -EFBIG)
		return oci_refuse(why, -EBADMSG, "%s sends more of %s than the %llu bytes that its manifest says",
			r->server.host, want->digest, (unsigned long long)want->size);
	if (!err && a->status == 404)
		err = registry_refusal(r, a, why);
	if (err)
		return err;
	if (a->len != want->size)
		return oci_refuse(why, -EBADMSG, "%s sends %zu bytes of %s, whose manifest says %llu", r->server.host, a->len,
			want->digest, (unsigned long long)want->size);
	if (!oci_digest_is(want->digest, a->bytes, a->len))
		return oci_refuse(why, -EBADMSG, "%s sends something else than %s", r->server.host, want->digest);
	return registry_answer_take(a, bytes, len);
}
