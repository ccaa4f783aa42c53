/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/programs_restore.h"
#include "api/programs_undo.h"
#include "api/store.h"
#include "common/auto.h"
#include "common/log.h"

/*
 * At each new loader: its inventory says which pins there are, the model which rows.  Intents are
 * undone, removals finished, rows without pin are lost, pins without row are orphans.  The loader
 * serves other requests after RECONCILED.
 */
struct inventory {
	const struct answer *a;
	struct idtab progs, maps, links;	/* of the answer, by number */
};

static void
log_state(const struct api *api)
{
	const struct model_count n = model_count(&api->model);

	log_info("store.reconciled", "programs=%zu links=%zu lost=%zu orphans=%zu", n.progs, n.links,
		n.lost, n.orphans);
}

static void
finish(struct api *api)
{
	/* A loader that is gone again: the next one brings the next reconciliation. */
	if (ctl_loader_tell(api->loader, IPC_RECONCILED, NULL) < 0)
		return;
	api->reconciled = true;
	log_state(api);
	ctl_loader_reconciled(api->loader);
	programs_restore(api, NULL, NULL);
}

static void
on_undone(struct api *api, bool lost)
{
	if (--api->undos == 0 && !lost)
		finish(api);
}

/* Names come from the store: a loader that restarted knows only what the kernel and pins keep. */
static void
found_prog(struct model *m, struct prog *p, const struct msg_prog_facts *f)
{
	struct msg_prog_facts row = p->facts;

	p->facts = *f;
	p->facts.gid = row.gid;
	p->facts.attach_type = row.attach_type;
	memcpy(p->facts.name, row.name, sizeof(row.name));
	memcpy(p->facts.section, row.section, sizeof(row.section));
	p->live = LIVE;
	if (idtab_put(&m->progs, f->id, p) < 0)
		model_prog_lost(m, p);
}

static void
match_prog(struct api *api, const struct inventory *inv, struct prog *p)
{
	const struct msg_prog_facts *f = idtab_get(&inv->progs, p->facts.id);

	if (f && f->gid == p->facts.gid) {
		found_prog(&api->model, p, f);
		/* A removal that did not come to it; the client was not told of success. */
		if (p->state != ROW_DONE && store_set_prog(api->store, f->gid, f->id, ROW_DONE) == 0)
			p->state = ROW_DONE;
		return;
	}
	model_prog_lost(&api->model, p);
	if (p->state == ROW_REMOVING && store_del_prog(api->store, p->facts.gid, p->facts.id) == 0)
		model_del_prog(&api->model, p);
}

static void
match_map(const struct inventory *inv, struct map *map)
{
	const struct msg_map_facts *f = idtab_get(&inv->maps, map->facts.id);
	struct msg_map_facts row = map->facts;

	map->live = f ? LIVE : LIVE_LOST;
	if (!f)
		return;
	map->facts = *f;
	map->facts.gid = row.gid;
	map->facts.by_name = row.by_name;
	memcpy(map->facts.name, row.name, sizeof(row.name));
}

/*
 * A change of the link that the store does not know of, or the other way round: what the kernel has
 * is what is, but for persistent links, which become what the row says.
 */
static void
take_change(struct api *api, const struct msg_link_facts *f)
{
	struct link *l = model_link(&api->model, f->link_id);
	struct prog *p = model_prog(&api->model, f->prog_id);

	if (!l || l->state != ROW_DONE || l->live != LIVE)
		return;
	if (l->wanted) {
		l->differs = f->prog_id != l->facts.prog_id || (f->priority && f->priority != l->facts.priority) ||
			(f->proceed_on && l->proceed_on && f->proceed_on != l->proceed_on);
		return;
	}
	if (f->proceed_on)
		l->proceed_on = f->proceed_on;
	if (!p || p->live != LIVE || p->state != ROW_DONE ||
	    (f->prog_id == l->facts.prog_id && (!f->priority || f->priority == l->facts.priority)))
		return;
	log_notice("store.link_changed", "link=%llu program=%u priority=%d", (unsigned long long)f->link_id,
		f->prog_id, f->priority);
	l->facts.prog_id = f->prog_id;
	l->facts.priority = f->priority ? f->priority : l->facts.priority;
	if (p->group != l->group)
		model_move_link(l, p->group);
	store_change_link(api->store, l);
}

static void
match_link(struct api *api, const struct inventory *inv, struct link *l)
{
	const struct msg_link_facts *f = idtab_get(&inv->links, l->facts.link_id);

	if (l->state != ROW_DONE || l->restoring) {
		l->live = LIVE_LOST;
		api->undos += programs_undo_link(api, l, on_undone) == 0;
		return;
	}
	if (f && (f->hook_flags & LINK_GONE)) {
		l->live = LIVE;
		programs_link_gone(api, l, f->hook_flags);
		return;
	}
	/* A pin that was there a moment ago: it went while there was no loader. */
	if (!f && l->live == LIVE) {
		programs_link_gone(api, l, LINK_UNPINNED);
		return;
	}
	l->live = f ? LIVE : LIVE_LOST;
	if (!f)
		return;		/* a wish has no pin: wishes_begin() looks at its program */
	l->facts.hook_flags = f->hook_flags;
	if (f->ifindex && f->target[0])
		memcpy(l->facts.target, f->target, sizeof(l->facts.target));
	l->facts.position = f->position;
	l->facts.kernel_link_id = f->kernel_link_id;
	l->facts.kernel_link_type = f->kernel_link_type;
	if (f->ifindex)
		l->facts.ifindex = f->ifindex;
}

