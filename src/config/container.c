/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State files of container runtimes.  Of their hundreds of values those that are named here are
 * looked at; a string that is too long or has control characters is as good as none.  Jansson takes
 * objects and arrays as NULL where there are none, so a file of another shape just says nothing.
 */
#include "config/container.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "ipc/chan.h"

AUTO_DEFINE(json, json_t *, json_decref)

/* Facts by the key of an annotation or label: what kubelet, containerd, CRI-O and nerdctl write. */
static const struct well_known {
	const char *key;
	size_t off, room;
} well_known[] = {
#define FACT(key, member)                                                                          \
	{ key, offsetof(struct container_facts, member), sizeof(((struct container_facts *)0)->member) }
	FACT("io.kubernetes.cri.container-name", name),
	FACT("io.kubernetes.cri.image-name", image),
	FACT("io.kubernetes.cri.sandbox-name", pod),
	FACT("io.kubernetes.cri.sandbox-namespace", k8s_ns),
	FACT("io.kubernetes.container.name", name),
	FACT("io.kubernetes.cri-o.ImageName", image),
	FACT("io.kubernetes.pod.name", pod),
	FACT("io.kubernetes.pod.namespace", k8s_ns),
	FACT("nerdctl/name", name),
#undef FACT
};

/* Annotations by which runtimes remember what nobody wrote rules about. */
static const char *const internal[] = { "annotation.", "io.kubernetes.", "io.container.", "io.podman.", "nerdctl/" };

/*
 * A NUL in a key, which an image may bring in a label, would make jansson refuse the whole file, and
 * its container would have no name.  Another control character is no plain text either.
 */
static void
no_nul(char *text, size_t len)
{
	for (size_t i = 0; i + 6 <= len; i++)
		if (text[i] == '\\' && memcmp(text + ++i, "u0000", 5) == 0)
			text[i + 4] = '1';
}

/* Limits of rlimits do not fit an integer of jansson's.  -EBADMSG: no JSON; -ENOMEM. */
static int
load(const char *text, size_t len, json_t **out)
{
	AUTO(mem) char *own = malloc(len + 1);
	json_error_t why;

	if (!own)
		return -ENOMEM;
	memcpy(own, text, len);
	no_nul(own, len);
	*out = json_loadb(own, len, JSON_DECODE_INT_AS_REAL, &why);
	if (*out)
		return 0;
	return json_error_code(&why) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
}

/* v may be NULL, which keeps nothing. */
static void
keep(const char *v, char *to, size_t room)
{
	const size_t size = v ? strlen(v) + 1 : 0;

	if (size > 1 && size <= room && ipc_str_ok(v, size))
		memcpy(to, v, size);
}
#define KEEP(value, member) keep(json_string_value(value), (member), sizeof(member))

static void
keep_label(const char *key, const char *v, struct container_facts *out)
{
	char *to = out->labels + out->labels_len;
	const size_t room = sizeof(out->labels) - out->labels_len, size = strlen(key) + 1 + strlen(v) + 1;
	char text[sizeof(out->labels)];

	for (size_t i = 0; i < ARRAY_SIZE(internal); i++)
		if (strncmp(key, internal[i], strlen(internal[i])) == 0)
			return;
	if (!*key || size > room)
		return;
	snprintf(text, sizeof(text), "%s=%s", key, v);
	if (!ipc_str_ok(text, size))
		return;
	memcpy(to, text, size);
	out->labels_len += (uint32_t)size;
}

/* CRI-O keeps a pod's labels as JSON in an annotation.  What is none has none. */
static void
keep_nested_labels(const char *text, struct container_facts *out)
{
	AUTO(json) json_t *labels = NULL;
	const char *key;
	json_t *v;

	if (load(text, strlen(text), &labels))
		return;
	json_object_foreach(labels, key, v)
		if (json_is_string(v))
			keep_label(key, json_string_value(v), out);
}

static void
keep_annotation(const char *key, const char *v, struct container_facts *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(well_known); i++)
		if (strcmp(key, well_known[i].key) == 0) {
			keep(v, (char *)out + well_known[i].off, well_known[i].room);
			return;
		}
	if (strcmp(key, "io.kubernetes.cri-o.Labels") == 0)
		keep_nested_labels(v, out);
	else
		keep_label(key, v, out);
}

static void
keep_annotations(json_t *all, struct container_facts *out)
{
	const char *key;
	json_t *v;

	json_object_foreach(all, key, v)
		if (json_is_string(v))
			keep_annotation(key, json_string_value(v), out);
}

static int
oci(const json_t *file, const char *id, struct container_facts *out)
{
	keep_annotations(json_object_get(file, "annotations"), out);
	return 0;
}

static int
docker(const json_t *file, const char *id, struct container_facts *out)
{
	const json_t *config = json_object_get(file, "Config");
	const char *name = json_string_value(json_object_get(file, "Name"));

	if (name && name[0] == '/')
		keep(name + 1, out->name, sizeof(out->name));
	KEEP(json_object_get(config, "Image"), out->image);
	/* The pod's container name, where kubelet made it, is the better one. */
	keep_annotations(json_object_get(config, "Labels"), out);
	return 0;
}

/* The library below podman keeps its own JSON in a string of the index. */
static void
podman_metadata(const char *text, struct container_facts *out)
{
	AUTO(json) json_t *metadata = NULL;

	if (text && load(text, strlen(text), &metadata) == 0)
		KEEP(json_object_get(metadata, "image-name"), out->image);
}

static int
podman(const json_t *file, const char *id, struct container_facts *out)
{
	const json_t *c;
	size_t i;

	json_array_foreach(file, i, c) {
		const char *its = json_string_value(json_object_get(c, "id"));

		if (!its || strcmp(its, id) != 0)
			continue;
		KEEP(json_array_get(json_object_get(c, "names"), 0), out->name);
		podman_metadata(json_string_value(json_object_get(c, "metadata")), out);
		return 0;
	}
	return -ENOENT;
}

int
container_read(enum container_store store, const char *id, const char *text, size_t len,
	struct container_facts *out)
{
	static int (*const readers[N_CONTAINER_STORES])(const json_t *, const char *, struct container_facts *) = {
		[STORE_DOCKER] = docker, [STORE_CONTAINERD] = oci, [STORE_CRIO] = oci, [STORE_PODMAN] = podman };
	struct container_facts facts = { 0 };
	AUTO(json) json_t *file = NULL;
	int err = load(text, len, &file);

	if (!err)
		err = readers[store](file, id, &facts);
	if (err)
		return err;
	*out = facts;
	return 0;
}
