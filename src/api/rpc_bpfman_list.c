/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/rpc_bpfman.h"
#include "api/rpc_list.h"

struct list {
	struct list_query l;
	bool has_type;
	uint32_t type;			/* the kernel's number */
};

struct get {
	struct query q;
	uint32_t id;
};

static char *
time_text(struct scratch *s, uint64_t boot_ns)
{
	time_t t = (time_t)(programs_unix_ns(boot_ns) / 1000000000);
	char text[40] = "";
	struct tm tm;

	if (!boot_ns || !gmtime_r(&t, &tm))
		return (char *)protobuf_c_empty_string;
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S+0000", &tm);
	return scratch_printf(s, "%s", text);
}

Bpfman__V1__KernelProgramInfo *
rpc_bpfman_kernel_info(struct scratch *s, const struct msg_prog_facts *f)
{
	Bpfman__V1__KernelProgramInfo *k = scratch_take(s, 1, sizeof(*k));
	const uint8_t *t = f->tag;

	if (!k)
		return NULL;
	bpfman__v1__kernel_program_info__init(k);
	k->id = f->id;
	k->name = (char *)f->kname;
	k->program_type = f->type;
	k->loaded_at = time_text(s, f->loaded_boot_ns);
	k->tag = scratch_printf(s, "%02x%02x%02x%02x%02x%02x%02x%02x", t[0], t[1], t[2], t[3], t[4],
		t[5], t[6], t[7]);
	k->gpl_compatible = (f->flags & PROG_GPL) != 0;
	k->n_map_ids = f->n_maps;
	k->map_ids = (uint32_t *)f->map_ids;
	k->btf_id = f->btf_id;
	k->bytes_xlated = f->xlated_bytes;
	k->jited = (f->flags & PROG_JITED) != 0;
	k->bytes_jited = f->jited_bytes;
	k->bytes_memlock = f->memlock_bytes;
	k->verified_insns = f->verified_insns;
	return k;
}

static void
fill_links(struct scratch *s, const struct prog *p, Bpfman__V1__ProgramInfo *out)
{
	const struct link *l;
	size_t n = 0;

	TAILQ_FOREACH(l, &p->group->links, in_group)
		n += l->state == ROW_DONE && l->facts.prog_id == p->facts.id && !link_is_wish(l);
	out->links = scratch_take(s, n, sizeof(*out->links));
	TAILQ_FOREACH(l, &p->group->links, in_group)
		if (out->links && l->state == ROW_DONE && l->facts.prog_id == p->facts.id && !link_is_wish(l))
			out->links[out->n_links++] = (uint32_t)l->facts.link_id;
}

static void
add_users(struct scratch *s, const struct group *g, Bpfman__V1__ProgramInfo *out)
{
	const struct prog *p;

	TAILQ_FOREACH(p, &g->progs, in_group)
		out->map_used_by[out->n_map_used_by++] = scratch_printf(s, "%u", p->facts.id);
}

/* Numbers of the programs that use the maps of a group, as texts: so the contract has it. */
static void
fill_used_by(struct scratch *s, const struct api *api, const struct group *owner,
	Bpfman__V1__ProgramInfo *out)
{
	const struct group *g;
	const struct prog *p;
	size_t n = 0;

	if (owner->sharers) {
		n = api->model.n_progs;
	} else {
		TAILQ_FOREACH(p, &owner->progs, in_group)
			n++;
	}
	out->map_used_by = scratch_take(s, n, sizeof(*out->map_used_by));
	if (!out->map_used_by)
		return;
	add_users(s, owner, out);
	if (!owner->sharers)
		return;
	TAILQ_FOREACH(g, &api->model.groups, in_model)
		if (g->state == ROW_DONE && g->map_owner == owner->gid)
			add_users(s, g, out);
}

