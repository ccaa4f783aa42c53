/* SPDX-License-Identifier: Apache-2.0 */
/* Where signatures lie beside an image: cosign's tag, and what refers to it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "fetch/fetch.h"

#define REFERRERS_MAX	32
#define BYTES_TIMES	8	/* of images.manifest_bytes: all signatures of one image together */

static bool
full(const struct fetch *f)
{
	return f->got.n >= OCI_BUNDLE_BLOBS_MAX || f->got.bytes > f->limits.layer_bytes + BYTES_TIMES * f->limits.manifest_bytes;
}

/* The layers of a signature's manifest.  One that is no manifest is nobody's signature. */
static int
layers(struct fetch *f, const void *bytes, size_t len)
{
	AUTO(mem) struct oci_manifest *m = calloc(1, sizeof(*m));
	struct oci_why ignored;
	int err = 0;

	if (!m)
		return oci_refuse(&f->why, -ENOMEM, "out of memory");
	if (oci_manifest_parse(bytes, len, m, &ignored) || m->kind != OCI_MANIFEST)
		return 0;
	for (uint32_t i = 0; i < m->n_layers && !err; i++) {
		void *blob;
		size_t blob_len;

		if (full(f)) {
			log_warn("fetch.signatures", "digest=%s there are more than are looked at", f->got.blobs[0].desc.digest);
			return 0;
		}
		err = registry_blob(f->registry, &m->layers[i], &blob, &blob_len, &f->why);
		if (!err)
			err = pull_keep(f, OCI_ROLE_SIGNATURE_BLOB, &m->layers[i], blob, blob_len);
	}
	return err;
}

static int
one(struct fetch *f, const char *ref)
{
	struct oci_desc d;
	void *bytes;
	size_t len;
	int err;

	if (full(f))
		return 0;
	err = registry_manifest(f->registry, ref, &bytes, &len, &d, &f->why);
	if (!err)
		err = pull_keep(f, OCI_ROLE_SIGNATURE, &d, bytes, len);
	if (!err)
		err = layers(f, bytes, len);
	return err == -ENOENT ? 0 : err;	/* not signed in that way */
}

static int
referrers(struct fetch *f, const char *digest)
{
	struct oci_desc found[REFERRERS_MAX];
	AUTO(mem) void *index = NULL;
	size_t len, n = REFERRERS_MAX;
	int err = registry_referrers(f->registry, digest, &index, &len, &f->why);

	if (err)
		return err == -ENOENT ? 0 : err;
	/* An index that cannot be understood holds no signature. */
	if (signature_referrers(index, len, found, &n, &f->why))
		return 0;
	for (size_t i = 0; i < n && i < REFERRERS_MAX && !err; i++)
		err = one(f, found[i].digest);
	return err;
}

int
pull_signatures(struct fetch *f, const char *digest)
{
	char tag[SIGNATURE_TAG_MAX];
	int err;

	signature_tag(digest, tag);
	err = one(f, tag);
	return err ? err : referrers(f, digest);
}
