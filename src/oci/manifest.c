/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and indexes: image-spec 1.1 (manifest.md, image-index.md) and Docker's "schema 2". */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "oci/json.h"

static const struct {
	const char *media;
	enum oci_kind kind;
} kinds[] = {
	{ OCI_MEDIA_INDEX, OCI_INDEX },
	{ OCI_MEDIA_DOCKER_LIST, OCI_INDEX },
	{ OCI_MEDIA_MANIFEST, OCI_MANIFEST },
	{ OCI_MEDIA_DOCKER_MANIFEST, OCI_MANIFEST },
};

static int
kind_of_media(const char *media)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].media, media) == 0)
			return (int)kinds[i].kind;
	return -ENOENT;
}

/*
 * What says that it is both is neither: two readers would take it for two things, under one digest and
 * one signature.
 */
static int
find_kind(const json_t *root, enum oci_kind *out, struct oci_why *why)
{
	const bool index = json_object_get(root, "manifests");
	const bool manifest = json_object_get(root, "layers") || json_object_get(root, "config");
	char media[sizeof(((struct oci_desc *)0)->media)];
	int kind;

	if (OCI_JSON_TEXT(root, "mediaType", media, why))
		return -EINVAL;
	if (json_integer_value(json_object_get(root, "schemaVersion")) != 2)
		return oci_refuse(why, -EINVAL, "the manifest is not of schemaVersion 2: push the image again with a newer tool");
	if (index == manifest)
		return oci_refuse(why, -EINVAL, "the manifest is %s", index ? "an index and an image at once" :
			"neither an index nor an image: no \"manifests\", no \"layers\"");
	kind = media[0] ? kind_of_media(media) : index ? OCI_INDEX : OCI_MANIFEST;
	if (kind != (index ? OCI_INDEX : OCI_MANIFEST))
		return oci_refuse(why, -EINVAL, "the manifest says that it is %s, but has \"%s\"", LOG_QUOTE(media),
			index ? "manifests" : "layers");
	*out = (enum oci_kind)kind;
	return 0;
}

static int
read_layers(const json_t *layers, struct oci_manifest *m, struct oci_why *why)
{
	const json_t *layer;
	size_t i;

	if (!json_is_array(layers))
		return oci_refuse(why, -EINVAL, "the manifest has no list of layers");
	if (json_array_size(layers) > OCI_LAYERS_MAX)
		return oci_refuse(why, -EINVAL, "the manifest has %zu layers; up to %d are read", json_array_size(layers),
			OCI_LAYERS_MAX);
	json_array_foreach(layers, i, layer)
		if (oci_json_desc(layer, "a layer of the manifest", &m->layers[i], why))
			return -EINVAL;
	m->n_layers = (uint32_t)json_array_size(layers);
	return 0;
}

int
oci_manifest_parse(const void *json, size_t len, struct oci_manifest *out, struct oci_why *why)
{
	AUTO(json) json_t *root = NULL;
	AUTO(mem) struct oci_manifest *m = calloc(1, sizeof(*m));
	const json_t *subject;
	int err = m ? oci_json_load(json, len, "the manifest", &root, why) : -ENOMEM;

	if (err)
		return err;
	if (find_kind(root, &m->kind, why))
		return -EINVAL;
	subject = json_object_get(root, "subject");
	if (subject && oci_json_desc(subject, "the manifest's subject", &m->subject, why))
		return -EINVAL;
	if (m->kind == OCI_MANIFEST && (oci_json_desc(json_object_get(root, "config"), "the manifest's config",
	    &m->config, why) || read_layers(json_object_get(root, "layers"), m, why)))
		return -EINVAL;
	*out = *m;
	return 0;
}

/* Adds OS/ARCH to a list for a person. */
static void
name_platform(char *list, size_t room, const char *os, const char *arch)
{
	char quoted[80];
	size_t len = strlen(list);

	if (len + sizeof(quoted) > room)
		return;
	snprintf(quoted, sizeof(quoted), "%s/%s", os, arch);
	snprintf(list + len, room - len, "%s%s", len ? ", " : "", quoted);
}

struct platform { char os[32], arch[32], variant[32]; };

static int
read_platform(const json_t *entry, struct platform *p, struct oci_why *why)
{
	const json_t *v = json_object_get(entry, "platform");

	if (OCI_JSON_TEXT(v, "os", p->os, why) || OCI_JSON_TEXT(v, "architecture", p->arch, why) ||
	    OCI_JSON_TEXT(v, "variant", p->variant, why))
		return -EINVAL;
	return 0;
}

/* Of several for one architecture the plainest is the one that runs everywhere: amd64 before amd64/v3. */
static bool
plainer(const char *variant, const char *than)
{
	return strcmp(variant, than) < 0;
}

/* -ENOENT, with the platforms that there are in list. */
static int
pick(const json_t *entries, const char *arch, const json_t **out, char *list, size_t room, struct oci_why *why)
{
	struct platform best = { 0 };
	const json_t *entry, *found = NULL;
	size_t i;

	json_array_foreach(entries, i, entry) {
		struct platform p;

		if (read_platform(entry, &p, why))
			return -EINVAL;
		name_platform(list, room, p.os, p.arch);
		if (strcmp(p.os, "linux") != 0 || strcmp(p.arch, arch) != 0)
			continue;
		if (found && !plainer(p.variant, best.variant))
			continue;
		best = p;
		found = entry;
	}
	if (!found)
		return -ENOENT;
	*out = found;
	return 0;
}

int
oci_index_pick(const void *json, size_t len, const char *arch, struct oci_desc *out, struct oci_why *why)
{
	AUTO(json) json_t *root = NULL;
	const json_t *entries, *entry = NULL;
	char list[256] = "";
	struct oci_desc d;
	int err = oci_json_load(json, len, "the index", &root, why);

	if (err)
		return err;
	entries = json_object_get(root, "manifests");
	if (!json_is_array(entries))
		return oci_refuse(why, -EINVAL, "the index has no list of manifests");
	err = pick(entries, arch, &entry, list, sizeof(list), why);
	if (err == -ENOENT)
		return oci_refuse(why, err, "the image has nothing for linux/%s; it has: %s", arch,
			list[0] ? LOG_QUOTE(list) : "nothing");
	if (err || oci_json_desc(entry, "the index's entry", &d, why))
		return -EINVAL;
	if (d.media[0] && kind_of_media(d.media) != OCI_MANIFEST)
		return oci_refuse(why, -EINVAL, "the index's entry for linux/%s is no image manifest but %s", arch,
			LOG_QUOTE(d.media));
	*out = d;
	return 0;
}

const char *
oci_this_arch(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__riscv) && __riscv_xlen == 64
	return "riscv64";
#elif defined(__s390x__)
	return "s390x";
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return "ppc64le";
#elif defined(__loongarch64)
	return "loong64";
#elif defined(__arm__)
	return "arm";
#elif defined(__i386__)
	return "386";
#elif defined(__mips64)
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "mips64le" : "mips64";
#else
#error "this machine has no name among Go's: add it"
#endif
}