static void
fill_owner(struct scratch *s, const struct api *api, const struct group *g,
	Bpfman__V1__ProgramInfo *out)
{
	const struct group *owner = g->map_owner ? model_group(&api->model, g->map_owner) : g;

	if (!owner)	/* unloaded: its maps live on in their users */
		return;
	if (owner != g && !TAILQ_EMPTY(&owner->progs)) {
		out->_map_owner_id_case = BPFMAN__V1__PROGRAM_INFO___MAP_OWNER_ID_MAP_OWNER_ID;
		out->map_owner_id = TAILQ_FIRST(&owner->progs)->facts.id;
	}
	out->map_pin_path = scratch_printf(s, "%smap/%llu", api->bpffs, (unsigned long long)owner->gid);
	fill_used_by(s, api, owner, out);
}

/* As the client gave it: what it asks for, it compares.  Credentials are not kept. */
static Bpfman__V1__BytecodeLocation *
location(struct scratch *s, const struct group *g)
{
	Bpfman__V1__BytecodeLocation *out = scratch_take(s, 1, sizeof(*out));
	Bpfman__V1__BytecodeImage *image;

	if (!out)
		return NULL;
	bpfman__v1__bytecode_location__init(out);
	if (!g->image) {
		out->location_case = BPFMAN__V1__BYTECODE_LOCATION__LOCATION_FILE;
		out->file = g->source;
		return out;
	}
	image = scratch_take(s, 1, sizeof(*image));
	if (!image)
		return NULL;
	bpfman__v1__bytecode_image__init(image);
	image->url = g->image->url;
	image->image_pull_policy = (int32_t)g->image->policy;
	out->location_case = BPFMAN__V1__BYTECODE_LOCATION__LOCATION_IMAGE;
	out->image = image;
	return out;
}

Bpfman__V1__ProgramInfo *
rpc_bpfman_info(struct scratch *s, const struct api *api, const struct prog *p)
{
	Bpfman__V1__ProgramInfo *out = scratch_take(s, 1, sizeof(*out));
	const struct group *g = p->group;

	if (!out)
		return NULL;
	bpfman__v1__program_info__init(out);
	out->name = (char *)(p->facts.name[0] ? p->facts.name : p->facts.kname);
	out->bytecode = location(s, g);
	fill_links(s, p, out);
	fill_owner(s, api, g, out);
	out->n_global_data = rpc_bytes_entries(s, &g->globals,
		&bpfman__v1__program_info__global_data_entry__descriptor, &out->global_data);
	out->n_metadata = rpc_text_entries(s, &g->metadata,
		&bpfman__v1__program_info__metadata_entry__descriptor, &out->metadata);
	return out;
}

/* A lost program has no kernel side and no number that this contract could name it by. */
static bool
shown(const struct prog *p)
{
	return p->state == ROW_DONE && p->group->state == ROW_DONE && p->live != LIVE_LOST;
}

static void
add_result(struct scratch *s, const struct api *api, const struct prog *p,
	const struct msg_prog_facts *f, Bpfman__V1__ListResponse *rs)
{
	Bpfman__V1__ListResponse__ListResult *r = scratch_take(s, 1, sizeof(*r));

	if (!r)
		return;
	bpfman__v1__list_response__list_result__init(r);
	r->kernel_info = rpc_bpfman_kernel_info(s, f);
	if (p) {
		r->_info_case = BPFMAN__V1__LIST_RESPONSE__LIST_RESULT___INFO_INFO;
		r->info = rpc_bpfman_info(s, api, p);
	}
	rs->results[rs->n_results++] = r;
}

static bool
type_matches(const struct list *l, const struct msg_prog_facts *f)
{
	return !l->has_type || f->type == l->type;
}

static void
reply_list(const struct list_query *q, const struct answer *a)
{
	const struct list *l = (const struct list *)q;
	Bpfman__V1__ListResponse rs = BPFMAN__V1__LIST_RESPONSE__INIT;
	const struct api *api = q->q.api;
	const struct group *g;
	const struct prog *p;
	struct scratch s;

	scratch_start(&s);
	rs.results = scratch_take(&s, api->model.n_progs + (a ? a->n_progs : 0), sizeof(*rs.results));
	TAILQ_FOREACH(g, &api->model.groups, in_model)
		TAILQ_FOREACH(p, &g->progs, in_group)
			if (rs.results && shown(p) && type_matches(l, &p->facts) &&
			    kvs_contain(&g->metadata, &q->metadata))
				add_result(&s, api, p, &p->facts, &rs);
	for (size_t i = 0; a && rs.results && i < a->n_progs; i++)
		if (!q->metadata.n && type_matches(l, &a->progs[i]) && !a->progs[i].gid &&
		    !model_prog(&api->model, a->progs[i].id))
			add_result(&s, api, NULL, &a->progs[i], &rs);
	rpc_reply_within(q->q.call, &s, &rs.base, 0,
		"program_type, match_metadata or bpfman_programs_only");
}

