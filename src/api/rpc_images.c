/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rpc_images.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/image_pb.h"
#include "api/images.h"
#include "api/programs_op.h"
#include "api/store_images.h"
#include "common/auto.h"
#include "common/log.h"

static void
fail_store(struct call *call, int err)
{
	call_error(call, programs_store_code(err), "%s", err == -EUCLEAN ? "the cache of images is damaged, see bpfd's log" :
		programs_store_text(err));
}

/* The images of an answer.  once: of whom only a part is wanted, NULL for all. */
struct images_list {
	struct scratch s;
	struct api *api;
	bool (*wanted)(const void *arg, const Bpfd__V1__Image *image);
	const void *arg;
	Bpfd__V1__Image **v;
	size_t n, room;
};

static int
count_image(void *arg, const struct stored_image *i)
{
	++*(size_t *)arg;
	return 0;
}

static int
add_image(void *arg, const struct stored_image *i)
{
	struct images_list *l = arg;
	Bpfd__V1__Image *image = l->n < l->room ? image_stored(&l->s, l->api, i) : NULL;

	if (!image)
		return l->s.failed ? -ENOMEM : -EUCLEAN;
	if (!l->wanted || l->wanted(l->arg, image))
		l->v[l->n++] = image;
	return 0;
}

/* wanted, arg and api are filled in.  After an error the scratch is ended. */
static int
read_images(struct images_list *l)
{
	int err = store_each_image(l->api->store, NULL, count_image, &l->room);

	scratch_start(&l->s);
	l->v = scratch_take(&l->s, l->room, sizeof(Bpfd__V1__Image *));
	if (!err && l->room)
		err = l->v ? store_each_image(l->api->store, NULL, add_image, l) : -ENOMEM;
	if (err)
		arena_end(&l->s.arena);
	return err;
}

void
rpc_images_list(struct call *call, const ProtobufCMessage *request)
{
	Bpfd__V1__ListImagesResponse rs = BPFD__V1__LIST_IMAGES_RESPONSE__INIT;
	struct images_list l = { .api = call_api(call) };
	int err = read_images(&l);

	if (err) {
		fail_store(call, err);
		return;
	}
	rs.images = l.v;
	rs.n_images = l.n;
	rpc_reply_within(call, &l.s, &rs.base, 0, "bpfctl image prune, or images.cache_entries");
}

/* The cached image that a request names.  NULL: refused, and the scratch is ended. */
static Bpfd__V1__Image *
named(struct call *call, struct scratch *s, const char *what)
{
	char text[IPC_TEXT_MAX], ref[IMAGE_REF_MAX], digest[IMAGE_DIGEST_MAX];
	Bpfd__V1__Image *image;
	enum ipc_code code;

	if (!rpc_string(call, "image", what, ref, sizeof(ref), false))
		return NULL;
	code = images_find(call_api(call), ref, digest, text, sizeof(text));
	if (code != IPC_OK) {
		programs_refuse(call, code, "%s", text);
		return NULL;
	}
	scratch_start(s);
	image = image_find(s, call_api(call), digest);
	if (image)
		return image;
	fail_store(call, s->failed ? -ENOMEM : -EUCLEAN);
	arena_end(&s->arena);
	return NULL;
}

void
rpc_images_get(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__GetImageRequest *rq = (const void *)request;
	Bpfd__V1__GetImageResponse rs = BPFD__V1__GET_IMAGE_RESPONSE__INIT;
	struct scratch s;

	rs.image = named(call, &s, rq->image);
	if (rs.image)
		rpc_reply(call, &s, &rs.base);
}

void
rpc_images_remove(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__RemoveImageRequest *rq = (const void *)request;
	Bpfd__V1__RemoveImageResponse rs = BPFD__V1__REMOVE_IMAGE_RESPONSE__INIT;
	struct op *op;
	struct scratch s;
	int err;

	rs.image = named(call, &s, rq->image);
	if (!rs.image)
		return;
	op = calloc(1, sizeof(*op));
	if (!op) {
		s.failed = true;
		rpc_reply(call, &s, &rs.base);
		return;
	}
	op_start(op, call, free);
	op_what(op, "image=%s%s", rs.image->digest, rq->dry_run ? " dry_run=1" : "");
	err = rq->dry_run ? 0 : store_del_image(op->api->store, rs.image->digest);
	if (err) {
		arena_end(&s.arena);
		op_fail_store(op, err);
		return;
	}
	rpc_reply(call, &s, &rs.base);
	op_ok(op);
}

static bool
is_unused(const void *arg, const Bpfd__V1__Image *image)
{
	const Bpfd__V1__PruneImagesRequest *rq = arg;
	int64_t idle_s = (programs_now_ns() - image->used_at_unix_ns) / 1000000000;

	return (rq->all || !image->n_groups) && (!rq->unused_s || (idle_s > 0 && (uint64_t)idle_s >= rq->unused_s));
}

void
rpc_images_prune(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__PruneImagesRequest *rq = (const void *)request;
	Bpfd__V1__PruneImagesResponse rs = BPFD__V1__PRUNE_IMAGES_RESPONSE__INIT;
	struct images_list l = { .api = call_api(call), .wanted = is_unused, .arg = rq };
	struct op *op = calloc(1, sizeof(*op));
	int err = op ? read_images(&l) : -ENOMEM;

	if (err) {
		free(op);
		fail_store(call, err);
		return;
	}
	op_start(op, call, free);
	for (size_t i = 0; !err && i < l.n; i++) {
		if (!rq->dry_run)
			err = store_del_image(l.api->store, l.v[i]->digest);
		rs.freed_bytes += l.v[i]->bundle_bytes;
	}
	op_what(op, "images=%zu bytes=%llu%s", l.n, (unsigned long long)rs.freed_bytes, rq->dry_run ? " dry_run=1" : "");
	if (err) {
		arena_end(&l.s.arena);
		op_fail_store(op, err);
		return;
	}
	rs.images = l.v;
	rs.n_images = l.n;
	rpc_reply(call, &l.s, &rs.base);
	op_ok(op);
}
