/* SPDX-License-Identifier: Apache-2.0 */
#include "image/make.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/auto.h"
#include "common/log.h"
#include "oci/json.h"
#include "oci/tar.h"

#define CREATED_MAX 64

void
made_free(struct made *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->blobs[i].bytes);
	m->n = 0;
}

/* Takes bytes, whatever comes of it. */
static const struct oci_desc *
add_blob(struct made *m, const char *media, void *bytes, size_t len)
{
	struct made_blob *b = &m->blobs[m->n++];

	b->bytes = bytes;
	b->desc.size = len;
	snprintf(b->desc.media, sizeof(b->desc.media), "%s", media);
	oci_digest(bytes, len, b->desc.digest);
	return &b->desc;
}

/* Takes the value, NULL too.  Keys in order, so that the text is always the same.  NULL: no memory. */
static const struct oci_desc *
add_json(struct made *m, const char *media, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	json_decref(value);
	return text ? add_blob(m, media, text, strlen(text)) : NULL;
}

static json_t *
desc_json(const struct oci_desc *d)
{
	return json_pack("{s:s, s:s, s:I}", "mediaType", d->media, "digest", d->digest, "size", (json_int_t)d->size);
}

static const char *
given(const struct make_pair *pairs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(pairs[i].name, name) == 0)
			return pairs[i].value;
	return NULL;
}

/* A label's text: the names with their types, as a JSON object. */
static int
set_label(json_t *labels, const char *label, const struct image_name *names, uint32_t n)
{
	AUTO(json) json_t *all = json_object();
	AUTO(mem) char *text = NULL;

	for (uint32_t i = 0; i < n; i++)
		if (json_object_set_new(all, names[i].name, json_string(names[i].kind)))
			return -ENOMEM;
	text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
	return text && json_object_set_new(labels, label, json_string(text)) == 0 ? 0 : -ENOMEM;
}

static int
set_kinds(const struct make_recipe *r, struct image_facts *f, struct oci_why *why)
{
	for (uint32_t i = 0; i < f->n_programs; i++) {
		struct image_name *p = &f->programs[i];
		const char *kind = given(r->kinds, r->n_kinds, p->name);

		if (kind && strlen(kind) >= sizeof(p->kind))
			return oci_refuse(why, -EINVAL, "%s is no type of a program", LOG_QUOTE(kind));
		if (kind)
			strcpy(p->kind, kind);
		if (!p->kind[0])
			return oci_refuse(why, -EINVAL, "the section of %s does not tell its type: give --program %s=TYPE",
				p->name, p->name);
	}
	return 0;
}

static int
make_labels(const struct make_recipe *r, const struct make_input *in, json_t **out, struct oci_why *why)
{
	AUTO(mem) struct image_facts *f = calloc(1, sizeof(*f));
	AUTO(json) json_t *labels = json_object();
	struct oci_why of_object = { 0 };
	int err = f && labels ? oci_object_names(in->object, in->len, f, &of_object) : -ENOMEM;

	if (err)
		return oci_refuse(why, err, "%s: %s", in->name, of_object.text);
	if (f->n_programs == 0)
		return oci_refuse(why, -EINVAL, "%s has no program", in->name);
	err = set_kinds(r, f, why);
	for (size_t i = 0; i < r->n_labels && !err; i++)
		if (json_object_set_new(labels, r->labels[i].name, json_string(r->labels[i].value)))
			err = oci_refuse(why, -EINVAL, "label %s is not UTF-8", LOG_QUOTE(r->labels[i].name));
	if (!err)
		err = set_label(labels, OCI_LABEL_PROGRAMS, f->programs, f->n_programs);
	if (!err)
		err = set_label(labels, OCI_LABEL_MAPS, f->maps, f->n_maps);
	if (!err)
		*out = TAKE_PTR(labels);
	return err;
}

static const struct oci_desc *
add_config(struct made *m, const char *arch, const char *created, const char *diff_id, json_t *labels)
{
	json_t *history = json_pack("[{s:s, s:s}]", "created", created, "created_by", "bpfctl image build");
	json_t *rootfs = json_pack("{s:s, s:[s]}", "type", "layers", "diff_ids", diff_id);

	return add_json(m, OCI_MEDIA_CONFIG, json_pack("{s:s, s:s, s:s, s:{s:O}, s:o, s:o}", "architecture", arch,
		"os", "linux", "created", created, "config", "Labels", labels, "history", history, "rootfs", rootfs));
}