void
rpc_bpfman_list(struct call *call, const ProtobufCMessage *request)
{
	const Bpfman__V1__ListRequest *rq = (const void *)request;
	struct list *l = (struct list *)rpc_query(call, sizeof(*l));

	if (!l)
		return;
	l->has_type = rq->_program_type_case == BPFMAN__V1__LIST_REQUEST___PROGRAM_TYPE_PROGRAM_TYPE;
	l->type = l->has_type ? rq->program_type : 0;
	/* What is not bpfd's has no metadata to match. */
	l->l.asks = !rq->n_match_metadata &&
		!(rq->_bpfman_programs_only_case ==
			BPFMAN__V1__LIST_REQUEST___BPFMAN_PROGRAMS_ONLY_BPFMAN_PROGRAMS_ONLY &&
			rq->bpfman_programs_only);
	l->l.reply = reply_list;
	if (rpc_list_metadata(&l->l, rq->n_match_metadata, rq->match_metadata))
		rpc_list_run(&l->l);
	else
		rpc_list_free(&l->l);
}

static void
reply_get(struct call *call, const struct prog *p, const struct msg_prog_facts *f)
{
	Bpfman__V1__GetResponse rs = BPFMAN__V1__GET_RESPONSE__INIT;
	struct scratch s;

	scratch_start(&s);
	if (p) {
		rs._info_case = BPFMAN__V1__GET_RESPONSE___INFO_INFO;
		rs.info = rpc_bpfman_info(&s, call_api(call), p);
	}
	rs.kernel_info = rpc_bpfman_kernel_info(&s, f);
	rpc_reply(call, &s, &rs.base);
}

static void
on_foreign(void *arg, struct answer *a)
{
	struct get *g = arg;

	const struct msg_prog_facts *f = rpc_find_prog(a, g->id);

	if (g->q.call && f)
		reply_get(g->q.call, NULL, f);
	else if (g->q.call && a->result.code != IPC_OK)
		call_error(g->q.call, (enum ipc_code)a->result.code, "%s", a->result.text);
	else if (g->q.call)
		call_error(g->q.call, IPC_NOT_FOUND, "there is no program %u", g->id);
	free(g);
}

static void
on_get_ready(void *arg, bool ready)
{
	struct get *g = arg;
	const struct prog *p = model_prog(&g->q.api->model, g->id);
	int err = -1;

	if (g->q.call && ready && p && shown(p))
		reply_get(g->q.call, p, &p->facts);
	else if (g->q.call && ready)
		err = programs_kernel_list(g->q.api, 0, on_foreign, g);
	else if (g->q.call)
		rpc_loader_away(g->q.call);
	if (err && g->q.call && ready && !(p && shown(p)))
		rpc_loader_away(g->q.call);
	if (err)
		free(g);
}

void
rpc_bpfman_get(struct call *call, const ProtobufCMessage *request)
{
	const Bpfman__V1__GetRequest *rq = (const void *)request;
	struct api *api = call_api(call);
	const struct prog *p = model_prog(&api->model, rq->id);
	struct get *g;

	if (!rq->id) {
		call_error(call, IPC_INVALID_ARGUMENT, "id: must not be 0");
		return;
	}
	if (api->reconciled && p && shown(p)) {
		reply_get(call, p, &p->facts);
		return;
	}
	g = (struct get *)rpc_query(call, sizeof(*g));
	if (!g)
		return;
	g->id = rq->id;
	ctl_loader_ready(g->q.api->loader, on_get_ready, g);
}
