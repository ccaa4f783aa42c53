/* SPDX-License-Identifier: Apache-2.0 */
#include "api/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"

void
model_init(struct model *m)
{
	*m = (struct model){ 0 };
	TAILQ_INIT(&m->groups);
}

struct group *
group_new(void)
{
	struct group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	TAILQ_INIT(&g->progs);
	TAILQ_INIT(&g->maps);
	TAILQ_INIT(&g->links);
	if (group_set(&g->source, "") < 0 || group_set(&g->uuid, "") < 0) {
		group_free(g);
		return NULL;
	}
	return g;
}

int
group_set(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

void
link_free(struct link *l)
{
	if (!l)
		return;
	kvs_clear(&l->metadata);
	kvs_clear(&l->options);
	kvs_clear(&l->fits);
	free(l->wanted);
	free(l->reason);
	free(l);
}

void
group_free(struct group *g)
{
	struct prog *p;
	struct map *map;
	struct link *l;

	if (!g)
		return;
	while ((p = TAILQ_FIRST(&g->progs))) {
		TAILQ_REMOVE(&g->progs, p, in_group);
		free(p);
	}
	while ((map = TAILQ_FIRST(&g->maps))) {
		TAILQ_REMOVE(&g->maps, map, in_group);
		free(map);
	}
	while ((l = TAILQ_FIRST(&g->links))) {
		TAILQ_REMOVE(&g->links, l, in_group);
		link_free(l);
	}
	kvs_clear(&g->metadata);
	kvs_clear(&g->globals);
	free(g->wanted);
	free(g->image);
	free(g->reason);
	free(g->source);
	free(g->uuid);
	free(g);
}

static void
count_sharer(struct model *m, const struct group *g, int change)
{
	struct group *owner = g->map_owner ? model_group(m, g->map_owner) : NULL;

	if (owner)
		owner->sharers = (unsigned int)((int)owner->sharers + change);
}

/* New groups have the highest number; only orphans come out of order. */
int
model_add_group(struct model *m, struct group *take)
{
	struct group *after;

	if (model_group(m, take->gid))
		return -EEXIST;
	if (idtab_put(&m->gids, take->gid, take) < 0)
		return -ENOMEM;
	count_sharer(m, take, 1);
	TAILQ_FOREACH_REVERSE(after, &m->groups, group_list, in_model)
		if (after->gid < take->gid)
			break;
	if (after)
		TAILQ_INSERT_AFTER(&m->groups, after, take, in_model);
	else
		TAILQ_INSERT_HEAD(&m->groups, take, in_model);
	return 0;
}

int
model_add_prog(struct model *m, struct group *g, const struct msg_prog_facts *facts,
	enum live_state live)
{
	AUTO(mem) struct prog *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	if (live != LIVE_LOST && idtab_put(&m->progs, facts->id, p) < 0)
		return -ENOMEM;
	p->facts = *facts;
	p->live = live;
	p->state = ROW_DONE;
	p->group = g;
	TAILQ_INSERT_TAIL(&g->progs, p, in_group);
	p = NULL;
	m->n_progs++;
	return 0;
}

int
model_add_map(struct group *g, const struct msg_map_facts *facts, enum live_state live)
{
	struct map *map = calloc(1, sizeof(*map));

	if (!map)
		return -ENOMEM;
	map->facts = *facts;
	map->live = live;
	TAILQ_INSERT_TAIL(&g->maps, map, in_group);
	return 0;
}

int
model_add_link(struct model *m, struct group *g, struct link *take)
{
	if (model_link(m, take->facts.link_id))
		return -EEXIST;
	if (idtab_put(&m->links, take->facts.link_id, take) < 0)
		return -ENOMEM;
	take->group = g;
	TAILQ_INSERT_TAIL(&g->links, take, in_group);
	m->n_links++;
	return 0;
}

struct group *
model_group(const struct model *m, uint64_t gid)
{
	return idtab_get(&m->gids, gid);
}

struct prog *
model_prog(const struct model *m, uint32_t id)
{
	return idtab_get(&m->progs, id);
}

struct link *
model_link(const struct model *m, uint64_t link_id)
{
	return idtab_get(&m->links, link_id);
}

static const struct msg_prog_facts *
same_prog(const struct msg_prog_facts *progs, size_t n, const struct prog *p)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(progs[i].name, p->facts.name) == 0)
			return &progs[i];
	return NULL;
}

