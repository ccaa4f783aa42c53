/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/programs_op.h"
#include "api/store.h"
#include "api/wishes.h"
#include "common/auto.h"
#include "common/log.h"

/*
 * Detach and unload: rows are marked as being removed, links go first and one after the other, then
 * the program or group.  What a dying loader leaves of it is finished by the next reconciliation.
 */
struct remove_op {
	struct op op;
	struct group *group;		/* busy meanwhile; NULL once it is deleted */
	uint64_t gid;
	uint32_t prog_id;		/* 0: the whole group, or only links */
	bool only_link, dry_run;
	int sock;			/* of the client: the work goes on when it goes away */
	uint64_t *links;
	uint32_t *progs;
	size_t n_links, n_progs, next;
	void (*detached)(struct call *call);
	void (*unloaded)(struct call *call, const struct removed *r);
};

static void
remove_free(void *arg)
{
	struct remove_op *o = arg;

	if (o->group)
		o->group->busy--;
	close_keep_errno(o->sock);
	free(o->links);
	free(o->progs);
	free(o);
}

static void
finish(struct remove_op *o)
{
	const struct removed r = { o->progs, o->links, o->n_progs, o->n_links };

	if (o->op.call && o->only_link)
		o->detached(o->op.call);
	else if (o->op.call)
		o->unloaded(o->op.call, &r);
	op_ok(&o->op);
}

/* Marks what is left of it, in the store and in the model. */
static int
mark(struct remove_op *o, enum row_state state)
{
	struct api *api = o->op.api;
	struct prog *p = o->prog_id ? model_prog(&api->model, o->prog_id) : NULL;
	int err = 0;

	for (size_t i = o->next; !err && i < o->n_links; i++) {
		struct link *l = model_link(&api->model, o->links[i]);

		err = l ? store_set_link(api->store, o->links[i], state) : 0;
		if (l && !err)
			l->state = state;
	}
	if (err || o->only_link)
		return err;
	err = p ? store_set_prog(api->store, o->gid, o->prog_id, state) :
		  store_set_group(api->store, o->gid, state);
	if (!err && p)
		p->state = state;
	else if (!err)
		o->group->state = state;
	return err;
}

static void
fail(struct remove_op *o, struct answer *a)
{
	/* Lost: it stays marked, and is finished when a loader is there. */
	if (!a->lost && mark(o, ROW_DONE) < 0)
		log_warn("unload.marked", "group=%llu", (unsigned long long)o->gid);
	op_fail_answer(&o->op, a);
}

/* What the kernel has no more is removed too. */
static bool
is_gone(const struct answer *a)
{
	return !a->lost && (a->result.code == IPC_OK || a->result.code == IPC_NOT_FOUND);
}

static void
on_unloaded(void *arg, struct answer *a)
{
	struct remove_op *o = arg;
	struct api *api = o->op.api;
	struct prog *p = o->prog_id ? model_prog(&api->model, o->prog_id) : NULL;
	int err;

	if (!is_gone(a)) {
		fail(o, a);
		return;
	}
	/* A row that cannot be deleted stays marked: the kernel's part is done. */
	err = o->prog_id ? store_del_prog(api->store, o->gid, o->prog_id) :
		store_del_group(api->store, o->gid);
	if (!err && p) {
		model_del_prog(&api->model, p);
	} else if (!err) {
		model_del_group(&api->model, o->group);
		o->group = NULL;
	}
	finish(o);
}

static void send_next(struct remove_op *o);

static void
on_detached(void *arg, struct answer *a)
{
	struct remove_op *o = arg;
	struct api *api = o->op.api;
	struct link *l = model_link(&api->model, o->links[o->next]);

	if (!is_gone(a)) {
		fail(o, a);
		return;
	}
	if (l && store_del_link(api->store, l->facts.link_id) == 0)
		model_del_link(&api->model, l);
	o->next++;
	send_next(o);
}

static void
send_next(struct remove_op *o)
{
	struct api *api = o->op.api;
	const struct msg_unload unload = { .gid = o->gid, .prog_id = o->prog_id };
	struct msg_detach detach = { 0 };
	struct link *l;
	int err;

	if (o->next == o->n_links && o->only_link) {
		finish(o);
		return;
	}
	if (o->next == o->n_links) {
		err = ctl_loader_call(api->loader, IPC_UNLOAD, &unload, &o->sock, on_unloaded, o);
	} else {
		l = model_link(&api->model, o->links[o->next]);
		detach.link_id = o->links[o->next];
		if (l)
			memcpy(detach.netns, l->netns, sizeof(detach.netns));
		err = ctl_loader_call(api->loader, IPC_DETACH, &detach, &o->sock, on_detached, o);
	}
	if (err) {
		mark(o, ROW_DONE);
		op_fail_errno(&o->op, err);
	}
}

static void
begin(struct remove_op *o, struct group *g)
{
	int err;

	if (o->dry_run) {
		finish(o);
		return;
	}
	if (o->sock < 0) {
		op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "no descriptor for the request");
		return;
	}
	if (g->busy) {
		op_fail(&o->op, IPC_ABORTED, "another request is working on group %llu: try again",
			(unsigned long long)g->gid);
		return;
	}
	o->group = g;
	g->busy++;
	err = mark(o, ROW_REMOVING);
	if (err) {
		mark(o, ROW_DONE);
		op_fail_store(&o->op, err);
		return;
	}
	send_next(o);
}

