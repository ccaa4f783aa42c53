/* SPDX-License-Identifier: Apache-2.0 */
#include "api/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/store_db.h"

/* Arguments of store_run() are read by their letter's type. */
#define I(v) ((int64_t)(v))
#define B(p, n) (const void *)(p), (size_t)(n)

static int
add_attrs(struct store *st, enum attr_kind kind, uint64_t owner, const struct kvs *k)
{
	int err = 0;

	for (size_t i = 0; !err && i < k->n; i++)
		err = store_run(st, ST_ADD_ATTR, "iisb", I(kind), I(owner), k->v[i].key,
			B(k->v[i].value, k->v[i].len));
	return err;
}

static int
add_image(struct store *st, uint64_t gid, const struct group_image *i)
{
	return store_run(st, ST_ADD_GROUP_IMAGE, "isssssii", I(gid), i->url, i->ref, i->digest, i->signer,
		i->issuer, I(i->policy), I(i->signature));
}

static int
add_group(struct store *st, struct group *g, const void *object, size_t size)
{
	int err = store_run(st, ST_ADD_OBJECT, "bib", B(g->digest, MODEL_DIGEST_LEN), I(size),
		B(object, size));

	if (!err)
		err = store_run(st, ST_ADD_GROUP, "ibsisii", I(ROW_INTENT), B(g->digest, MODEL_DIGEST_LEN),
			g->source, I(g->uid), g->uuid, I(g->map_owner), I(0));
	if (err)
		return err;
	g->gid = (uint64_t)sqlite3_last_insert_rowid(st->db);
	g->object_bytes = size;
	err = g->image ? add_image(st, g->gid, g->image) : 0;
	if (!err)
		err = add_attrs(st, ATTR_GROUP_METADATA, g->gid, &g->metadata);
	return err ? err : add_attrs(st, ATTR_GROUP_GLOBALS, g->gid, &g->globals);
}

int
store_add_group(struct store *st, struct group *g, const void *object, size_t size)
{
	int err = store_begin(st);

	return err ? err : store_end(st, add_group(st, g, object, size));
}

static int
add_prog(struct store *st, uint64_t gid, const struct msg_prog_facts *p)
{
	return store_run(st, ST_ADD_PROG, "iiiiisssb", I(gid), I(p->id), I(ROW_DONE), I(p->type),
		I(p->attach_type), p->name, p->section, p->kname, B(p->tag, sizeof(p->tag)));
}

static int
add_map(struct store *st, uint64_t gid, const struct msg_map_facts *m)
{
	return store_run(st, ST_ADD_MAP, "iiiiiiiis", I(gid), I(m->id), I(m->type), I(m->key_size),
		I(m->value_size), I(m->max_entries), I(m->flags), I(m->by_name), m->name);
}

static int
add_wanted_load(struct store *st, uint64_t gid, const struct wanted_load *w)
{
	int err = store_run(st, ST_ADD_WANTED_LOAD, "iibs", I(gid), I(w->type_grant),
		B(w->token.mac, sizeof(w->token.mac)), w->map_group);

	for (uint32_t i = 0; !err && i < w->n_progs; i++)
		err = store_run(st, ST_ADD_WANTED_PROG, "iissii", I(gid), I(i), w->progs[i].name,
			w->progs[i].attach_to, I(w->progs[i].prog_type), I(w->progs[i].attach_type));
	return err;
}

static int
finish_group(struct store *st, const struct group *g)
{
	const struct prog *p;
	const struct map *m;
	int err = store_run(st, ST_FINISH_GROUP, "iii", I(g->gid), I(ROW_DONE), I(g->loaded_ns));

	TAILQ_FOREACH(p, &g->progs, in_group)
		if (!err)
			err = add_prog(st, g->gid, &p->facts);
	TAILQ_FOREACH(m, &g->maps, in_group)
		if (!err)
			err = add_map(st, g->gid, &m->facts);
	return !err && g->wanted ? add_wanted_load(st, g->gid, g->wanted) : err;
}

int
store_finish_group(struct store *st, const struct group *g)
{
	int err = store_begin(st);

	return err ? err : store_end(st, finish_group(st, g));
}

int
store_set_group(struct store *st, uint64_t gid, enum row_state state)
{
	return store_run(st, ST_SET_GROUP, "ii", I(gid), I(state));
}

int
store_del_group(struct store *st, uint64_t gid)
{
	return store_run(st, ST_DEL_GROUP, "i", I(gid));
}

int
store_del_all(struct store *st)
{
	return store_run(st, ST_DEL_ALL, "");
}

int
store_set_prog(struct store *st, uint64_t gid, uint32_t id, enum row_state state)
{
	return store_run(st, ST_SET_PROG, "iii", I(gid), I(id), I(state));
}

int
store_del_prog(struct store *st, uint64_t gid, uint32_t id)
{
	return store_run(st, ST_DEL_PROG, "ii", I(gid), I(id));
}

