/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/log.h"
#include "oci/oci.h"

struct blobs {
	const struct oci_blob *all;
	size_t n;
};

/* The one of the role; NULL. */
static const struct oci_blob *
find(const struct blobs *b, enum oci_role role)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->all[i].role == role)
			return &b->all[i];
	return NULL;
}

/* The blob of the role, which must be what the descriptor names.  what: for a person. */
static int
need(const struct blobs *b, enum oci_role role, const char *what, const struct oci_desc *want,
	const struct oci_blob **out, struct oci_why *why)
{
	const struct oci_blob *blob = find(b, role);

	if (!blob)
		return oci_refuse(why, -EBADMSG, "the image lacks its %s", what);
	if (blob->len != want->size)
		return oci_refuse(why, -EBADMSG, "the image's %s has %zu bytes; it is said to have %llu", what, blob->len,
			(unsigned long long)want->size);
	if (!oci_digest_is(want->digest, blob->bytes, blob->len))
		return oci_refuse(why, -EBADMSG, "the image's %s has not the digest that it is said to have, %s", what,
			want->digest);
	*out = blob;
	return 0;
}

static int
check_top(const struct oci_ref *ref, const struct oci_blob *top, struct image_facts *f, struct oci_why *why)
{
	oci_digest(top->bytes, top->len, f->digest);
	if (strcmp(top->desc.digest, f->digest) != 0 || (ref->digest[0] && strcmp(ref->digest, f->digest) != 0))
		return oci_refuse(why, -EBADMSG, "what came has the digest %s, not %s", f->digest,
			ref->digest[0] ? ref->digest : LOG_QUOTE(top->desc.digest));
	return 0;
}

/* The manifest of the architecture, read; its digest is in facts. */
static int
find_manifest(const struct blobs *b, const struct oci_blob *top, const char *arch, struct oci_manifest *m,
	struct image_facts *f, struct oci_why *why)
{
	const struct oci_blob *manifest = NULL;
	struct oci_desc want;
	int err = oci_manifest_parse(top->bytes, top->len, m, why);

	if (err)
		return err;
	if (m->kind == OCI_MANIFEST) {
		strcpy(f->manifest, f->digest);
		return 0;
	}
	err = oci_index_pick(top->bytes, top->len, arch, &want, why);
	if (!err)
		err = need(b, OCI_ROLE_MANIFEST, "manifest", &want, &manifest, why);
	if (!err)
		err = oci_manifest_parse(manifest->bytes, manifest->len, m, why);
	if (!err && m->kind != OCI_MANIFEST)
		err = oci_refuse(why, -EINVAL, "the index leads to another index");
	if (!err)
		strcpy(f->manifest, want.digest);
	return err;
}

static int
check_manifest(const struct oci_manifest *m, struct oci_why *why)
{
	if (strcmp(m->config.media, OCI_MEDIA_CONFIG) != 0 && strcmp(m->config.media, OCI_MEDIA_DOCKER_CONFIG) != 0)
		return oci_refuse(why, -EINVAL, "this is no image: its configuration is %s", LOG_QUOTE(m->config.media));
	if (m->n_layers != 1)
		return oci_refuse(why, -EINVAL, "the image has %u layers; a bytecode image has one, with one object", m->n_layers);
	return 0;
}

int
oci_image_read(const char *ref_text, const struct oci_blob *blobs, size_t n, const char *arch,
	struct image_facts *facts, struct oci_why *why)
{
	const struct blobs b = { blobs, n };
	const struct oci_blob *top = find(&b, OCI_ROLE_TOP), *config = NULL, *layer;
	AUTO(mem) struct oci_manifest *m = calloc(1, sizeof(*m));
	AUTO(mem) struct image_facts *f = calloc(1, sizeof(*f));
	struct oci_ref ref;
	int err;

	if (!m || !f)
		return oci_refuse(why, -ENOMEM, "no memory for the image");
	if (!top)
		return oci_refuse(why, -EBADMSG, "the image lacks its manifest");
	f->magic = IMAGE_FACTS_MAGIC;
	err = oci_ref_parse(ref_text, &ref, why);
	if (!err)
		err = check_top(&ref, top, f, why);
	if (!err)
		err = find_manifest(&b, top, arch && *arch ? arch : oci_this_arch(), m, f, why);
	if (!err)
		err = check_manifest(m, why);
	if (!err)
		err = need(&b, OCI_ROLE_CONFIG, "configuration", &m->config, &config, why);
	if (!err)
		err = need(&b, OCI_ROLE_LAYER, "layer", &m->layers[0], &layer, why);
	if (!err)
		err = oci_config_parse(config->bytes, config->len, f, why);
	if (!err && oci_ref_text(&ref, f->ref, sizeof(f->ref)))
		err = oci_refuse(why, -EINVAL, "the image's name is longer than %zu bytes", sizeof(f->ref) - 1);
	if (err)
		return err;
	strcpy(f->config, m->config.digest);
	strcpy(f->layer, m->layers[0].digest);
	f->layer_bytes = m->layers[0].size;
	*facts = *f;
	return 0;
}

int
oci_image_object(const struct oci_blob *blobs, size_t n, const struct oci_limits *limits, struct image_facts *facts,
	void **object, size_t *object_len, struct oci_why *why)
{
	const struct oci_blob *layer = find(&(struct blobs){ blobs, n }, OCI_ROLE_LAYER);
	AUTO(mem) void *o = NULL;
	size_t len;
	int err;

	/* The same that oci_image_read() has looked at. */
	if (!layer || !oci_digest_is(facts->layer, layer->bytes, layer->len))
		return oci_refuse(why, -EBADMSG, "the image's layer is another now");
	err = oci_layer_object(&layer->desc, layer->bytes, layer->len, limits, &o, &len, why);
	if (!err)
		err = oci_object_check(o, len, facts, why);
	if (err)
		return err;
	oci_sha256(o, len, facts->object_sha256);
	facts->object_bytes = len;
	*object = TAKE_PTR(o);
	*object_len = len;
	return 0;
}
