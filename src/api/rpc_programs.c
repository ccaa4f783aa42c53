/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rpc_programs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/rpc_images.h"
#include "common/auto.h"
#include "common/log.h"

static bool
load_programs(struct call *call, const Bpfd__V1__LoadRequest *rq, struct msg_load *msg)
{
	for (size_t i = 0; i < rq->n_programs; i++) {
		const Bpfd__V1__ProgramSpec *p = rq->programs[i];

		if (!rpc_load_prog(call, "programs", msg, p->name, p->type, p->attach_to))
			return false;
	}
	rpc_load_grant(msg);
	return true;
}

static bool
load_object(struct call *call, const Bpfd__V1__LoadRequest *rq, struct load_args *a)
{
	char path[IPC_PATH_MAX] = "", source[IPC_PATH_MAX];

	if (rq->object_case == BPFD__V1__LOAD_REQUEST__OBJECT__NOT_SET) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "object: none of content, path and image is set");
		return false;
	}
	if (!rpc_string(call, "source", rq->source, source, sizeof(source), true))
		return false;
	if (rq->object_case == BPFD__V1__LOAD_REQUEST__OBJECT_IMAGE) {
		if (source[0]) {
			programs_refuse(call, IPC_INVALID_ARGUMENT, "source: an image is its own source");
			return false;
		}
		a->image = rpc_image_source(call, rq->image);
		return a->image && rpc_load_texts(call, a, "", a->image->ref, "");
	}
	if (rq->object_case == BPFD__V1__LOAD_REQUEST__OBJECT_PATH) {
		if (!rpc_string(call, "path", rq->path, path, sizeof(path), false))
			return false;
	} else if (!rq->content.len) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "content: must not be empty");
		return false;
	} else {
		a->content = rq->content.data;
		a->content_len = rq->content.len;
	}
	return rpc_load_texts(call, a, path, source, "");
}

static void
reply_load(struct call *call, const struct group *g, const void *request)
{
	Bpfd__V1__LoadResponse rs = BPFD__V1__LOAD_RESPONSE__INIT;
	struct scratch s;

	scratch_start(&s);
	rs.group = g->gid;
	rs.n_programs = rpc_group_programs(&s, call_api(call), g, &rs.programs);
	rs.n_maps = rpc_group_maps(&s, call_api(call), g, &rs.maps);
	rpc_reply(call, &s, &rs.base);
}

void
rpc_programs_load(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__LoadRequest *rq = (const void *)request;
	struct load_args a = { .dry_run = rq->dry_run, .msg = calloc(1, sizeof(*a.msg)) };

	if (!a.msg) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	a.msg->map_owner_gid = rq->map_owner_group;
	a.msg->flags = rq->persistent ? LOAD_PERSISTENT : 0;
	if (!rpc_string(call, "map_group", rq->map_group, a.msg->map_group, sizeof(a.msg->map_group), true)) {
		load_args_clear(&a);
		return;
	}
	if (!load_object(call, rq, &a) || !load_programs(call, rq, a.msg) ||
	    !rpc_texts(call, "metadata", rq->n_metadata, rq->metadata, &a.metadata) ||
	    !rpc_globals(call, "globals", rq->n_globals, rq->globals, &a.globals, a.msg)) {
		load_args_clear(&a);
		return;
	}
	programs_load(call, &a, reply_load);
}

static void
reply_attach(struct call *call, const struct link *l)
{
	Bpfd__V1__AttachResponse rs = BPFD__V1__ATTACH_RESPONSE__INIT;
	Bpfd__V1__Link link;
	struct scratch s;

	scratch_start(&s);
	rpc_fill_link(&s, call_api(call), l, &link);
	rs.link = &link;
	rpc_reply(call, &s, &rs.base);
}

static bool
attach_strings(struct call *call, const Bpfd__V1__AttachRequest *rq, struct msg_attach *m)
{
	return rpc_string(call, "kind", rq->kind, m->kind, sizeof(m->kind), false) &&
	       rpc_string(call, "target", rq->target, m->target, sizeof(m->target), true) &&
	       rpc_string(call, "netns", rq->netns, m->netns, sizeof(m->netns), true) &&
	       rpc_string(call, "direction", rq->direction, m->direction, sizeof(m->direction), true) &&
	       rpc_string(call, "mode", rq->mode, m->mode, sizeof(m->mode), true);
}

void
rpc_programs_attach(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__AttachRequest *rq = (const void *)request;
	struct attach_args a = { .prog_id = rq->program, .dry_run = rq->dry_run };
	struct msg_attach *m = &a.msg;

	if (!rq->program) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "program: must not be 0");
		return;
	}
	m->priority = rq->priority;
	m->cookie = rq->cookie;
	m->flags = (rq->cookie ? ATTACH_HAS_COOKIE : 0) | (rq->future ? ATTACH_FUTURE : 0);
	if (!attach_strings(call, rq, m) || !rpc_attach_check(call, "", m))
		return;
	if (!rpc_options(call, "options", rq->n_options, rq->options, m))
		return;
	for (size_t i = 0; i < rq->n_proceed_on; i++)
		if (!rpc_proceed_on_name(call, "proceed_on", m, rq->proceed_on[i]))
			return;
	if (!rpc_texts(call, "metadata", rq->n_metadata, rq->metadata, &a.metadata)) {
		kvs_clear(&a.metadata);
		return;
	}
	programs_attach(call, &a, reply_attach);
}

static void
reply_detach(struct call *call)
{
	const Bpfd__V1__DetachResponse rs = BPFD__V1__DETACH_RESPONSE__INIT;

	call_reply(call, &rs.base);
}

void
rpc_programs_detach(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__DetachRequest *rq = (const void *)request;

	if (!rq->link)
		programs_refuse(call, IPC_INVALID_ARGUMENT, "link: must not be 0");
	else
		programs_detach(call, rq->link, rq->dry_run, reply_detach);
}

static void
reply_unload(struct call *call, const struct removed *r)
{
	Bpfd__V1__UnloadResponse rs = BPFD__V1__UNLOAD_RESPONSE__INIT;

	rs.n_programs = r->n_progs;
	rs.programs = (uint32_t *)r->progs;
	rs.n_links = r->n_links;
	rs.links = (uint64_t *)r->links;
	call_reply(call, &rs.base);
}

void
rpc_programs_unload(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__UnloadRequest *rq = (const void *)request;
	bool group = rq->what_case == BPFD__V1__UNLOAD_REQUEST__WHAT_GROUP;

	if (rq->what_case == BPFD__V1__UNLOAD_REQUEST__WHAT__NOT_SET ||
	    (group ? rq->group : rq->program) == 0)
		programs_refuse(call, IPC_INVALID_ARGUMENT, "what: neither a program nor a group is set");
	else
		programs_unload(call, group ? rq->group : 0, group ? 0 : rq->program, rq->dry_run,
			reply_unload);
}