static int
add_layer(struct made *m, const struct make_recipe *r, const struct make_input *in, char diff_id[IMAGE_DIGEST_MAX],
	const struct oci_desc **out, struct oci_why *why)
{
	AUTO(mem) void *tar = NULL;
	void *layer;
	size_t tar_len, len;
	int err = tar_of_file(in->name, in->object, in->len, (uint64_t)r->created_s, &tar, &tar_len);

	if (err)
		return oci_refuse(why, err, "%s cannot be put into an archive: its name has up to 99 bytes",
			in->name);
	err = make_compress(r->compression, tar, tar_len, &layer, &len);
	if (err)
		return oci_refuse(why, err, "the layer cannot be compressed");
	oci_digest(tar, tar_len, diff_id);
	*out = add_blob(m, make_media(r->compression), layer, len);
	return 0;
}

/* The image of one architecture: layer, configuration, manifest. */
static int
add_image(struct made *m, const struct make_recipe *r, const struct make_input *in, const char *created,
	const struct oci_desc **out, struct oci_why *why)
{
	const struct oci_desc *layer, *config;
	AUTO(json) json_t *labels = NULL;
	char diff_id[IMAGE_DIGEST_MAX];
	int err = make_labels(r, in, &labels, why);

	if (!err)
		err = add_layer(m, r, in, diff_id, &layer, why);
	if (err)
		return err;
	config = add_config(m, in->arch, created, diff_id, labels);
	*out = config ? add_json(m, OCI_MEDIA_MANIFEST, json_pack("{s:i, s:s, s:o, s:[o]}", "schemaVersion", 2,
		"mediaType", OCI_MEDIA_MANIFEST, "config", desc_json(config), "layers", desc_json(layer))) : NULL;
	return *out ? 0 : oci_refuse(why, -ENOMEM, "no memory for the image");
}

static int
add_index(struct made *m, const struct make_recipe *r, const struct oci_desc *const *manifests, struct oci_why *why)
{
	json_t *all = json_array();
	bool made = all;

	for (size_t i = 0; i < r->n_inputs && made; i++) {
		json_t *entry = desc_json(manifests[i]);

		made = json_object_set_new(entry, "platform", json_pack("{s:s, s:s}", "architecture",
			r->inputs[i].arch, "os", "linux")) == 0 && json_array_append_new(all, entry) == 0;
	}
	if (made && add_json(m, OCI_MEDIA_INDEX, json_pack("{s:i, s:s, s:o}", "schemaVersion", 2, "mediaType",
	    OCI_MEDIA_INDEX, "manifests", all)))
		return 0;
	return oci_refuse(why, -ENOMEM, "no memory for the index");
}

static int
check_archs(const struct make_recipe *r, struct oci_why *why)
{
	if (r->n_inputs == 0 || r->n_inputs > MAKE_ARCHS_MAX)
		return oci_refuse(why, -EINVAL, "an image has 1 to %d objects, one for each architecture", MAKE_ARCHS_MAX);
	for (size_t i = 0; i < r->n_inputs; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(r->inputs[i].arch, r->inputs[j].arch) == 0)
				return oci_refuse(why, -EINVAL, "two objects for %s: write ARCH=FILE for each",
					LOG_QUOTE(r->inputs[i].arch));
	return 0;
}

int
make_image(const struct make_recipe *r, struct made *out, struct oci_why *why)
{
	const struct oci_desc *manifests[MAKE_ARCHS_MAX];
	const time_t created_s = (time_t)r->created_s;
	struct made m = { 0 };
	char created[CREATED_MAX];
	struct tm tm;
	int err = check_archs(r, why);

	if (err)
		return err;
	if (r->created_s < 0 || !gmtime_r(&created_s, &tm) ||
	    !strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return oci_refuse(why, -EINVAL, "SOURCE_DATE_EPOCH is no number of seconds since 1970");
	for (size_t i = 0; i < r->n_inputs && !err; i++)
		err = add_image(&m, r, &r->inputs[i], created, &manifests[i], why);
	if (!err && r->n_inputs > 1)
		err = add_index(&m, r, manifests, why);
	if (err)
		made_free(&m);
	else
		*out = m;
	return err;
}
