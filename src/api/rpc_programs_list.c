/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "api/rpc_list.h"
#include "api/rpc_programs.h"
#include "common/auto.h"
#include "common/log.h"
#include "ipc/bpfnames.h"

struct list {
	struct list_query l;
	uint32_t type, attach_type;	/* 0: any */
	bool all;
	uint64_t max_bytes;
};

struct get {
	struct query q;
	uint32_t id;
};

struct results {
	struct scratch *s;
	const struct api *api;
	Bpfd__V1__Program **v;
	size_t n, room;
};

static bool
type_matches(const struct list *l, const struct msg_prog_facts *f)
{
	return !l->type ||
	       (f->type == l->type &&
		       (l->attach_type == IPC_ANY_ATTACH || f->attach_type == l->attach_type));
}

static bool
matches(const struct list *l, const struct prog *p)
{
	return p->state == ROW_DONE && p->group->state == ROW_DONE && type_matches(l, &p->facts) &&
	       kvs_contain(&p->group->metadata, &l->l.metadata);
}

/* Only the run counts are fresher than what is known already. */
static void
take_counts(struct prog *p, const struct msg_prog_facts *f)
{
	if (!p)
		return;
	p->facts.run_cnt = f->run_cnt;
	p->facts.run_time_ns = f->run_time_ns;
	p->facts.recursion_misses = f->recursion_misses;
}

static void
add_managed(struct results *r, const struct list *l)
{
	const struct group *g;
	const struct prog *p;

	TAILQ_FOREACH(g, &r->api->model.groups, in_model)
		TAILQ_FOREACH(p, &g->progs, in_group) {
			Bpfd__V1__Program *one;

			if (!matches(l, p) || r->n == r->room)
				continue;
			one = scratch_take(r->s, 1, sizeof(*one));
			if (!one)
				return;
			rpc_fill_program(r->s, r->api, p, one);
			r->v[r->n++] = one;
		}
}

static void
add_foreign(struct results *r, const struct list *l, const struct answer *a)
{
	for (size_t i = 0; a && l->all && i < a->n_progs && r->n < r->room; i++) {
		const struct msg_prog_facts *f = &a->progs[i];
		Bpfd__V1__Program *one;

		if (model_prog(&r->api->model, f->id) || f->gid || l->l.metadata.n || !type_matches(l, f))
			continue;
		one = scratch_take(r->s, 1, sizeof(*one));
		if (!one)
			return;
		rpc_fill_foreign(r->s, f, a, one);
		r->v[r->n++] = one;
	}
}

static void
reply_list(const struct list_query *q, const struct answer *a)
{
	const struct list *l = (const struct list *)q;
	Bpfd__V1__ListResponse rs = BPFD__V1__LIST_RESPONSE__INIT;
	struct results r = { .api = q->q.api };
	struct scratch s;

	scratch_start(&s);
	r.s = &s;
	r.room = r.api->model.n_progs + (a ? a->n_progs : 0);
	r.v = scratch_take(&s, r.room, sizeof(*r.v));
	for (size_t i = 0; a && i < a->n_progs; i++)
		take_counts(model_prog(&q->q.api->model, a->progs[i].id), &a->progs[i]);
	if (r.v) {
		add_managed(&r, l);
		add_foreign(&r, l, a);
	}
	rs.programs = r.v;
	rs.n_programs = r.n;
	rpc_reply_within(q->q.call, &s, &rs.base, l->max_bytes,
		"type, metadata or bpfd's programs alone, or take more by max_bytes");
}

static bool
read_filter(struct call *call, const Bpfd__V1__ListRequest *rq, struct list *l)
{
	if (!rpc_list_metadata(&l->l, rq->n_metadata, rq->metadata))
		return false;
	if (rq->type[0] && bpf_prog_kind_from_name(rq->type, &l->type, &l->attach_type) < 0) {
		call_error(call, IPC_INVALID_ARGUMENT, "type: %s is not one of %s", LOG_QUOTE(rq->type),
			bpf_prog_kinds());
		return false;
	}
	return true;
}

void
rpc_programs_list(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__ListRequest *rq = (const void *)request;
	struct list *l = (struct list *)rpc_query(call, sizeof(*l));

	if (!l)
		return;
	l->all = rq->all;
	l->l.asks = rq->all || rq->stats;
	l->l.kernel = (rq->all ? KERNEL_LINKS : 0) | (rq->all && rq->owners ? KERNEL_OWNERS : 0) |
		(rq->stats ? KERNEL_STATS : 0);
	l->l.reply = reply_list;
	l->max_bytes = rq->max_bytes;
	if (read_filter(call, rq, l))
		rpc_list_run(&l->l);
	else
		rpc_list_free(&l->l);
}