static void
match_group(struct api *api, const struct inventory *inv, struct group *g)
{
	struct prog *p, *next_p;
	struct link *l, *next_l;
	struct map *map;

	/* Of one that is being restored the numbers in rows are those of before the reboot. */
	if (g->state != ROW_DONE || g->restoring) {
		TAILQ_FOREACH(p, &g->progs, in_group)
			model_prog_lost(&api->model, p);
		TAILQ_FOREACH(l, &g->links, in_group)
			l->live = LIVE_LOST;
		api->undos += programs_undo_group(api, g, on_undone) == 0;
		return;
	}
	for (p = TAILQ_FIRST(&g->progs); p; p = next_p) {
		next_p = TAILQ_NEXT(p, in_group);
		match_prog(api, inv, p);
	}
	TAILQ_FOREACH(map, &g->maps, in_group)
		match_map(inv, map);
	for (l = TAILQ_FIRST(&g->links); l; l = next_l) {
		next_l = TAILQ_NEXT(l, in_group);
		match_link(api, inv, l);
	}
}

static struct group *
group_of_pin(struct api *api, uint64_t gid)
{
	struct group *g = model_group(&api->model, gid);

	if (g)
		return g;
	g = group_new();
	if (!g)
		return NULL;
	g->gid = gid;
	g->orphan = true;
	g->state = ROW_DONE;
	if (model_add_group(&api->model, g) == 0)
		return g;
	group_free(g);
	return NULL;
}

static void
orphan_prog(struct api *api, const struct msg_prog_facts *f)
{
	struct prog *p = model_prog(&api->model, f->id);
	struct group *g = p && p->live == LIVE ? NULL : group_of_pin(api, f->gid);

	if (g && g->state == ROW_DONE && !g->restoring)
		model_add_prog(&api->model, g, f, LIVE_ORPHAN);
}

static void
orphan_link(struct api *api, const struct msg_link_facts *f)
{
	struct prog *p = model_prog(&api->model, f->prog_id);
	struct group *g = p ? p->group : group_of_pin(api, f->gid);
	AUTO(link) struct link *l = NULL;

	if (!g || g->state != ROW_DONE || g->restoring || (f->hook_flags & LINK_GONE) || model_link(&api->model, f->link_id))
		return;
	l = calloc(1, sizeof(*l));
	if (!l)
		return;
	l->facts = *f;
	l->facts.gid = g->gid;
	l->state = ROW_DONE;
	l->live = LIVE_ORPHAN;
	if (model_add_link(&api->model, g, l) == 0)
		l = NULL;
}

/* What an earlier inventory found without a row is found again, or is gone. */
static void
drop_orphans(struct model *m)
{
	struct group *g, *next;

	for (g = TAILQ_FIRST(&m->groups); g; g = next) {
		struct prog *p, *next_p;
		struct link *l, *next_l;

		next = TAILQ_NEXT(g, in_model);
		for (l = TAILQ_FIRST(&g->links); l; l = next_l) {
			next_l = TAILQ_NEXT(l, in_group);
			if (l->live == LIVE_ORPHAN)
				model_del_link(m, l);
		}
		for (p = TAILQ_FIRST(&g->progs); p; p = next_p) {
			next_p = TAILQ_NEXT(p, in_group);
			if (p->live == LIVE_ORPHAN)
				model_del_prog(m, p);
		}
		if (g->orphan)
			model_del_group(m, g);
	}
}

static void
match_all(struct api *api, const struct inventory *inv)
{
	struct group *g;

	drop_orphans(&api->model);
	/* Undone groups are deleted by later events, not in this loop. */
	TAILQ_FOREACH(g, &api->model.groups, in_model)
		match_group(api, inv, g);
	for (size_t i = 0; i < inv->a->n_links; i++)
		take_change(api, &inv->a->links[i]);
	for (size_t i = 0; i < inv->a->n_progs; i++)
		orphan_prog(api, &inv->a->progs[i]);
	for (size_t i = 0; i < inv->a->n_links; i++)
		orphan_link(api, &inv->a->links[i]);
}

static int
index_answer(struct inventory *inv)
{
	const struct answer *a = inv->a;
	int err = 0;

	for (size_t i = 0; !err && i < a->n_progs; i++)
		err = idtab_put(&inv->progs, a->progs[i].id, &a->progs[i]);
	for (size_t i = 0; !err && i < a->n_maps; i++)
		err = idtab_put(&inv->maps, a->maps[i].id, &a->maps[i]);
	for (size_t i = 0; !err && i < a->n_links; i++)
		err = idtab_put(&inv->links, a->links[i].link_id, &a->links[i]);
	return err;
}

static void
on_inventory(void *arg, struct answer *a)
{
	struct inventory inv = { .a = a };
	struct api *api = arg;

	if (a->lost)
		return;
	if (a->result.code != IPC_OK || index_answer(&inv) < 0) {
		log_event(LOG_LVL_ERR, "store.inventory", "text=%s", LOG_QUOTE(a->result.text));
		api->broken = true;
		event_base_loopexit(api->base, NULL);
	} else {
		api->undos = 0;
		match_all(api, &inv);
		if (!api->undos)
			finish(api);
	}
	idtab_clear(&inv.progs);
	idtab_clear(&inv.maps);
	idtab_clear(&inv.links);
}

void
programs_reconcile(struct api *api)
{
	int err = ctl_loader_call(api->loader, IPC_INVENTORY, NULL, NULL, on_inventory, api);

	if (err)
		log_err(err, "store.inventory", "the loader cannot be asked");
}

void
programs_when_known(struct api *api, void (*fn)(void *arg, bool known), void *arg)
{
	if (api->reconciled)
		fn(arg, true);
	else
		ctl_loader_ready(api->loader, fn, arg);
}
