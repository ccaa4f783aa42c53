/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/ctl_parse.h"
#include "api/image_pb.h"
#include "api/images.h"
#include "api/programs_op.h"
#include "api/store.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/memfd.h"

/*
 * A load: [the image or OPEN_PATH], intent in the store, LOAD, rows, COMMIT.  Dry runs have no row; their group
 * is in no model and its number is beyond those of the store.
 */
#define DRY_RUN_GID	(1ULL << 62)

struct load_op {
	struct op op;
	struct load_args args;
	struct group *group;		/* ours until it is in the model */
	struct group *owner;		/* of the maps; busy meanwhile */
	struct image_get *get;		/* while the image is awaited */
	int object;			/* that came from an image, sealed; -1: none */
	load_reply *reply;
};

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

static void
load_free(void *arg)
{
	struct load_op *o = arg;

	load_args_clear(&o->args);
	group_free(o->group);
	if (o->owner)
		o->owner->busy--;
	close_keep_errno(o->object);
	free(o);
}

/* A failure before the loader was asked, or after it said no: nothing is there to undo. */
static void
drop_intent(struct load_op *o, uint64_t gid)
{
	struct api *api = o->op.api;
	struct group *g = model_group(&api->model, gid);

	if (g && store_del_group(api->store, gid) == 0)
		model_del_group(&api->model, g);
}

static bool
answer_fits(const struct load_op *o, const struct answer *a, uint64_t gid)
{
	const struct api *api = o->op.api;
	bool ok = a->n_progs > 0;

	ok = ok && (!(o->args.msg->flags & LOAD_PERSISTENT) || o->args.dry_run || a->has_token);
	for (size_t i = 0; i < a->n_progs; i++) {
		const struct prog *p = model_prog(&api->model, a->progs[i].id);

		ok = ok && a->progs[i].gid == gid && (!p || p->live == LIVE_UNKNOWN);
	}
	return ok;
}

static int
take_facts(struct model *m, struct group *g, const struct answer *a)
{
	int err = 0;

	for (size_t i = 0; !err && i < a->n_progs; i++)
		err = model_add_prog(m, g, &a->progs[i], LIVE);
	/* Those of a map owner stay with it. */
	for (size_t i = 0; !err && i < a->n_maps; i++)
		if (a->maps[i].gid == g->gid)
			err = model_add_map(g, &a->maps[i], LIVE);
	g->loaded_ns = programs_now_ns();
	return err;
}

/* What is asked for again after a reboot. */
static int
take_wanted(struct group *g, const struct msg_load *m, const struct answer *a)
{
	struct wanted_load *w = calloc(1, sizeof(*w) + m->n_progs * sizeof(w->progs[0]));

	if (!w)
		return -ENOMEM;
	w->type_grant = m->type_grant;
	w->token = a->token;
	memcpy(w->map_group, m->map_group, sizeof(w->map_group));
	w->n_progs = m->n_progs;
	memcpy(w->progs, m->progs, m->n_progs * sizeof(w->progs[0]));
	g->wanted = w;
	return 0;
}

static void
finish_dry_run(struct load_op *o, const struct answer *a)
{
	struct model none;
	struct group *g = o->group;
	struct map *map;

	model_init(&none);
	if (!o->op.call || take_facts(&none, g, a) < 0) {
		idtab_clear(&none.progs);
		op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "no memory for the answer");
		return;
	}
	idtab_clear(&none.progs);
	g->gid = 0;
	TAILQ_FOREACH(map, &g->maps, in_group)
		map->facts.gid = 0;
	o->reply(o->op.call, g, o->args.request);
	op_ok(&o->op);
}

/* The loader's work is done; the rows decide whether it stays. */
static void
finish(struct load_op *o, struct group *g, const struct answer *a)
{
	struct api *api = o->op.api;
	struct msg_object made = { .id = g->gid, .kind = OBJECT_GROUP };
	const struct group_image *i = g->image;
	int err;

	if (!o->op.call) {
		programs_undo_group(api, g, NULL);
		op_fail(&o->op, IPC_CANCELLED, "cancelled");
		return;
	}
	err = take_facts(&api->model, g, a);
	if (!err && (o->args.msg->flags & LOAD_PERSISTENT))
		err = take_wanted(g, o->args.msg, a);
	if (!err)
		err = store_finish_group(api->store, g);
	if (err) {
		programs_undo_group(api, g, NULL);
		op_fail_store(&o->op, err);
		return;
	}
	g->state = ROW_DONE;
	ctl_loader_tell(api->loader, IPC_COMMIT, &made);
	op_what(&o->op, "group=%llu programs=%zu source=%s%s%s%s%s", (unsigned long long)g->gid, a->n_progs,
		LOG_QUOTE(g->source), i ? " digest=" : "", i ? i->digest : "", i ? " signer=" : "",
		i ? LOG_QUOTE(i->signer) : "");
	o->reply(o->op.call, g, o->args.request);
	op_ok(&o->op);
}