static bool
is_meant(const struct link *l, const struct prog *only, const struct link *wish)
{
	return l->state == ROW_DONE && (!only || l->facts.prog_id == only->facts.id) &&
		(!wish || l->wish == wish->facts.link_id);
}

/* Links of the program, or of all programs when it is NULL; the same for programs.  wish: only its
 * links, then itself, and no program. */
static int
collect(struct remove_op *o, const struct group *g, const struct prog *only, const struct link *wish)
{
	const struct prog *p;
	const struct link *l;
	size_t n_links = 0, n_progs = 0;

	TAILQ_FOREACH(l, &g->links, in_group)
		n_links++;
	TAILQ_FOREACH(p, &g->progs, in_group)
		n_progs++;
	free(o->links);
	o->n_links = 0;
	o->links = calloc(n_links + 1, sizeof(*o->links));
	o->progs = calloc(n_progs + 1, sizeof(*o->progs));
	if (!o->links || !o->progs)
		return -ENOMEM;
	TAILQ_FOREACH(l, &g->links, in_group)
		if (is_meant(l, only, wish))
			o->links[o->n_links++] = l->facts.link_id;
	if (wish)
		o->links[o->n_links++] = wish->facts.link_id;
	TAILQ_FOREACH(p, &g->progs, in_group)
		if (!wish && (!only || p == only))
			o->progs[o->n_progs++] = p->live == LIVE_LOST ? 0 : p->facts.id;
	return 0;
}

static void
on_ready_unload(void *arg, bool ready)
{
	struct remove_op *o = arg;
	struct model *m = &o->op.api->model;
	struct prog *p;
	struct group *g;

	if (!ready || !o->op.call) {
		op_fail_away(&o->op);
		return;
	}
	p = o->prog_id ? model_prog(m, o->prog_id) : NULL;
	g = o->prog_id ? (p ? p->group : NULL) : model_group(m, o->gid);
	if (!g || g->state != ROW_DONE || (p && p->state != ROW_DONE)) {
		if (o->prog_id)
			op_fail(&o->op, IPC_NOT_FOUND, "bpfd has no program %u", o->prog_id);
		else
			op_fail(&o->op, IPC_NOT_FOUND, "bpfd has no group %llu",
				(unsigned long long)o->gid);
		return;
	}
	o->gid = g->gid;
	/* The last program takes its group and the maps along. */
	if (p && !TAILQ_NEXT(TAILQ_FIRST(&g->progs), in_group)) {
		o->prog_id = 0;
		p = NULL;
	}
	if (collect(o, g, p, NULL) < 0)
		op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
	else
		begin(o, g);
}

static void
on_ready_detach(void *arg, bool ready)
{
	struct remove_op *o = arg;
	struct link *l;

	if (!ready || !o->op.call) {
		op_fail_away(&o->op);
		return;
	}
	l = model_link(&o->op.api->model, o->links[0]);
	if (!l || l->state != ROW_DONE || l->group->state != ROW_DONE) {
		op_fail(&o->op, IPC_NOT_FOUND, "bpfd has no link %llu", (unsigned long long)o->links[0]);
		return;
	}
	if (l->wish) {
		op_fail(&o->op, IPC_FAILED_PRECONDITION, "link %llu came by link %llu, which attaches to every interface "
			"that fits: detach that one", (unsigned long long)o->links[0], (unsigned long long)l->wish);
		return;
	}
	o->gid = l->group->gid;
	if (link_is_wish(l) && collect(o, l->group, NULL, l) < 0)
		op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
	else
		begin(o, l->group);
}

static struct remove_op *
new_op(struct call *call, bool dry_run)
{
	struct remove_op *o = calloc(1, sizeof(*o));

	if (!o) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return NULL;
	}
	o->dry_run = dry_run;
	o->sock = fcntl(call_peer(call)->sock, F_DUPFD_CLOEXEC, 0);
	op_start(&o->op, call, remove_free);
	return o;
}

void
programs_detach(struct call *call, uint64_t link_id, bool dry_run, void (*reply)(struct call *call))
{
	struct remove_op *o = new_op(call, dry_run);

	if (!o)
		return;
	op_what(&o->op, "link=%llu%s", (unsigned long long)link_id, dry_run ? " dry_run=1" : "");
	o->links = calloc(1, sizeof(*o->links));
	if (!o->links) {
		op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	o->links[0] = link_id;
	o->n_links = 1;
	o->only_link = true;
	o->detached = reply;
	wishes_idle(o->op.api, on_ready_detach, o);
}

void
programs_unload(struct call *call, uint64_t gid, uint32_t prog_id, bool dry_run,
	void (*reply)(struct call *call, const struct removed *r))
{
	struct remove_op *o = new_op(call, dry_run);

	if (!o)
		return;
	op_what(&o->op, "%s=%llu%s", gid ? "group" : "program",
		(unsigned long long)(gid ? gid : prog_id), dry_run ? " dry_run=1" : "");
	o->gid = gid;
	o->prog_id = gid ? 0 : prog_id;
	o->unloaded = reply;
	wishes_idle(o->op.api, on_ready_unload, o);
}
