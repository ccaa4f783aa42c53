/* SPDX-License-Identifier: Apache-2.0 */
/* Compares store, pins and kernel.  What needs a client's right to remove, bpfctl asks for itself. */
#include <stdlib.h>
#include <string.h>

#include "api/programs_restore.h"
#include "api/rpc_parts.h"
#include "api/rpc_system.h"
#include "api/store.h"
#include "bpfd_v1.pb-c.h"
#include "common/auto.h"

struct fsck {
	struct query q;
	bool repair;
};

struct findings {
	struct scratch *s;
	Bpfd__V1__Finding **v;
	size_t n, room;
};

static void
add(struct findings *f, const char *what, uint64_t id, const char *problem, const char *text, bool hopeless)
{
	Bpfd__V1__Finding *one = f->v && f->n < f->room ? scratch_take(f->s, 1, sizeof(*one)) : NULL;

	if (!one)
		return;
	bpfd__v1__finding__init(one);
	one->what = (char *)what;
	one->id = id;
	one->problem = (char *)problem;
	one->text = (char *)(text ? text : protobuf_c_empty_string);
	one->hopeless = hopeless;
	f->v[f->n++] = one;
}

static void
check_object(struct findings *f, const struct api *api, const struct group *g)
{
	AUTO(mem) void *object = NULL;
	size_t len = 0;
	int err = g->orphan ? 0 : store_object(api->store, g, &object, &len);

	if (err || (object && !programs_object_whole(g, object, len)))
		add(f, "object", g->gid, "damaged", "the bytes in the store are not those of its digest", false);
}

static void
check_group(struct findings *f, const struct api *api, const struct group *g)
{
	bool lost = programs_group_lost(g);
	const struct prog *p;
	const struct link *l;

	check_object(f, api, g);
	if (g->orphan)
		add(f, "group", g->gid, "orphan", "pinned, and not in the store", false);
	else if (lost)
		add(f, "group", g->gid, "lost", g->reason ? g->reason : g->wanted ? "its pins are gone" :
			"its pins are gone, and it was not loaded to be persistent", !g->wanted);
	if (g->orphan || lost)
		return;
	TAILQ_FOREACH(p, &g->progs, in_group)
		if (p->live != LIVE)
			add(f, "program", p->facts.id, rpc_live_name(p->live, false), p->facts.name, false);
	TAILQ_FOREACH(l, &g->links, in_group) {
		if (l->state == ROW_DONE && l->live == LIVE && l->differs)
			add(f, "link", l->facts.link_id, "differs", l->reason, false);
		if (l->state == ROW_DONE && l->live != LIVE)
			add(f, "link", l->facts.link_id, rpc_live_name(l->live, true), l->reason ? l->reason :
				l->wanted ? "" : "it is not attached, and is not persistent", l->live == LIVE_LOST && !l->wanted);
	}
}

static void
answer(struct fsck *k)
{
	Bpfd__V1__FsckResponse checked = BPFD__V1__FSCK_RESPONSE__INIT;
	Bpfd__V1__RepairResponse repaired = BPFD__V1__REPAIR_RESPONSE__INIT;
	const struct api *api = k->q.api;
	const struct group *g;
	struct findings f = { 0 };
	struct scratch s;

	scratch_start(&s);
	f.s = &s;
	TAILQ_FOREACH(g, &api->model.groups, in_model)
		f.room += 2;
	f.room += api->model.n_progs + api->model.n_links;
	f.v = scratch_take(&s, f.room, sizeof(*f.v));
	TAILQ_FOREACH(g, &api->model.groups, in_model)
		if (g->state == ROW_DONE)
			check_group(&f, api, g);
	checked.findings = repaired.findings = f.v;
	checked.n_findings = repaired.n_findings = f.n;
	rpc_reply(k->q.call, &s, k->repair ? &repaired.base : &checked.base);
}

static void
on_restored(void *arg, bool whole)
{
	AUTO(mem) struct fsck *k = arg;

	if (k->q.call && whole)
		answer(k);
	else if (k->q.call)
		rpc_loader_away(k->q.call);
}

static void
on_known(void *arg, bool known)
{
	struct fsck *k = arg;
	int err = 0;

	if (k->q.call && known && k->repair) {
		err = programs_restore(k->q.api, on_restored, k);
		if (!err)
			return;
		call_error(k->q.call, IPC_ABORTED, "bpfd is restoring programs at this moment: try again");
	} else if (k->q.call && known) {
		answer(k);
	} else if (k->q.call) {
		rpc_loader_away(k->q.call);
	}
	free(k);
}

static void
start(struct call *call, bool repair)
{
	struct fsck *k = (struct fsck *)rpc_query(call, sizeof(*k));

	if (!k)
		return;
	k->repair = repair;
	programs_when_links_known(k->q.api, on_known, k);
}

void
rpc_system_fsck(struct call *call, const ProtobufCMessage *request)
{
	start(call, false);
}

void
rpc_system_repair(struct call *call, const ProtobufCMessage *request)
{
	start(call, true);
}
