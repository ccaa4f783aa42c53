/* SPDX-License-Identifier: Apache-2.0 */
#include "api/programs_restore.h"

#include <errno.h>
#include <sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/programs_undo.h"
#include "api/store.h"
#include "api/wishes.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/memfd.h"
#include "ipc/globals.h"

/*
 * After a reboot the rows are there and the pins are not.  Groups come back one after the other, in
 * the order in which they were loaded, so that one whose maps are shared is there first; then the
 * links of each.  A row is marked before its kernel work begins; whoever dies in between leaves
 * the mark, and the next reconciliation undoes what there is of it and begins again.
 */
struct restore {
	struct api *api;
	uint64_t gid, link_id;		/* at work on; everything before is done */
	bool tried;			/* the group itself: its links are next */
	size_t n_progs, n_links, failed;
	void (*fn)(void *arg, bool whole);
	void *arg;
};

static void step(struct restore *r);

static void
end(struct restore *r, bool whole)
{
	r->api->restore = NULL;
	if (whole)
		wishes_begin(r->api);
	if (whole && (r->n_progs || r->n_links || r->failed))
		log_notice("restore.done", "programs=%zu links=%zu failed=%zu", r->n_progs, r->n_links, r->failed);
	if (r->fn)
		r->fn(r->arg, whole);
	free(r);
}

