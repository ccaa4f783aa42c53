/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State files of container runtimes.  Of their hundreds of values those that are named here are
 * looked at; a string that is too long or has control characters is as good as none.
 */
#include "config/container.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "config/json.h"
#include "ipc/chan.h"

struct reading {
	const char *id;
	size_t element;			/* of the index: whose values these are */
	bool right;			/* it is the one that is sought */
	struct container_facts *out;
};

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

static bool
is(const struct json_text *t, const char *word)
{
	return t->s && t->len == strlen(word) && memcmp(t->s, word, t->len) == 0;
}

static bool
begins(const struct json_text *t, const char *with)
{
	return t->len >= strlen(with) && memcmp(t->s, with, strlen(with)) == 0;
}

static void
keep(const struct json_text *v, char *to, size_t room)
{
	char text[sizeof(((struct container_facts *)0)->labels)];

	if (!v->len || v->len >= room)
		return;
	memcpy(text, v->s, v->len);
	text[v->len] = '\0';
	if (ipc_str_ok(text, v->len + 1) && strlen(text) == v->len)
		memcpy(to, text, v->len + 1);
}
#define KEEP(value, member) keep((value), (member), sizeof(member))

static void
keep_label(const struct json_text *key, const struct json_text *v, struct container_facts *out)
{
	char *to = out->labels + out->labels_len;
	size_t room = sizeof(out->labels) - out->labels_len, len = key->len + 1 + v->len;
	char text[sizeof(out->labels)];

	for (size_t i = 0; i < ARRAY_SIZE(internal); i++)
		if (begins(key, internal[i]))
			return;
	if (!key->len || len >= room)
		return;
	memcpy(text, key->s, key->len);
	text[key->len] = '=';
	memcpy(text + key->len + 1, v->s, v->len);
	to[0] = '\0';
	keep(&(struct json_text){ text, len }, to, room);
	if (to[0])
		out->labels_len += (uint32_t)len + 1;
}

static void
keep_annotation(const struct json_text *key, const struct json_text *v, struct container_facts *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(well_known); i++)
		if (is(key, well_known[i].key)) {
			keep(v, (char *)out + well_known[i].off, well_known[i].room);
			return;
		}
	keep_label(key, v, out);
}

/* CRI-O keeps a pod's labels as JSON in an annotation. */
static int
nested_label(void *arg, const struct json_step *way, size_t depth, const struct json_text *v)
{
	if (depth == 1 && way[0].key.s)
		keep_label(&way[0].key, v, arg);
	return 0;
}

static int
oci(void *arg, const struct json_step *way, size_t depth, const struct json_text *v)
{
	struct reading *r = arg;

	if (depth != 2 || !is(&way[0].key, "annotations") || !way[1].key.s)
		return 0;
	if (is(&way[1].key, "io.kubernetes.cri-o.Labels"))
		json_strings(v->s, v->len, nested_label, r->out);	/* what is none has none */
	else
		keep_annotation(&way[1].key, v, r->out);
	return 0;
}

static int
docker(void *arg, const struct json_step *way, size_t depth, const struct json_text *v)
{
	struct container_facts *out = ((struct reading *)arg)->out;

	/* The pod's container name, where kubelet made it, is the better one. */
	if (depth == 1 && is(&way[0].key, "Name") && !out->name[0] && v->len && v->s[0] == '/')
		KEEP((&(struct json_text){ v->s + 1, v->len - 1 }), out->name);
	if (depth == 2 && is(&way[0].key, "Config") && is(&way[1].key, "Image"))
		KEEP(v, out->image);
	if (depth == 3 && is(&way[0].key, "Config") && is(&way[1].key, "Labels") && way[2].key.s)
		keep_annotation(&way[2].key, v, out);
	return 0;
}

/* The library below podman keeps its own JSON in a string of the index. */
static int
podman_metadata(void *arg, const struct json_step *way, size_t depth, const struct json_text *v)
{
	struct container_facts *out = arg;

	if (depth == 1 && is(&way[0].key, "image-name"))
		KEEP(v, out->image);
	return 0;
}

static int
podman(void *arg, const struct json_step *way, size_t depth, const struct json_text *v)
{
	struct reading *r = arg;

	if (depth < 2 || way[0].key.s)
		return 0;
	if (way[0].index != r->element) {
		if (r->right)
			return 1;
		r->element = way[0].index;
		*r->out = (struct container_facts){ 0 };
	}
	if (depth == 2 && is(&way[1].key, "id"))
		r->right = is(v, r->id);
	if (depth == 2 && is(&way[1].key, "metadata"))
		json_strings(v->s, v->len, podman_metadata, r->out);
	if (depth == 3 && is(&way[1].key, "names") && way[2].index == 0)
		KEEP(v, r->out->name);
	return 0;
}

int
container_read(enum container_store store, const char *id, const char *text, size_t len,
	struct container_facts *out)
{
	static json_found *const readers[N_CONTAINER_STORES] = { [STORE_DOCKER] = docker,
		[STORE_CONTAINERD] = oci, [STORE_CRIO] = oci, [STORE_PODMAN] = podman };
	struct container_facts facts = { 0 };
	struct reading r = { .id = id, .right = store != STORE_PODMAN, .out = &facts };
	int err = json_strings(text, len, readers[store], &r);

	if (err < 0)
		return err;
	if (!r.right)
		return -ENOENT;
	*out = facts;
	return 0;
}
