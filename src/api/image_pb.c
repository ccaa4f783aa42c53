/* SPDX-License-Identifier: Apache-2.0 */
#include "api/image_pb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"

const char *
image_signature_name(enum image_signature signature)
{
	switch (signature) {
	case IMAGE_UNSIGNED:
		return "none";
	case IMAGE_SIGNED_KEY:
		return "key";
	case IMAGE_SIGNED_IDENTITY:
		return "identity";
	case IMAGE_SIGNED_UNKNOWN:
		return "untrusted";
	case N_IMAGE_SIGNATURES:
		break;
	}
	return "";
}

static size_t
fill_names(struct scratch *s, const struct image_name *names, uint32_t n, const ProtobufCMessageDescriptor *desc,
	void *out)
{
	struct text_entry **all = scratch_take(s, n, sizeof(*all));
	size_t i;

	*(void **)out = all;
	for (i = 0; all && i < n; i++) {
		all[i] = scratch_take(s, 1, sizeof(*all[i]));
		if (!all[i])
			break;
		protobuf_c_message_init(desc, all[i]);
		all[i]->key = (char *)names[i].name;
		all[i]->value = (char *)names[i].kind;
	}
	return i;
}

void
image_fill(struct scratch *s, const struct image_facts *f, Bpfd__V1__Image *out)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * sizeof(f->object_sha256) + 1] = "";

	for (size_t i = 0; i < sizeof(f->object_sha256); i++) {
		hex[2 * i] = digits[f->object_sha256[i] >> 4];
		hex[2 * i + 1] = digits[f->object_sha256[i] & 15];
	}
	bpfd__v1__image__init(out);
	out->digest = (char *)f->digest;
	out->manifest = (char *)f->manifest;
	out->config = (char *)f->config;
	out->layer = (char *)f->layer;
	out->object_digest = scratch_printf(s, "sha256:%s", hex);
	out->object_bytes = f->object_bytes;
	out->layer_bytes = f->layer_bytes;
	out->bundle_bytes = f->bundle_bytes;
	out->architecture = (char *)f->arch;
	out->os = (char *)f->os;
	out->created = (char *)f->created;
	out->signature = (char *)image_signature_name((enum image_signature)f->signature);
	out->signer = (char *)f->signer;
	out->issuer = (char *)f->issuer;
	out->signed_at_unix_ns = (int64_t)f->signed_s * 1000000000;
	out->n_programs = fill_names(s, f->programs, f->n_programs, &bpfd__v1__image__programs_entry__descriptor,
		&out->programs);
	out->n_maps = fill_names(s, f->maps, f->n_maps, &bpfd__v1__image__maps_entry__descriptor, &out->maps);
}

int
image_pack(const struct image_facts *f, void **out, size_t *len)
{
	Bpfd__V1__Image image;
	struct scratch s;
	void *bytes = NULL;

	scratch_start(&s);
	image_fill(&s, f, &image);
	if (!s.failed)
		bytes = malloc(protobuf_c_message_get_packed_size(&image.base));
	if (bytes) {
		*len = protobuf_c_message_pack(&image.base, bytes);
		*out = bytes;
	}
	arena_end(&s.arena);
	return bytes ? 0 : -ENOMEM;
}

struct refs {
	struct scratch *s;
	Bpfd__V1__Image *image;
	size_t room;
};

static int
count_ref(void *arg, const char *ref)
{
	struct refs *r = arg;

	r->room++;
	return 0;
}

static int
add_ref(void *arg, const char *ref)
{
	struct refs *r = arg;
	size_t len = strlen(ref) + 1, name = strcspn(ref, "@");
	char *copy;

	/* Of a name with a tag, which sorts before it, the digest is known without saying. */
	for (size_t i = 0; ref[name] && i < r->image->n_references; i++)
		if (strncmp(r->image->references[i], ref, name) == 0 && r->image->references[i][name] == ':')
			return 0;
	copy = r->image->n_references < r->room ? scratch_take(r->s, 1, len) : NULL;
	if (!copy)
		return -ENOMEM;
	r->image->references[r->image->n_references++] = memcpy(copy, ref, len);
	return 0;
}

static int
add_refs(struct scratch *s, struct store *st, Bpfd__V1__Image *image)
{
	struct refs r = { .s = s, .image = image };
	int err = store_each_image_ref(st, image->digest, count_ref, &r);

	image->references = err ? NULL : scratch_take(s, r.room, sizeof(*image->references));
	if (err || !r.room)
		return err;
	return image->references ? store_each_image_ref(st, image->digest, add_ref, &r) : -ENOMEM;
}

static bool
came_from(const struct group *g, const char *digest)
{
	return g->state == ROW_DONE && g->image && strcmp(g->image->digest, digest) == 0;
}

bool
image_in_use(const void *model, const char *digest)
{
	const struct group *g;

	TAILQ_FOREACH(g, &((const struct model *)model)->groups, in_model)
		if (came_from(g, digest))
			return true;
	return false;
}

static void
add_groups(struct scratch *s, const struct model *m, Bpfd__V1__Image *image)
{
	const struct group *g;
	size_t n = 0;

	TAILQ_FOREACH(g, &m->groups, in_model)
		n += came_from(g, image->digest);
	image->groups = scratch_take(s, n, sizeof(*image->groups));
	TAILQ_FOREACH(g, &m->groups, in_model)
		if (image->groups && came_from(g, image->digest))
			image->groups[image->n_groups++] = g->gid;
}

Bpfd__V1__Image *
image_stored(struct scratch *s, struct api *api, const struct stored_image *i)
{
	Bpfd__V1__Image *image = bpfd__v1__image__unpack(&s->alloc, i->facts_len, i->facts);

	if (!image || strcmp(image->digest, i->digest) != 0 || add_refs(s, api->store, image) < 0)
		return NULL;
	image->pulled_at_unix_ns = i->pulled_ns;
	image->used_at_unix_ns = i->used_ns;
	add_groups(s, &api->model, image);
	return image;
}

struct find {
	struct scratch *s;
	struct api *api;
	Bpfd__V1__Image *image;
};

static int
found(void *arg, const struct stored_image *i)
{
	struct find *f = arg;

	f->image = image_stored(f->s, f->api, i);
	return 0;
}

Bpfd__V1__Image *
image_find(struct scratch *s, struct api *api, const char *digest)
{
	struct find f = { .s = s, .api = api };

	return store_each_image(api->store, digest, found, &f) < 0 ? NULL : f.image;
}

void
image_of_program(const struct group *g, Bpfd__V1__Program *out)
{
	const struct group_image *i = g->image;

	if (!i)
		return;
	out->image = (char *)i->ref;
	out->image_digest = (char *)i->digest;
	out->signature = (char *)image_signature_name(i->signature);
	out->signer = (char *)i->signer;
	out->issuer = (char *)i->issuer;
}
