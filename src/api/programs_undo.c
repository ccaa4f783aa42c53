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

static void
forget(struct api *api, const struct msg_object *what)
{
	struct group *g = what->kind == OBJECT_GROUP ? model_group(&api->model, what->id) : NULL;
	struct link *l = what->kind == OBJECT_LINK ? model_link(&api->model, what->id) : NULL;

	/* A row that cannot be deleted now is an intent still: the next reconciliation tries again. */
	if (g && store_del_group(api->store, g->gid) == 0)
		model_del_group(&api->model, g);
	if (l && store_del_link(api->store, l->facts.link_id) == 0)
		model_del_link(&api->model, l);
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
	if (g->state == ROW_DONE)
		g->state = ROW_INTENT;
	return undo(api, (struct msg_object){ .id = g->gid, .kind = OBJECT_GROUP }, then);
}

int
programs_undo_link(struct api *api, struct link *l, void (*then)(struct api *api, bool lost))
{
	if (l->state == ROW_DONE)
		l->state = ROW_INTENT;
	return undo(api, (struct msg_object){ .id = l->facts.link_id, .kind = OBJECT_LINK }, then);
}
