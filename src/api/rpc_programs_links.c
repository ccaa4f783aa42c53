/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "api/rpc_programs.h"
#include "common/log.h"

struct get {
	struct query q;
	uint64_t id;
	char kind[32];
};

/* Ends the query when the model is not known; else the caller has a call to answer. */
static bool
answerable(struct get *g, bool known)
{
	if (g->q.call && known)
		return true;
	if (g->q.call)
		rpc_loader_away(g->q.call);
	free(g);
	return false;
}

static struct get *
new_get(struct call *call, uint64_t id, const char *kind)
{
	struct get *g = (struct get *)rpc_query(call, sizeof(*g));

	if (!g)
		return NULL;
	g->id = id;
	strncpy(g->kind, kind, sizeof(g->kind) - 1);
	return g;
}

static bool
shown(const struct link *l)
{
	return l->state == ROW_DONE && l->group->state == ROW_DONE;
}

static bool
matches(const struct get *g, const struct link *l)
{
	return shown(l) && (!g->id || l->facts.prog_id == g->id) &&
	       (!g->kind[0] || strcmp(g->kind, l->facts.kind) == 0);
}

static void
on_list_known(void *arg, bool known)
{
	Bpfd__V1__ListLinksResponse rs = BPFD__V1__LIST_LINKS_RESPONSE__INIT;
	struct get *q = arg;
	const struct api *api = q->q.api;
	const struct group *g;
	const struct link *l;
	struct scratch s;

	if (!answerable(q, known))
		return;
	scratch_start(&s);
	rs.links = scratch_take(&s, api->model.n_links, sizeof(*rs.links));
	TAILQ_FOREACH(g, &api->model.groups, in_model)
		TAILQ_FOREACH(l, &g->links, in_group) {
			if (!rs.links || !matches(q, l))
				continue;
			rs.links[rs.n_links] = scratch_take(&s, 1, sizeof(**rs.links));
			if (rs.links[rs.n_links])
				rpc_fill_link(&s, api, l, rs.links[rs.n_links++]);
		}
	rpc_reply(q->q.call, &s, &rs.base);
	free(q);
}

void
rpc_programs_list_links(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__ListLinksRequest *rq = (const void *)request;
	struct get *g = new_get(call, rq->program, rq->kind);

	if (g)
		programs_when_links_known(g->q.api, on_list_known, g);
}

static void
on_link_known(void *arg, bool known)
{
	Bpfd__V1__GetLinkResponse rs = BPFD__V1__GET_LINK_RESPONSE__INIT;
	struct get *q = arg;
	const struct link *l;
	Bpfd__V1__Link link;
	struct scratch s;

	if (!answerable(q, known))
		return;
	l = model_link(&q->q.api->model, q->id);
	if (l && shown(l)) {
		scratch_start(&s);
		rpc_fill_link(&s, q->q.api, l, &link);
		rs.link = &link;
		rpc_reply(q->q.call, &s, &rs.base);
	} else {
		call_error(q->q.call, IPC_NOT_FOUND, "bpfd has no link %llu", (unsigned long long)q->id);
	}
	free(q);
}

void
rpc_programs_get_link(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__GetLinkRequest *rq = (const void *)request;
	struct get *g;

	if (!rq->link) {
		call_error(call, IPC_INVALID_ARGUMENT, "link: must not be 0");
		return;
	}
	g = new_get(call, rq->link, "");
	if (g)
		programs_when_links_known(g->q.api, on_link_known, g);
}

static size_t
count_maps(const struct model *m)
{
	const struct group *g;
	const struct map *map;
	size_t n = 0;

	TAILQ_FOREACH(g, &m->groups, in_model)
		TAILQ_FOREACH(map, &g->maps, in_group)
			n++;
	return n;
}

static void
on_maps_known(void *arg, bool known)
{
	Bpfd__V1__ListMapsResponse rs = BPFD__V1__LIST_MAPS_RESPONSE__INIT;
	struct get *q = arg;
	const struct api *api = q->q.api;
	const struct group *g;
	struct scratch s;

	if (!answerable(q, known))
		return;
	scratch_start(&s);
	rs.maps = scratch_take(&s, count_maps(&api->model), sizeof(*rs.maps));
	TAILQ_FOREACH(g, &api->model.groups, in_model) {
		Bpfd__V1__Map **of_group = NULL;
		size_t n;

		if (!rs.maps || g->state != ROW_DONE || (q->id && g->gid != q->id))
			continue;
		n = rpc_group_maps(&s, api, g, &of_group);
		if (n)
			memcpy(rs.maps + rs.n_maps, of_group, n * sizeof(*of_group));
		rs.n_maps += n;
	}
	rpc_reply(q->q.call, &s, &rs.base);
	free(q);
}

void
rpc_programs_list_maps(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__ListMapsRequest *rq = (const void *)request;
	struct get *g = new_get(call, rq->group, "");

	if (g)
		programs_when_known(g->q.api, on_maps_known, g);
}
