/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/store.h"
#include "api/store_db.h"
#include "common/auto.h"
#include "common/log.h"

#define SOURCE_MAX IPC_PATH_MAX
#define TEXT(row, column, array) store_text(row, column, array, sizeof(array))

static uint32_t
u32(sqlite3_stmt *row, int column)
{
	return (uint32_t)sqlite3_column_int64(row, column);
}

static uint64_t
u64(sqlite3_stmt *row, int column)
{
	return (uint64_t)sqlite3_column_int64(row, column);
}

static int
blob(sqlite3_stmt *row, int column, void *out, size_t size)
{
	if ((size_t)sqlite3_column_bytes(row, column) != size)
		return -EUCLEAN;
	memcpy(out, sqlite3_column_blob(row, column), size);
	return 0;
}

static int
state_of(sqlite3_stmt *row, int column, enum row_state *out)
{
	uint32_t v = u32(row, column);

	if (v > ROW_RESTORING)
		return -EUCLEAN;
	*out = (enum row_state)v;
	return 0;
}

static int
text_dup(sqlite3_stmt *row, int column, char **field)
{
	char text[SOURCE_MAX];
	int err = TEXT(row, column, text);

	return err ? err : group_set(field, text);
}

static int
read_group(sqlite3_stmt *row, struct model *m)
{
	AUTO(group) struct group *g = group_new();
	int err;

	if (!g)
		return -ENOMEM;
	g->gid = u64(row, 0);
	g->uid = u32(row, 4);
	g->map_owner = u64(row, 6);
	g->loaded_ns = sqlite3_column_int64(row, 7);
	g->object_bytes = u64(row, 8);
	err = state_of(row, 1, &g->state);
	if (g->state == ROW_RESTORING) {
		g->restoring = true;
		g->state = ROW_DONE;
	}
	if (!err)
		err = blob(row, 2, g->digest, MODEL_DIGEST_LEN);
	if (!err)
		err = text_dup(row, 3, &g->source);
	if (!err)
		err = text_dup(row, 5, &g->uuid);
	if (!err)
		err = model_add_group(m, g);
	if (!err)
		g = NULL;
	return err;
}

static int
read_prog(sqlite3_stmt *row, struct model *m)
{
	struct msg_prog_facts f = { .gid = u64(row, 0), .id = u32(row, 1), .type = u32(row, 3),
		.attach_type = u32(row, 4), .flags = PROG_MANAGED };
	struct group *g = model_group(m, f.gid);
	enum row_state state;
	int err = g ? state_of(row, 2, &state) : -EUCLEAN;

	if (!err && state == ROW_RESTORING)
		err = -EUCLEAN;

	if (!err)
		err = TEXT(row, 5, f.name);
	if (!err)
		err = TEXT(row, 6, f.section);
	if (!err)
		err = TEXT(row, 7, f.kname);
	if (!err)
		err = blob(row, 8, f.tag, sizeof(f.tag));
	if (!err)
		err = model_add_prog(m, g, &f, LIVE_UNKNOWN);
	if (!err)
		TAILQ_LAST(&g->progs, prog_list)->state = state;
	return err;
}

static int
read_map(sqlite3_stmt *row, struct model *m)
{
	struct msg_map_facts f = { .gid = u64(row, 0), .id = u32(row, 1), .type = u32(row, 2),
		.key_size = u32(row, 3), .value_size = u32(row, 4), .max_entries = u32(row, 5),
		.flags = u32(row, 6), .by_name = u32(row, 7) };
	struct group *g = model_group(m, f.gid);
	int err = g ? TEXT(row, 8, f.name) : -EUCLEAN;

	return err ? err : model_add_map(g, &f, LIVE_UNKNOWN);
}

static int
read_link_texts(sqlite3_stmt *row, struct link *l)
{
	struct msg_link_facts *f = &l->facts;
	int err = TEXT(row, 4, f->kind);

	if (!err)
		err = TEXT(row, 5, f->backend);
	if (!err)
		err = TEXT(row, 6, f->target);
	if (!err)
		err = TEXT(row, 7, l->netns);
	if (!err)
		err = TEXT(row, 8, f->direction);
	return err ? err : TEXT(row, 9, f->mode);
}

static int
read_link(sqlite3_stmt *row, struct model *m)
{
	AUTO(link) struct link *l = calloc(1, sizeof(*l));
	struct group *g = model_group(m, u64(row, 1));
	int err = 0;

	if (!l)
		return -ENOMEM;
	if (!g)
		return -EUCLEAN;
	l->facts = (struct msg_link_facts){ .link_id = u64(row, 0), .gid = g->gid,
		.prog_id = u32(row, 2), .priority = (int32_t)sqlite3_column_int64(row, 10),
		.cookie = u64(row, 12), .ifindex = u32(row, 13), .netns_ino = u64(row, 14) };
	l->proceed_on = u32(row, 11);
	l->attached_ns = sqlite3_column_int64(row, 15);
	err = state_of(row, 3, &l->state);
	if (l->state == ROW_RESTORING) {
		l->restoring = true;
		l->state = ROW_DONE;
	}
	if (!err)
		err = read_link_texts(row, l);
	if (!err)
		err = model_add_link(m, g, l);
	if (!err)
		l = NULL;
	return err;
}

static struct kvs *
attrs_of(struct model *m, enum attr_kind kind, uint64_t owner)
{
	bool of_link = kind == ATTR_LINK_METADATA || kind == ATTR_LINK_OPTIONS;
	struct group *g = of_link ? NULL : model_group(m, owner);
	struct link *l = of_link ? model_link(m, owner) : NULL;

	if (l)
		return kind == ATTR_LINK_METADATA ? &l->metadata : &l->options;
	if (!g)
		return NULL;
	return kind == ATTR_GROUP_METADATA ? &g->metadata : &g->globals;
}

