/* SPDX-License-Identifier: Apache-2.0 */
/* Where the object of a load comes from: the request, a path that is opened as the client, or an image. */
#include "api/programs_load_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/ctl_parse.h"
#include "api/image_pb.h"
#include "api/images.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/memfd.h"

void
load_image_free(struct load_image *i)
{
	if (i)
		explicit_bzero(i, sizeof(*i));
	free(i);
}

void
load_args_clear(struct load_args *a)
{
	free(a->path);
	free(a->source);
	free(a->uuid);
	kvs_clear(&a->metadata);
	kvs_clear(&a->globals);
	load_image_free(a->image);
	free(a->msg);
	*a = (struct load_args){ 0 };
}

/* object: sealed, of bpfd-fetch or of what opened the client's path. */
static void
load_memfd(struct load_op *o, int object)
{
	AUTO(mem) void *bytes = NULL;
	uint64_t max = o->op.api->cfg->limits_object_bytes;
	size_t len = 0;
	int err;

	if (!o->op.call) {
		op_fail(&o->op, IPC_CANCELLED, "cancelled");
		return;
	}
	err = ctl_read_sealed(object, max, &bytes, &len);
	if (err == -EFBIG)
		op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "the object has more bytes than limits.object_bytes = %llu",
			(unsigned long long)max);
	else if (err)
		op_fail(&o->op, err == -ENOMEM ? IPC_RESOURCE_EXHAUSTED : IPC_INTERNAL,
			"the object cannot be read (%s)", strerrorname_np(-err));
	else
		load_send(o, object, bytes, len);
}

static void
on_opened(void *arg, struct answer *a)
{
	struct load_op *o = arg;

	if (a->lost || a->result.code != IPC_OK || a->object_fd < 0)
		op_fail_answer(&o->op, a);
	else
		load_memfd(o, a->object_fd);
}

static void
ask_path(struct load_op *o)
{
	AUTO(mem) struct msg_path *m = calloc(1, sizeof(*m));
	int sock = call_peer(o->op.call)->sock, err = -ENOMEM;

	if (m) {
		m->max_bytes = o->op.api->cfg->limits_object_bytes;
		snprintf(m->path, sizeof(m->path), "%s", o->args.path);
		err = ctl_loader_call(o->op.api->loader, IPC_OPEN_PATH, m, &sock, on_opened, o);
	}
	if (err)
		op_fail_errno(&o->op, err);
}

static void
on_ready(void *arg, bool ready)
{
	struct load_op *o = arg;
	uint64_t owner = o->args.msg->map_owner_gid;
	struct group *g = owner ? model_group(&o->op.api->model, owner) : NULL;
	AUTO(fd) int memfd = -1;

	if (!ready || !o->op.call) {
		op_fail_away(&o->op);
		return;
	}
	if (owner && (!g || g->state != ROW_DONE)) {
		op_fail(&o->op, IPC_NOT_FOUND, "map owner: there is no group %llu",
			(unsigned long long)owner);
		return;
	}
	o->owner = g;
	if (g)
		g->busy++;
	if (o->object >= 0) {
		load_memfd(o, o->object);
		return;
	}
	if (!o->args.content) {
		ask_path(o);
		return;
	}
	memfd = memfd_sealed("bpfd-object", o->args.content, o->args.content_len);
	if (memfd < 0)
		op_fail_errno(&o->op, memfd);
	else
		load_send(o, memfd, o->args.content, o->args.content_len);
}

/* What is kept of where the object came from. */
static int
take_image(struct load_op *o, const struct image_facts *f)
{
	struct group *g = o->group;
	struct group_image *i = calloc(1, sizeof(*i));

	if (!i)
		return -ENOMEM;
	i->policy = o->args.image->policy;
	i->signature = (enum image_signature)f->signature;
	memcpy(i->url, o->args.image->ref, sizeof(i->url));
	memcpy(i->ref, f->ref, sizeof(i->ref));
	memcpy(i->digest, f->digest, sizeof(i->digest));
	memcpy(i->signer, f->signer, sizeof(i->signer));
	memcpy(i->issuer, f->issuer, sizeof(i->issuer));
	g->image = i;
	return group_set(&g->source, f->ref);
}

static void
on_image(void *arg, struct image_got *got, enum ipc_code code, const char *text)
{
	struct load_op *o = arg;

	o->get = NULL;
	o->op.cancelled = NULL;
	if (!got) {
		op_fail(&o->op, code, "%s", text);
		return;
	}
	if (take_image(o, got->facts) < 0) {
		op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	o->object = TAKE_FD(got->object);
	op_what(&o->op, "image=%s digest=%s signature=%s signer=%s", LOG_QUOTE(got->facts->ref), got->facts->digest,
		image_signature_name(o->group->image->signature), LOG_QUOTE(got->facts->signer));
	ctl_loader_ready(o->op.api->loader, on_ready, o);
}

static void
on_image_cancelled(void *arg)
{
	struct load_op *o = arg;

	images_cancel(TAKE_PTR(o->get));
	op_fail(&o->op, IPC_CANCELLED, "cancelled");
}

static void
ask_image(struct load_op *o)
{
	struct load_image *i = o->args.image;
	const struct image_want want = { .ref = i->ref, .username = i->username, .password = i->password,
		.policy = i->policy, .dry_run = o->args.dry_run, .done = on_image, .arg = o };
	char text[IPC_TEXT_MAX];
	enum ipc_code code = images_get(o->op.api, &want, &o->get, text, sizeof(text));

	explicit_bzero(i->password, sizeof(i->password));
	if (code != IPC_OK)
		op_fail(&o->op, code, "%s", text);
	else
		o->op.cancelled = on_image_cancelled;
}

void
load_begin(struct load_op *o)
{
	if (o->args.image)
		ask_image(o);
	else
		ctl_loader_ready(o->op.api->loader, on_ready, o);
}
