/* SPDX-License-Identifier: Apache-2.0 */
#include "api/programs_restore_step.h"

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

void
restore_end(struct restore *r, bool whole)
{
	r->api->restore = NULL;
	if (whole && !r->one)
		wishes_begin(r->api);
	if (whole && !r->one && (r->n_progs || r->n_links || r->failed))
		log_notice("restore.done", "programs=%zu links=%zu failed=%zu", r->n_progs, r->n_links, r->failed);
	if (r->fn)
		r->fn(r->arg, whole);
	free(r);
}

void
restore_failed(struct restore *r, char **reason, const char *what, uint64_t id, const char *fmt, ...)
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

void
restore_worked(char **reason)
{
	free(*reason);
	*reason = NULL;
}

void
restore_undone(struct api *api, bool lost)
{
	if (lost)
		restore_end(api->restore, false);
	else
		restore_step(api->restore);
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
		restore_failed(r, &g->reason, "group", g->gid, "not loaded again: %s", err == -EPROTO ?
			"its object has other programs now" : programs_store_text(err));
		if (programs_undo_group(r->api, g, restore_undone))
			restore_end(r, false);
		return;
	}
	g->restoring = false;
	g->loaded_ns = programs_now_ns();
	restore_worked(&g->reason);
	r->n_progs += a->n_progs;
	ctl_loader_tell(r->api->loader, IPC_COMMIT, &made);
	log_notice("restore.group", "group=%llu programs=%zu source=%s", (unsigned long long)g->gid, a->n_progs,
		LOG_QUOTE(g->source));
	restore_step(r);
}

static void
on_loaded(void *arg, struct answer *a)
{
	struct restore *r = arg;
	struct group *g = model_group(&r->api->model, r->gid);

	if (g)
		g->busy--;
	if (a->lost || !g) {
		restore_end(r, false);
	} else if (a->result.code != IPC_OK) {
		restore_failed(r, &g->reason, "group", g->gid, "not loaded again: %s", a->result.text);
		unmark_group(r, g);
		restore_step(r);
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
	memcpy(load->map_group, g->wanted->map_group, sizeof(load->map_group));
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
send_kept(struct restore *r, struct group *g)
{
	AUTO(mem) void *object = NULL;
	size_t len = 0;
	int err = store_object(r->api->store, g, &object, &len);

	if (!err && !programs_object_whole(g, object, len)) {
		restore_failed(r, &g->reason, "group", g->gid, "not loaded again: the object in the store is damaged, its "
			"digest is another");
		return -EUCLEAN;
	}
	if (!err)
		err = send_object(r, g, object, len);
	if (err)
		restore_failed(r, &g->reason, "group", g->gid, "not loaded again: %s", strerrordesc_np(-err));
	return err;
}

static int
send_group(struct restore *r, struct group *g)
{
	const struct group *owner = g->map_owner ? model_group(&r->api->model, g->map_owner) : NULL;
	int err;

	if (g->map_owner && (!owner || programs_group_lost(owner))) {
		restore_failed(r, &g->reason, "group", g->gid, "not loaded again: group %llu, whose maps it shares, is lost",
			(unsigned long long)g->map_owner);
		return -ENOENT;
	}
	err = restore_check_image(r, g);
	return err > 0 ? 0 : err ? err : send_kept(r, g);
}

void
restore_checked(struct restore *r, struct group *g)
{
	if (send_kept(r, g) < 0)
		restore_step(r);
}

void
restore_step(struct restore *r)
{
	struct group *g;

	if (r->one) {
		restore_end(r, true);
		return;
	}
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
		if (restore_next_link(r, g))
			return;
	}
	restore_end(r, true);
}

static struct restore *
begin(struct api *api, void (*fn)(void *arg, bool whole), void *arg)
{
	struct restore *r = calloc(1, sizeof(*r));

	if (r)
		*r = (struct restore){ .api = api, .fn = fn, .arg = arg };
	api->restore = r;
	return r;
}

int
programs_restore(struct api *api, void (*fn)(void *arg, bool whole), void *arg)
{
	if (api->restore)
		return -EBUSY;
	if (!begin(api, fn, arg))
		return -ENOMEM;
	restore_step(api->restore);
	return 0;
}

int
programs_restore_link(struct api *api, struct link *l, void (*fn)(void *arg, bool whole), void *arg)
{
	int err;

	if (api->restore || l->group->busy)
		return -EBUSY;
	if (!begin(api, fn, arg))
		return -ENOMEM;
	api->restore->one = true;
	err = restore_link(api->restore, l);
	if (err)
		free(TAKE_PTR(api->restore));
	return err;
}