static int
replace_prog(struct model *m, struct prog *p, const struct msg_prog_facts *f)
{
	int err = idtab_put(&m->progs, f->id, p);

	if (err)
		return err;
	p->facts = *f;
	p->live = LIVE;
	return 0;
}

int
model_replace(struct model *m, struct group *g, const struct msg_prog_facts *progs, size_t n_progs,
	const struct msg_map_facts *maps, size_t n_maps)
{
	struct prog *p;
	struct map *map;
	struct link *l;
	int err = 0;

	/* Numbers of before may be others' now: first all links, by those, then the programs. */
	TAILQ_FOREACH(l, &g->links, in_group)
		TAILQ_FOREACH(p, &g->progs, in_group)
			if (p->facts.id == l->facts.prog_id) {
				l->facts.prog_id = same_prog(progs, n_progs, p)->id;
				break;
			}
	TAILQ_FOREACH(p, &g->progs, in_group)
		if (!err)
			err = replace_prog(m, p, same_prog(progs, n_progs, p));
	while ((map = TAILQ_FIRST(&g->maps))) {
		TAILQ_REMOVE(&g->maps, map, in_group);
		free(map);
	}
	for (size_t i = 0; !err && i < n_maps; i++)
		if (maps[i].gid == g->gid)
			err = model_add_map(g, &maps[i], LIVE);
	return err;
}

void
model_prog_lost(struct model *m, struct prog *p)
{
	if (model_prog(m, p->facts.id) == p)
		idtab_del(&m->progs, p->facts.id);
	p->live = LIVE_LOST;
}

void
model_move_link(struct link *l, struct group *g)
{
	TAILQ_REMOVE(&l->group->links, l, in_group);
	TAILQ_INSERT_TAIL(&g->links, l, in_group);
	l->group = g;
	l->facts.gid = g->gid;
}

void
model_del_link(struct model *m, struct link *l)
{
	TAILQ_REMOVE(&l->group->links, l, in_group);
	idtab_del(&m->links, l->facts.link_id);
	m->n_links--;
	link_free(l);
}

void
model_del_prog(struct model *m, struct prog *p)
{
	model_prog_lost(m, p);
	TAILQ_REMOVE(&p->group->progs, p, in_group);
	m->n_progs--;
	free(p);
}

void
model_del_group(struct model *m, struct group *g)
{
	struct prog *p;
	struct link *l;

	while ((l = TAILQ_FIRST(&g->links)))
		model_del_link(m, l);
	while ((p = TAILQ_FIRST(&g->progs)))
		model_del_prog(m, p);
	TAILQ_REMOVE(&m->groups, g, in_model);
	count_sharer(m, g, -1);
	idtab_del(&m->gids, g->gid);
	group_free(g);
}

static void
count_one(struct model_count *n, size_t *which, enum row_state state, enum live_state live)
{
	*which += state == ROW_DONE;
	n->lost += live == LIVE_LOST;
	n->orphans += live == LIVE_ORPHAN;
}

struct model_count
model_count(const struct model *m)
{
	struct model_count n = { 0 };
	const struct group *g;
	const struct prog *p;
	const struct link *l;

	TAILQ_FOREACH(g, &m->groups, in_model) {
		TAILQ_FOREACH(p, &g->progs, in_group)
			count_one(&n, &n.progs, p->state, p->live);
		TAILQ_FOREACH(l, &g->links, in_group)
			count_one(&n, l->live == LIVE && link_is_wish(l) ? &n.waiting : &n.links, l->state, l->live);
	}
	return n;
}

void
model_clear(struct model *m)
{
	struct group *g;

	while ((g = TAILQ_FIRST(&m->groups)))
		model_del_group(m, g);
	idtab_clear(&m->gids);
	idtab_clear(&m->progs);
	idtab_clear(&m->links);
}
