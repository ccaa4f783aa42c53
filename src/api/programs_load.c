/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/programs_load_parts.h"
#include "api/store.h"
#include "common/auto.h"
#include "common/log.h"

/*
 * A load: [the image or OPEN_PATH], intent in the store, LOAD, rows, COMMIT.  Dry runs have no row; their group
 * is in no model and its number is beyond those of the store.
 */
#define DRY_RUN_GID	(1ULL << 62)

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

void
load_send(struct load_op *o, int memfd, const void *object, size_t len)
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
	else
		load_begin(o);
}