static void
because(struct restore *r, char **reason, const char *what, uint64_t id, const char *fmt, ...)
{
	char text[IPC_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->failed++;
	log_warn("restore.failed", "%s=%llu text=%s", what, (unsigned long long)id, LOG_QUOTE(text));
	free(*reason);
	*reason = strdup(text);
}

static void
forget_reason(char **reason)
{
	free(*reason);
	*reason = NULL;
}

bool
programs_group_lost(const struct group *g)
{
	const struct prog *p;

	if (g->state != ROW_DONE || g->orphan || g->restoring || !TAILQ_FIRST(&g->progs))
		return false;
	TAILQ_FOREACH(p, &g->progs, in_group)
		if (p->live != LIVE_LOST || p->state != ROW_DONE)
			return false;
	return true;
}

struct prog *
programs_prog_of(const struct link *l)
{
	struct prog *p;

	TAILQ_FOREACH(p, &l->group->progs, in_group)
		if (p->facts.id == l->facts.prog_id)
			return p;
	return NULL;
}

/* ---- links ---- */

static void
unmark_link(struct restore *r, struct link *l)
{
	if (store_set_link(r->api->store, l->facts.link_id, ROW_DONE) == 0)
		l->restoring = false;
}

static void
on_link_undone(struct api *api, bool lost)
{
	if (lost)
		end(api->restore, false);
	else
		step(api->restore);
}

static void
link_is_back(struct restore *r, struct link *l, const struct msg_link_facts *f)
{
	const struct msg_object made = { .id = l->facts.link_id, .kind = OBJECT_LINK };
	struct msg_link_facts row = l->facts;

	l->facts = *f;
	l->facts.gid = row.gid;
	l->facts.priority = row.priority;
	l->facts.cookie = row.cookie;
	memcpy(l->facts.kind, row.kind, sizeof(row.kind));
	memcpy(l->facts.direction, row.direction, sizeof(row.direction));
	if (!f->target[0])
		memcpy(l->facts.target, row.target, sizeof(row.target));
	l->attached_ns = programs_now_ns();
	if (store_restored_link(r->api->store, l)) {
		because(r, &l->reason, "link", l->facts.link_id, "%s", programs_store_text(-EIO));
		if (programs_undo_link(r->api, l, on_link_undone))
			end(r, false);
		return;
	}
	l->restoring = false;
	l->live = LIVE;
	forget_reason(&l->reason);
	r->n_links++;
	ctl_loader_tell(r->api->loader, IPC_COMMIT, &made);
	log_notice("restore.link", "link=%llu program=%u kind=%s target=%s", (unsigned long long)made.id,
		l->facts.prog_id, l->facts.kind, LOG_QUOTE(l->facts.target));
	step(r);
}

static void
on_attached(void *arg, struct answer *a)
{
	struct restore *r = arg;
	struct link *l = model_link(&r->api->model, r->link_id);

	if (a->lost || !l) {
		if (l)
			l->group->busy--;
		end(r, false);
		return;
	}
	l->group->busy--;
	if (a->result.code == IPC_OK && a->n_links == 1 && a->links[0].link_id == r->link_id &&
	    a->links[0].prog_id == l->facts.prog_id) {
		link_is_back(r, l, &a->links[0]);
		return;
	}
	because(r, &l->reason, "link", r->link_id, "not attached again: %s", a->result.code == IPC_OK ?
		"bpfd-loader's answer does not fit the request" : a->result.text);
	if (a->result.code == IPC_OK) {
		if (programs_undo_link(r->api, l, on_link_undone))
			end(r, false);
		return;
	}
	unmark_link(r, l);
	step(r);
}

void
programs_wanted_attach(const struct link *l, const struct prog *p, struct msg_attach *at)
{
	at->link_id = l->facts.link_id;
	at->gid = l->facts.gid;
	at->cookie = l->facts.cookie;
	at->prog_id = p->facts.id;
	at->flags = l->wanted->flags;
	at->priority = l->facts.priority;
	at->proceed_on = at->flags & ATTACH_HAS_PROCEED_ON ? l->proceed_on : 0;
	memcpy(at->kind, l->facts.kind, sizeof(at->kind));
	memcpy(at->target, l->wanted->target, sizeof(at->target));
	memcpy(at->netns, l->netns, sizeof(at->netns));
	memcpy(at->direction, l->wanted->direction, sizeof(at->direction));
	memcpy(at->mode, l->wanted->mode, sizeof(at->mode));
	memcpy(at->options, l->wanted->options, sizeof(at->options));
	memcpy(at->section, p->facts.section, sizeof(at->section));
	memcpy(at->prog_name, p->facts.name, sizeof(at->prog_name));
}

/* 0: its answer comes; else it stays lost. */
static int
send_link(struct restore *r, struct link *l, const struct prog *p)
{
	AUTO(mem) struct msg_restore_attach *m = calloc(1, sizeof(*m));
	int err = m ? store_set_link(r->api->store, l->facts.link_id, ROW_RESTORING) : -ENOMEM;

	if (!err) {
		l->restoring = true;
		m->token = l->wanted->token;
		m->uid = l->wanted->uid;
		programs_wanted_attach(l, p, &m->attach);
		err = ctl_loader_call(r->api->loader, IPC_RESTORE_ATTACH, m, NULL, on_attached, r);
		if (err)
			unmark_link(r, l);
		else
			l->group->busy++;
	}
	if (err)
		because(r, &l->reason, "link", l->facts.link_id, "not attached again: %s", strerrordesc_np(-err));
	return err;
}

/* The next one that is lost while its program is not.  1: its answer comes. */
static int
next_link(struct restore *r, const struct group *g)
{
	struct link *l;

	TAILQ_FOREACH(l, &g->links, in_group) {
		const struct prog *p = programs_prog_of(l);

		if (l->facts.link_id <= r->link_id || l->live != LIVE_LOST || !l->wanted || link_is_wish(l) || l->restoring ||
		    l->state != ROW_DONE || !p || p->live != LIVE)
			continue;
		r->link_id = l->facts.link_id;
		if (send_link(r, l, p) == 0)
			return 1;
	}
	return 0;
}

/* ---- groups ---- */

static void
unmark_group(struct restore *r, struct group *g)
{
	if (store_set_group(r->api->store, g->gid, ROW_DONE) == 0)
		g->restoring = false;
}

static bool
has_prog(const struct group *g, const char *name)
{
	const struct prog *p;

	TAILQ_FOREACH(p, &g->progs, in_group)
		if (strcmp(p->facts.name, name) == 0)
			return true;
	return false;
}

/* Those that were unloaded alone before the reboot go again; what is left fits the rows one by one. */
static bool
sort_out(struct restore *r, const struct group *g, struct answer *a)
{
	size_t n = 0, rows = 0;
	const struct prog *p;

	TAILQ_FOREACH(p, &g->progs, in_group)
		rows++;
	for (size_t i = 0; i < a->n_progs; i++) {
		const struct msg_object extra = { .id = a->progs[i].id, .kind = OBJECT_PROG };

		if (a->progs[i].gid != g->gid || model_prog(&r->api->model, a->progs[i].id))
			return false;
		if (has_prog(g, a->progs[i].name))
			a->progs[n++] = a->progs[i];
		else if (ctl_loader_call(r->api->loader, IPC_UNDO, &extra, NULL, NULL, NULL) < 0)
			return false;
	}
	a->n_progs = n;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(a->progs[i].name, a->progs[k].name) == 0)
				return false;
	return n == rows;
}

static void
group_is_back(struct restore *r, struct group *g, struct answer *a)
{
	const struct msg_object made = { .id = g->gid, .kind = OBJECT_GROUP };
	int err = -EPROTO;

	if (sort_out(r, g, a))
		err = store_restored_group(r->api->store, g, a->progs, a->n_progs, a->maps, a->n_maps);
	if (!err)
		err = model_replace(&r->api->model, g, a->progs, a->n_progs, a->maps, a->n_maps);
	if (err) {
		because(r, &g->reason, "group", g->gid, "not loaded again: %s", err == -EPROTO ?
			"its object has other programs now" : programs_store_text(err));
		if (programs_undo_group(r->api, g, on_link_undone))
			end(r, false);
		return;
	}
	g->restoring = false;
	g->loaded_ns = programs_now_ns();
	forget_reason(&g->reason);
	r->n_progs += a->n_progs;
	ctl_loader_tell(r->api->loader, IPC_COMMIT, &made);
	log_notice("restore.group", "group=%llu programs=%zu source=%s", (unsigned long long)g->gid, a->n_progs,
		LOG_QUOTE(g->source));
	step(r);
}