static int
add_link(struct store *st, struct link *l)
{
	const struct msg_link_facts *f = &l->facts;
	int err = store_run(st, ST_ADD_LINK, "iiisssssiii", I(f->gid), I(f->prog_id), I(ROW_INTENT),
		f->kind, f->target, l->netns, f->direction, f->mode, I(f->priority), I(l->proceed_on),
		I(f->cookie));

	if (err)
		return err;
	l->facts.link_id = (uint64_t)sqlite3_last_insert_rowid(st->db);
	err = add_attrs(st, ATTR_LINK_METADATA, l->facts.link_id, &l->metadata);
	return err ? err : add_attrs(st, ATTR_LINK_OPTIONS, l->facts.link_id, &l->options);
}

int
store_add_link(struct store *st, struct link *l)
{
	int err = store_begin(st);

	return err ? err : store_end(st, add_link(st, l));
}

static int
finish_link(struct store *st, const struct link *l)
{
	const struct msg_link_facts *f = &l->facts;

	return store_run(st, ST_FINISH_LINK, "iisssiiisi", I(f->link_id), I(ROW_DONE), f->backend, f->target,
		f->mode, I(f->ifindex), I(f->netns_ino), I(l->attached_ns), f->direction, I(l->proceed_on));
}

static int
add_wanted_link(struct store *st, uint64_t link_id, const struct wanted_link *w)
{
	return store_run(st, ST_ADD_WANTED_LINK, "iiisssbbii", I(link_id), I(w->uid), I(w->flags), w->target,
		w->direction, w->mode, B(w->options, options_len(w->options)),
		B(w->token.mac, sizeof(w->token.mac)), I(w->priority), I(w->proceed_on));
}

int
store_finish_link(struct store *st, const struct link *l)
{
	int err = store_begin(st);

	if (err)
		return err;
	err = finish_link(st, l);
	if (!err && l->wanted)
		err = add_wanted_link(st, l->facts.link_id, l->wanted);
	if (!err && l->wish)
		err = store_run(st, ST_ADD_WISH_LINK, "iib", I(l->facts.link_id), I(l->wish),
			B(l->wish_token.mac, sizeof(l->wish_token.mac)));
	return store_end(st, err);
}

int
store_restored_link(struct store *st, const struct link *l)
{
	return finish_link(st, l);
}

static int
restored_group(struct store *st, const struct group *g, const struct msg_prog_facts *progs,
	size_t n_progs, const struct msg_map_facts *maps, size_t n_maps)
{
	const struct prog *p;
	/* Rows refer to each other by numbers of which some are used again.  A prepared pragma would do
	 * its work once, when it is prepared. */
	int err = store_exec(st, "PRAGMA defer_foreign_keys = ON");

	if (!err)
		err = store_run(st, ST_OLD_LINKS, "i", I(g->gid));
	if (!err)
		err = store_run(st, ST_DEL_PROGS, "i", I(g->gid));
	if (!err)
		err = store_run(st, ST_DEL_MAPS, "i", I(g->gid));
	for (size_t i = 0; !err && i < n_progs; i++) {
		err = add_prog(st, g->gid, &progs[i]);
		TAILQ_FOREACH(p, &g->progs, in_group)
			if (!err && strcmp(p->facts.name, progs[i].name) == 0)
				err = store_run(st, ST_NEW_LINKS, "iii", I(g->gid), I(p->facts.id), I(progs[i].id));
	}
	for (size_t i = 0; !err && i < n_maps; i++)
		if (maps[i].gid == g->gid)
			err = add_map(st, g->gid, &maps[i]);
	return err ? err : store_set_group(st, g->gid, ROW_DONE);
}

int
store_restored_group(struct store *st, const struct group *g, const struct msg_prog_facts *progs,
	size_t n_progs, const struct msg_map_facts *maps, size_t n_maps)
{
	int err = store_begin(st);

	return err ? err : store_end(st, restored_group(st, g, progs, n_progs, maps, n_maps));
}

static int
change_link(struct store *st, const struct link *l)
{
	const struct msg_link_facts *f = &l->facts;
	const struct wanted_link *w = l->wanted;
	int err = store_run(st, ST_CHANGE_LINK, "iiiii", I(f->link_id), I(f->gid), I(f->prog_id),
		I(f->priority), I(l->proceed_on));

	return err || !w ? err : store_run(st, ST_CHANGE_WANTED_LINK, "iiibii", I(f->link_id), I(w->uid),
		I(w->flags), B(w->token.mac, sizeof(w->token.mac)), I(w->priority), I(w->proceed_on));
}

int
store_object(struct store *st, const struct group *g, void **out, size_t *len)
{
	return store_take_bytes(st, store_bind(st, ST_GET_OBJECT, "b", B(g->digest, MODEL_DIGEST_LEN)), 0, out, len, NULL);
}

int
store_object_part(struct store *st, const struct group *g, uint64_t offset, size_t max, void **out, size_t *len,
	uint64_t *total)
{
	return store_take_bytes(st, store_bind(st, ST_GET_OBJECT_PART, "bii", B(g->digest, MODEL_DIGEST_LEN), I(offset),
		I(max)), 1, out, len, total);
}

int
store_change_link(struct store *st, const struct link *l)
{
	int err = store_begin(st);

	return err ? err : store_end(st, change_link(st, l));
}

int
store_set_link(struct store *st, uint64_t link_id, enum row_state state)
{
	return store_run(st, ST_SET_LINK, "ii", I(link_id), I(state));
}

int
store_del_link(struct store *st, uint64_t link_id)
{
	return store_run(st, ST_DEL_LINK, "i", I(link_id));
}
