/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/glob.h"
#include "fetch/fetch.h"

/* As it is, which an address of IPv6 in its brackets has to be, or as a pattern. */
static bool
fits(const char *item, const char *text, size_t len)
{
	return (strlen(item) == len && memcmp(item, text, len) == 0) || glob_match(item, strlen(item), text, len, false);
}

/* The administrator lists it as HOST or HOST:PORT. */
static bool
is_plain(const struct fetch *f)
{
	const char *at = f->ref.endpoint, *port = strrchr(at, ':'), *six = strchr(at, ']');
	const size_t len = strlen(at), host = port && (!six || port > six) ? (size_t)(port - at) : len;

	for (uint32_t i = 0; i < f->limits.n_plain && i < FETCH_PLAIN_MAX; i++)
		if (fits(f->limits.plain[i], at, len) || fits(f->limits.plain[i], at, host))
			return true;
	return false;
}

int
pull_keep(struct fetch *f, enum oci_role role, const struct oci_desc *d, void *bytes, size_t len)
{
	struct fetched *g = &f->got;

	if (g->n == OCI_BUNDLE_BLOBS_MAX) {
		free(bytes);
		return oci_refuse(&f->why, -EFBIG, "the image has more than %d parts", OCI_BUNDLE_BLOBS_MAX);
	}
	g->blobs[g->n] = (struct oci_blob){ role, *d, bytes, len };
	g->owned[g->n++] = bytes;
	g->bytes += len;
	return 0;
}

static int
manifest(struct fetch *f, const char *ref, enum oci_role role, struct oci_manifest *m)
{
	struct oci_desc d;
	void *bytes;
	size_t len;
	int err = registry_manifest(f->registry, ref, &bytes, &len, &d, &f->why);

	if (!err)
		err = pull_keep(f, role, &d, bytes, len);
	return err ? err : oci_manifest_parse(bytes, len, m, &f->why);
}

static int
blob(struct fetch *f, const struct oci_desc *d, enum oci_role role)
{
	void *bytes;
	size_t len;
	int err = registry_blob(f->registry, d, &bytes, &len, &f->why);

	return err ? err : pull_keep(f, role, d, bytes, len);
}

/* The manifest of the architecture, by way of an index where there is one. */
static int
manifests(struct fetch *f, struct oci_manifest *m)
{
	const struct oci_blob *top = &f->got.blobs[0];
	struct oci_desc d;
	int err = manifest(f, f->ref.digest[0] ? f->ref.digest : f->ref.tag, OCI_ROLE_TOP, m);

	if (err || m->kind == OCI_MANIFEST)
		return err;
	err = oci_index_pick(top->bytes, top->len, f->request->arch[0] ? f->request->arch : oci_this_arch(), &d, &f->why);
	if (!err)
		err = manifest(f, d.digest, OCI_ROLE_MANIFEST, m);
	if (!err && m->kind != OCI_MANIFEST)
		err = oci_refuse(&f->why, -EINVAL, "the index leads to another index");
	return err;
}

static int
signatures(struct fetch *f)
{
	int err = 0;

	/* Of the index, and of the one of this architecture. */
	for (size_t i = 0; i < f->got.n && !err; i++)
		if (f->got.blobs[i].role == OCI_ROLE_TOP || f->got.blobs[i].role == OCI_ROLE_MANIFEST)
			err = pull_signatures(f, f->got.blobs[i].desc.digest);
	return err;
}

int
pull(struct fetch *f)
{
	const struct registry_setup setup = { .connect = fetch_connect, .progress = answer_progress, .arg = f,
		.cancel_fd = chan_fd(f->api), .ca = f->ca, .ca_len = f->ca_len,
		.auth = f->has_auth ? &f->auth : NULL, .plain = is_plain(f),
		.max_manifest = f->limits.manifest_bytes, .max_blob = f->limits.layer_bytes,
		.idle_ms = f->limits.idle_ms, .total_ms = f->limits.total_ms, .retries = f->limits.retries };
	AUTO(mem) struct oci_manifest *m = calloc(1, sizeof(*m));
	char ref[IMAGE_REF_MAX];
	int err;

	if (!m)
		return oci_refuse(&f->why, -ENOMEM, "out of memory");
	registry_open(f->registry, &f->ref, &setup);
	err = manifests(f, m);
	if (!err && m->n_layers != 1)
		err = oci_refuse(&f->why, -EINVAL, "the image has %u layers; a bytecode image has one, with one object",
			m->n_layers);
	if (!err)
		err = blob(f, &m->config, OCI_ROLE_CONFIG);
	if (!err)
		err = blob(f, &m->layers[0], OCI_ROLE_LAYER);
	if (!err && oci_ref_text(&f->ref, ref, sizeof(ref)) == 0 && signature_wanted(f->trust, ref))
		err = signatures(f);
	return err;
}