static void
on_loaded(void *arg, struct answer *a)
{
	struct restore *r = arg;
	struct group *g = model_group(&r->api->model, r->gid);

	if (g)
		g->busy--;
	if (a->lost || !g) {
		end(r, false);
	} else if (a->result.code != IPC_OK) {
		because(r, &g->reason, "group", g->gid, "not loaded again: %s", a->result.text);
		unmark_group(r, g);
		step(r);
	} else {
		group_is_back(r, g, a);
	}
}

bool
programs_object_whole(const struct group *g, const void *object, size_t len)
{
	uint8_t digest[MODEL_DIGEST_LEN];
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, object, len);
	SHA256Final(digest, &sha);
	return memcmp(digest, g->digest, sizeof(digest)) == 0;
}

static int
fill_load(const struct api *api, const struct group *g, struct msg_restore_load *m)
{
	struct msg_load *load = &m->load;
	size_t len = 0;
	int err = 0;

	m->token = g->wanted->token;
	m->uid = g->uid;
	load->gid = g->gid;
	load->map_owner_gid = g->map_owner;
	load->type_grant = g->wanted->type_grant;
	load->timeout_ms = (uint32_t)api->cfg->limits_load_timeout_ms;
	load->n_progs = g->wanted->n_progs;
	memcpy(load->progs, g->wanted->progs, load->n_progs * sizeof(load->progs[0]));
	for (size_t i = 0; !err && i < g->globals.n; i++)
		err = globals_add(load->globals, sizeof(load->globals), &len, g->globals.v[i].key,
			strlen(g->globals.v[i].key), g->globals.v[i].value, g->globals.v[i].len);
	load->globals_len = (uint32_t)len;
	return err;
}

static int
send_object(struct restore *r, struct group *g, const void *object, size_t len)
{
	AUTO(mem) struct msg_restore_load *m = calloc(1, sizeof(*m));
	AUTO(fd) int fd = memfd_sealed("bpfd-object", object, len);
	int err = !m ? -ENOMEM : fd < 0 ? fd : fill_load(r->api, g, m);

	if (!err)
		err = store_set_group(r->api->store, g->gid, ROW_RESTORING);
	if (err)
		return err;
	g->restoring = true;
	err = ctl_loader_call(r->api->loader, IPC_RESTORE_LOAD, m, &fd, on_loaded, r);
	if (err)
		unmark_group(r, g);
	else
		g->busy++;
	return err;
}

/* 0: its answer comes; else it stays lost. */
static int
send_group(struct restore *r, struct group *g)
{
	const struct group *owner = g->map_owner ? model_group(&r->api->model, g->map_owner) : NULL;
	AUTO(mem) void *object = NULL;
	size_t len = 0;
	int err;

	if (g->map_owner && (!owner || programs_group_lost(owner))) {
		because(r, &g->reason, "group", g->gid, "not loaded again: group %llu, whose maps it shares, is lost",
			(unsigned long long)g->map_owner);
		return -ENOENT;
	}
	err = store_object(r->api->store, g, &object, &len);
	if (!err && !programs_object_whole(g, object, len)) {
		because(r, &g->reason, "group", g->gid, "not loaded again: the object in the store is damaged, its "
			"digest is another");
		return -EUCLEAN;
	}
	if (!err)
		err = send_object(r, g, object, len);
	if (err)
		because(r, &g->reason, "group", g->gid, "not loaded again: %s", strerrordesc_np(-err));
	return err;
}

static void
step(struct restore *r)
{
	struct group *g;

	TAILQ_FOREACH(g, &r->api->model.groups, in_model) {
		if (g->gid < r->gid || g->busy || !g->wanted || g->restoring || g->state != ROW_DONE)
			continue;
		if (g->gid > r->gid) {
			r->gid = g->gid;
			r->link_id = 0;
			r->tried = false;
		}
		if (!r->tried && programs_group_lost(g)) {
			r->tried = true;
			if (send_group(r, g) == 0)
				return;
		}
		if (next_link(r, g))
			return;
	}
	end(r, true);
}

int
programs_restore(struct api *api, void (*fn)(void *arg, bool whole), void *arg)
{
	struct restore *r;

	if (api->restore)
		return -EBUSY;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = (struct restore){ .api = api, .fn = fn, .arg = arg };
	api->restore = r;
	step(r);
	return 0;
}