static void
on_loaded(void *arg, struct answer *a)
{
	struct load_op *o = arg;
	uint64_t gid = o->args.msg->gid;
	struct group *g = model_group(&o->op.api->model, gid);

	if (a->lost) {
		/* The row stays an intent: the next reconciliation undoes it. */
		op_fail_answer(&o->op, a);
		return;
	}
	if (a->result.code != IPC_OK) {
		drop_intent(o, gid);
		op_fail_answer(&o->op, a);
		return;
	}
	if (!answer_fits(o, a, gid)) {
		if (g)
			programs_undo_group(o->op.api, g, NULL);
		op_fail_answer(&o->op, a);
		return;
	}
	if (o->args.dry_run)
		finish_dry_run(o, a);
	else
		finish(o, g, a);
}

/* Stores the intent and moves the group into the model. */
static int
add_intent(struct load_op *o, const void *object, size_t len)
{
	struct api *api = o->op.api;
	int err = store_add_group(api->store, o->group, object, len);

	if (err)
		return err;
	err = model_add_group(&api->model, o->group);
	if (err)
		store_del_group(api->store, o->group->gid);
	else
		o->args.msg->gid = TAKE_PTR(o->group)->gid;
	return err;
}

/* The loader need not finish what nobody waits for; its answer then ends the operation. */
static void
on_cancelled(void *arg)
{
	struct load_op *o = arg;
	struct group *g = model_group(&o->op.api->model, o->args.msg->gid);

	if (g)
		programs_undo_group(o->op.api, g, NULL);
}

static uint32_t
time_limit(const struct load_op *o)
{
	long limit = (long)o->op.api->cfg->limits_load_timeout_ms, left = call_time_left_ms(o->op.call);

	return (uint32_t)(left >= 0 && left < limit ? (left > 0 ? left : 1) : limit);
}

/* object: len bytes, also in the sealed memfd. */
static void
send_load(struct load_op *o, int memfd, const void *object, size_t len)
{
	struct api *api = o->op.api;
	int fds[2] = { memfd, call_peer(o->op.call)->sock };
	SHA2_CTX sha;
	int err = 0;

	SHA256Init(&sha);
	SHA256Update(&sha, object, len);
	SHA256Final(o->group->digest, &sha);
	o->args.msg->timeout_ms = time_limit(o);
	if (o->args.dry_run) {
		o->group->object_bytes = len;
		o->group->gid = o->args.msg->gid = DRY_RUN_GID + ++api->dry_runs;
		o->args.msg->flags |= LOAD_DRY_RUN;
	} else {
		err = add_intent(o, object, len);
	}
	if (err) {
		op_fail_store(&o->op, err);
		return;
	}
	err = ctl_loader_call(api->loader, IPC_LOAD, o->args.msg, fds, on_loaded, o);
	o->op.cancelled = on_cancelled;
	if (err) {
		drop_intent(o, o->args.msg->gid);
		op_fail_errno(&o->op, err);
	}
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
		send_load(o, object, bytes, len);
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
		send_load(o, memfd, o->args.content, o->args.content_len);
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

static struct group *
new_group(struct load_args *a, uid_t uid)
{
	AUTO(group) struct group *g = group_new();

	if (!g || group_set(&g->source, a->source[0] ? a->source : a->path) < 0 ||
	    group_set(&g->uuid, a->uuid) < 0)
		return NULL;
	g->uid = uid;
	g->map_owner = a->msg->map_owner_gid;
	g->metadata = a->metadata;
	g->globals = a->globals;
	a->metadata = a->globals = (struct kvs){ 0 };
	return TAKE_PTR(g);
}

void
programs_load(struct call *call, struct load_args *take, load_reply *reply)
{
	const struct api *api = call_api(call);
	uint64_t max = api->cfg->limits_object_bytes, kept = api->cfg->limits_total_programs;
	struct load_op *o = calloc(1, sizeof(*o));

	if (!o || !(o->group = new_group(take, call_peer(call)->uid))) {
		free(o);
		load_args_clear(take);
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	o->args = *take;
	o->object = -1;
	*take = (struct load_args){ 0 };
	o->reply = reply;
	op_start(&o->op, call, load_free);
	op_what(&o->op, "source=%s%s", LOG_QUOTE(o->group->source), o->args.dry_run ? " dry_run=1" : "");
	if (o->args.content && o->args.content_len > max)
		op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "the object has %zu bytes, more than "
			"limits.object_bytes = %llu", o->args.content_len, (unsigned long long)max);
	else if (api->model.n_progs + o->args.msg->n_progs >= kept + !!o->args.msg->n_progs)
		op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "bpfd keeps %zu programs and "
			"limits.total_programs = %llu", api->model.n_progs, (unsigned long long)kept);
	else if (o->args.image)
		ask_image(o);
	else
		ctl_loader_ready(api->loader, on_ready, o);
}