static void
reply_program(struct call *call, const struct api *api, const struct prog *p)
{
	Bpfd__V1__GetResponse rs = BPFD__V1__GET_RESPONSE__INIT;
	Bpfd__V1__Program program;
	const struct link *l;
	struct scratch s;

	scratch_start(&s);
	rpc_fill_program(&s, api, p, &program);
	rs.program = &program;
	rs.links = scratch_take(&s, program.n_links, sizeof(*rs.links));
	TAILQ_FOREACH(l, &p->group->links, in_group) {
		if (!rs.links || l->state != ROW_DONE || l->facts.prog_id != p->facts.id)
			continue;
		rs.links[rs.n_links] = scratch_take(&s, 1, sizeof(**rs.links));
		if (rs.links[rs.n_links])
			rpc_fill_link(&s, api, l, rs.links[rs.n_links++]);
	}
	rs.n_maps = rpc_group_maps(&s, api, p->group, &rs.maps);
	rpc_reply(call, &s, &rs.base);
}

static void
reply_foreign(struct call *call, const struct msg_prog_facts *f, const struct answer *a)
{
	Bpfd__V1__GetResponse rs = BPFD__V1__GET_RESPONSE__INIT;
	Bpfd__V1__Program program;
	struct scratch s;

	scratch_start(&s);
	rpc_fill_foreign(&s, f, a, &program);
	rs.program = &program;
	rs.links = scratch_take(&s, program.n_kernel_links, sizeof(*rs.links));
	for (size_t i = 0; rs.links && i < a->n_links; i++) {
		if (a->links[i].prog_id != f->id || rs.n_links == program.n_kernel_links)
			continue;
		rs.links[rs.n_links] = scratch_take(&s, 1, sizeof(**rs.links));
		if (rs.links[rs.n_links])
			rpc_fill_foreign_link(&s, &a->links[i], f, rs.links[rs.n_links++]);
	}
	rpc_reply(call, &s, &rs.base);
}

static struct prog *
shown_prog(const struct get *g)
{
	struct prog *p = model_prog(&g->q.api->model, g->id);

	return p && p->state == ROW_DONE && p->group->state == ROW_DONE ? p : NULL;
}

static void
on_foreign(void *arg, struct answer *a)
{
	const struct msg_prog_facts *f;
	AUTO(mem) struct get *g = arg;

	if (!g->q.call)
		return;
	f = rpc_find_prog(a, g->id);
	if (f)
		reply_foreign(g->q.call, f, a);
	else if (a->result.code != IPC_OK)
		call_error(g->q.call, (enum ipc_code)a->result.code, "%s", a->result.text);
	else
		call_error(g->q.call, IPC_NOT_FOUND, "there is no program %u", g->id);
}

static void
on_counts(void *arg, struct answer *a)
{
	AUTO(mem) struct get *g = arg;
	const struct msg_prog_facts *f = rpc_find_prog(a, g->id);
	struct prog *p = shown_prog(g);

	if (f)
		take_counts(p, f);
	if (g->q.call && p)
		reply_program(g->q.call, g->q.api, p);
	else if (g->q.call)
		call_error(g->q.call, IPC_NOT_FOUND, "there is no program %u", g->id);
}

static void
on_get_ready(void *arg, bool ready)
{
	struct get *g = arg;
	const struct msg_object what = { .id = g->id, .kind = OBJECT_PROG };
	struct prog *p = shown_prog(g);
	int err = -1;

	if (ready && p)
		err = ctl_loader_call(g->q.api->loader, IPC_PROG_GET, &what, NULL, on_counts, g);
	else if (ready)
		err = programs_kernel_list(g->q.api, KERNEL_LINKS | KERNEL_OWNERS, on_foreign, g);
	if (!err)
		return;
	/* What is known is better than nothing. */
	if (g->q.call && p && g->q.api->reconciled)
		reply_program(g->q.call, g->q.api, p);
	else if (g->q.call)
		rpc_loader_away(g->q.call);
	free(g);
}

void
rpc_programs_get(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__GetRequest *rq = (const void *)request;
	struct get *g;

	if (!rq->program) {
		call_error(call, IPC_INVALID_ARGUMENT, "program: must not be 0");
		return;
	}
	g = (struct get *)rpc_query(call, sizeof(*g));
	if (!g)
		return;
	g->id = rq->program;
	ctl_loader_ready(g->q.api->loader, on_get_ready, g);
}
