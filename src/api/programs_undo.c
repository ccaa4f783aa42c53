/* SPDX-License-Identifier: Apache-2.0 */
#include "api/programs_undo.h"

#include <errno.h>
#include <stdlib.h>

#include "api/store.h"
#include "common/auto.h"
#include "common/log.h"

struct undo {
	struct api *api;
	struct msg_object what;
	void (*then)(struct api *api, bool lost);
};

/* What was being restored is lost once more, and stays. */
static void
lose_group(struct api *api, struct group *g)
{
	struct prog *p;
	struct link *l;
	struct map *map;

	if (store_set_group(api->store, g->gid, ROW_DONE) < 0)
		return;
	g->restoring = false;
	TAILQ_FOREACH(p, &g->progs, in_group)
		model_prog_lost(&api->model, p);
	/* Its pins are gone with the group's, and with them what its mark was for. */
	TAILQ_FOREACH(l, &g->links, in_group)
		if (l->restoring && store_set_link(api->store, l->facts.link_id, ROW_DONE) == 0)
			l->restoring = false;
	TAILQ_FOREACH(map, &g->maps, in_group)
		map->live = LIVE_LOST;
}

static void
forget(struct api *api, const struct msg_object *what)
{
	struct group *g = what->kind == OBJECT_GROUP ? model_group(&api->model, what->id) : NULL;
	struct link *l = what->kind == OBJECT_LINK ? model_link(&api->model, what->id) : NULL;

	/* A row that cannot be deleted now is an intent still: the next reconciliation tries again. */
	if (g && g->restoring)
		lose_group(api, g);
	else if (g && store_del_group(api->store, g->gid) == 0)
		model_del_group(&api->model, g);
	if (l && l->restoring && store_set_link(api->store, l->facts.link_id, ROW_DONE) == 0) {
		l->restoring = false;
		l->live = LIVE_LOST;
	} else if (l && !l->restoring && store_del_link(api->store, l->facts.link_id) == 0) {
		model_del_link(&api->model, l);
	}
}

static void
on_undone(void *arg, struct answer *a)
{
	AUTO(mem) struct undo *u = arg;

	if (!a->lost && (a->result.code == IPC_OK || a->result.code == IPC_NOT_FOUND))
		forget(u->api, &u->what);
	else
		log_warn("undo.failed", "kind=%u id=%llu text=%s", u->what.kind,
			(unsigned long long)u->what.id, LOG_QUOTE(a->result.text));
	if (u->then)
		u->then(u->api, a->lost);
}

static int
undo(struct api *api, struct msg_object what, void (*then)(struct api *api, bool lost))
{
	struct undo *u = malloc(sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	*u = (struct undo){ .api = api, .what = what, .then = then };
	log_info("undo.asked", "kind=%u id=%llu", what.kind, (unsigned long long)what.id);
	err = ctl_loader_call(api->loader, IPC_UNDO, &what, NULL, on_undone, u);
	if (err)
		free(u);
	return err;
}

int
programs_undo_group(struct api *api, struct group *g, void (*then)(struct api *api, bool lost))
{
	if (g->state == ROW_DONE && !g->restoring)
		g->state = ROW_INTENT;
	return undo(api, (struct msg_object){ .id = g->gid, .kind = OBJECT_GROUP }, then);
}

int
programs_undo_link(struct api *api, struct link *l, void (*then)(struct api *api, bool lost))
{
	if (l->state == ROW_DONE && !l->restoring)
		l->state = ROW_INTENT;
	return undo(api, (struct msg_object){ .id = l->facts.link_id, .kind = OBJECT_LINK }, then);
}