static int
read_attr(sqlite3_stmt *row, struct model *m)
{
	uint32_t kind = u32(row, 0);
	struct kvs *k = kind >= ATTR_GROUP_METADATA && kind <= ATTR_LINK_OPTIONS ?
		attrs_of(m, (enum attr_kind)kind, u64(row, 1)) : NULL;
	char key[IPC_TARGET_MAX];
	int err = k ? TEXT(row, 2, key) : -EUCLEAN;

	if (err)
		return err;
	return kvs_set(k, key, sqlite3_column_blob(row, 3), (size_t)sqlite3_column_bytes(row, 3));
}

static int
read_wanted_load(sqlite3_stmt *row, struct model *m)
{
	struct group *g = model_group(m, u64(row, 0));

	if (!g || g->wanted)
		return -EUCLEAN;
	g->wanted = calloc(1, sizeof(*g->wanted));
	if (!g->wanted)
		return -ENOMEM;
	g->wanted->type_grant = u64(row, 1);
	if (TEXT(row, 3, g->wanted->map_group) < 0)
		return -EUCLEAN;
	return blob(row, 2, g->wanted->token.mac, sizeof(g->wanted->token.mac));
}

static int
read_wanted_prog(sqlite3_stmt *row, struct model *m)
{
	struct group *g = model_group(m, u64(row, 0));
	struct wanted_load *w = g ? g->wanted : NULL;
	struct load_prog p = { .prog_type = u32(row, 3), .attach_type = u32(row, 4) };
	int err = w && w->n_progs < IPC_PROGS_MAX ? TEXT(row, 1, p.name) : -EUCLEAN;

	if (!err)
		err = TEXT(row, 2, p.attach_to);
	if (err)
		return err;
	w = realloc(w, sizeof(*w) + (w->n_progs + 1) * sizeof(p));
	if (!w)
		return -ENOMEM;
	w->progs[w->n_progs++] = p;
	g->wanted = w;
	return 0;
}

static int
read_wanted_link(sqlite3_stmt *row, struct model *m)
{
	struct link *l = model_link(m, u64(row, 0));
	struct wanted_link *w;
	size_t len = (size_t)sqlite3_column_bytes(row, 6);
	int err;

	if (!l || l->wanted || len >= IPC_OPTIONS_MAX)
		return -EUCLEAN;
	l->wanted = w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->uid = u32(row, 1);
	w->flags = u32(row, 2);
	w->priority = (int32_t)sqlite3_column_int64(row, 8);
	w->proceed_on = u32(row, 9);
	err = TEXT(row, 3, w->target);
	if (!err)
		err = TEXT(row, 4, w->direction);
	if (!err)
		err = TEXT(row, 5, w->mode);
	if (!err && len)
		memcpy(w->options, sqlite3_column_blob(row, 6), len);
	if (!err && !options_ok(w->options))
		err = -EUCLEAN;
	return err ? err : blob(row, 7, w->token.mac, sizeof(w->token.mac));
}

static int
read_group_image(sqlite3_stmt *row, struct model *m)
{
	struct group *g = model_group(m, u64(row, 0));
	struct group_image *i;
	int err;

	if (!g || g->image || u32(row, 6) >= N_IMAGE_PULLS || u32(row, 7) >= N_IMAGE_SIGNATURES)
		return -EUCLEAN;
	g->image = i = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	i->policy = (enum image_pull)u32(row, 6);
	i->signature = (enum image_signature)u32(row, 7);
	err = TEXT(row, 1, i->url);
	if (!err)
		err = TEXT(row, 2, i->ref);
	if (!err)
		err = TEXT(row, 3, i->digest);
	if (!err)
		err = TEXT(row, 4, i->signer);
	return err ? err : TEXT(row, 5, i->issuer);
}

static int
read_wish_link(sqlite3_stmt *row, struct model *m)
{
	struct link *l = model_link(m, u64(row, 0));

	if (!l || l->wish || l->wanted)
		return -EUCLEAN;
	l->wish = u64(row, 1);
	return blob(row, 2, l->wish_token.mac, sizeof(l->wish_token.mac));
}

static int
read_all(struct store *st, enum store_stmt which, int (*each)(sqlite3_stmt *row, struct model *m),
	struct model *m)
{
	sqlite3_stmt *s = store_bind(st, which, "");
	int rc, err = 0;

	while (!err && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = each(s, m);
	if (!err && rc != SQLITE_DONE)
		err = store_error(st, "read");
	sqlite3_reset(s);
	return err;
}

int
store_read(struct store *st, struct model *m)
{
	int err = read_all(st, ST_ALL_GROUPS, read_group, m);

	if (!err)
		err = read_all(st, ST_ALL_PROGS, read_prog, m);
	if (!err)
		err = read_all(st, ST_ALL_MAPS, read_map, m);
	if (!err)
		err = read_all(st, ST_ALL_LINKS, read_link, m);
	if (!err)
		err = read_all(st, ST_ALL_ATTRS, read_attr, m);
	if (!err)
		err = read_all(st, ST_ALL_WANTED_LOADS, read_wanted_load, m);
	if (!err)
		err = read_all(st, ST_ALL_WANTED_PROGS, read_wanted_prog, m);
	if (!err)
		err = read_all(st, ST_ALL_WANTED_LINKS, read_wanted_link, m);
	if (!err)
		err = read_all(st, ST_ALL_WISH_LINKS, read_wish_link, m);
	if (!err)
		err = read_all(st, ST_ALL_GROUP_IMAGES, read_group_image, m);
	sqlite3_db_release_memory(st->db);	/* of pages that few will be asked for again */
	return err ? log_err(err, "store.read", "a row is not as bpfd writes it") : 0;
}
