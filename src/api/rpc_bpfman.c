/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rpc_bpfman.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/rpc_images.h"
#include "common/auto.h"

/* Program types as numbered on the wire, by the words that bpfd knows them by. */
static const char *const kinds[] = {
	"xdp", "tc", "tracepoint", "kprobe", "uprobe", "fentry", "fexit", "tcx", "lsm",
};

static const char *
attach_to(const Bpfman__V1__LoadInfo *info)
{
	const Bpfman__V1__ProgSpecificInfo *i =
		info->_info_case == BPFMAN__V1__LOAD_INFO___INFO_INFO ? info->info : NULL;

	if (!i)
		return "";
	switch (i->info_case) {
	case BPFMAN__V1__PROG_SPECIFIC_INFO__INFO_FENTRY_LOAD_INFO:
		return i->fentry_load_info->fn_name;
	case BPFMAN__V1__PROG_SPECIFIC_INFO__INFO_FEXIT_LOAD_INFO:
		return i->fexit_load_info->fn_name;
	case BPFMAN__V1__PROG_SPECIFIC_INFO__INFO_LSM_LOAD_INFO:
		return i->lsm_load_info->hook_name;
	case BPFMAN__V1__PROG_SPECIFIC_INFO__INFO__NOT_SET:
	default:
		return "";
	}
}

static bool
load_programs(struct call *call, const Bpfman__V1__LoadRequest *rq, struct msg_load *msg)
{
	if (!rq->n_info) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "info: at least one program must be named");
		return false;
	}
	for (size_t i = 0; i < rq->n_info; i++) {
		const Bpfman__V1__LoadInfo *info = rq->info[i];
		uint32_t type = (uint32_t)info->program_type;

		if (type >= ARRAY_SIZE(kinds)) {
			programs_refuse(call, IPC_INVALID_ARGUMENT, "info[%zu].program_type: %u is not "
				"between 0 and %zu", i, type, ARRAY_SIZE(kinds) - 1);
			return false;
		}
		if (!rpc_load_prog(call, "info", msg, info->name, kinds[type], attach_to(info)))
			return false;
	}
	rpc_load_grant(msg);
	return true;
}

static struct load_image *
take_image(struct call *call, const Bpfman__V1__BytecodeImage *i)
{
	return rpc_image_take(call, i->url, i->image_pull_policy,
		i->_username_case == BPFMAN__V1__BYTECODE_IMAGE___USERNAME_USERNAME ? i->username : "",
		i->_password_case == BPFMAN__V1__BYTECODE_IMAGE___PASSWORD_PASSWORD ? i->password : "");
}

static bool
load_object(struct call *call, const Bpfman__V1__LoadRequest *rq, struct load_args *a)
{
	char path[IPC_PATH_MAX], uuid[IPC_NAME_MAX] = "";
	const Bpfman__V1__BytecodeLocation *b = rq->bytecode;

	if (!b || b->location_case == BPFMAN__V1__BYTECODE_LOCATION__LOCATION__NOT_SET) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "bytecode: neither file nor image is set");
		return false;
	}
	if (rq->_uuid_case == BPFMAN__V1__LOAD_REQUEST___UUID_UUID &&
	    !rpc_string(call, "uuid", rq->uuid, uuid, sizeof(uuid), true))
		return false;
	if (b->location_case == BPFMAN__V1__BYTECODE_LOCATION__LOCATION_IMAGE) {
		a->image = take_image(call, b->image);
		return a->image && rpc_load_texts(call, a, "", a->image->ref, uuid);
	}
	return rpc_string(call, "bytecode.file", b->file, path, sizeof(path), false) &&
	       rpc_load_texts(call, a, path, "", uuid);
}

static bool
load_owner(struct call *call, const Bpfman__V1__LoadRequest *rq, struct msg_load *msg)
{
	const struct prog *p;

	if (rq->_map_owner_id_case != BPFMAN__V1__LOAD_REQUEST___MAP_OWNER_ID_MAP_OWNER_ID)
		return true;
	p = model_prog(&call_api(call)->model, rq->map_owner_id);
	if (!p || p->group->orphan) {
		programs_refuse(call, IPC_NOT_FOUND, "map_owner_id: bpfd has no program %u",
			rq->map_owner_id);
		return false;
	}
	/* Programs that themselves use another's maps pass that on. */
	msg->map_owner_gid = p->group->map_owner ? p->group->map_owner : p->group->gid;
	return true;
}

/* In the order of the request, which clients rely on. */
static const struct prog *
named(const struct group *g, const char *name)
{
	const struct prog *p;

	TAILQ_FOREACH(p, &g->progs, in_group)
		if (strcmp(p->facts.name, name) == 0)
			return p;
	return NULL;
}

static void
reply_load(struct call *call, const struct group *g, const void *request)
{
	const Bpfman__V1__LoadRequest *rq = request;
	Bpfman__V1__LoadResponse rs = BPFMAN__V1__LOAD_RESPONSE__INIT;
	struct scratch s;

	scratch_start(&s);
	rs.programs = scratch_take(&s, rq->n_info, sizeof(*rs.programs));
	for (size_t i = 0; rs.programs && i < rq->n_info; i++) {
		const struct prog *p = named(g, rq->info[i]->name);
		Bpfman__V1__LoadResponseInfo *one = scratch_take(&s, 1, sizeof(*one));

		if (!p || !one)
			continue;
		bpfman__v1__load_response_info__init(one);
		one->info = rpc_bpfman_info(&s, call_api(call), p);
		one->kernel_info = rpc_bpfman_kernel_info(&s, &p->facts);
		rs.programs[rs.n_programs++] = one;
	}
	rpc_reply(call, &s, &rs.base);
}

void
rpc_bpfman_load(struct call *call, const ProtobufCMessage *request)
{
	const Bpfman__V1__LoadRequest *rq = (const void *)request;
	struct load_args a = { .request = rq, .msg = calloc(1, sizeof(*a.msg)) };

	if (!a.msg) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	/* Who loads by this service does not load again after a reboot. */
	a.msg->flags = LOAD_PERSISTENT;
	if (!load_object(call, rq, &a) || !load_programs(call, rq, a.msg) ||
	    !load_owner(call, rq, a.msg) ||
	    !rpc_texts(call, "metadata", rq->n_metadata, rq->metadata, &a.metadata) ||
	    !rpc_globals(call, "global_data", rq->n_global_data, rq->global_data, &a.globals, a.msg)) {
		load_args_clear(&a);
		return;
	}
	programs_load(call, &a, reply_load);
}

static void
reply_detach(struct call *call)
{
	const Bpfman__V1__DetachResponse rs = BPFMAN__V1__DETACH_RESPONSE__INIT;

	call_reply(call, &rs.base);
}

void
rpc_bpfman_detach(struct call *call, const ProtobufCMessage *request)
{
	const Bpfman__V1__DetachRequest *rq = (const void *)request;

	if (!rq->link_id)
		programs_refuse(call, IPC_INVALID_ARGUMENT, "link_id: must not be 0");
	else
		programs_detach(call, rq->link_id, false, reply_detach);
}

static void
reply_unload(struct call *call, const struct removed *r)
{
	const Bpfman__V1__UnloadResponse rs = BPFMAN__V1__UNLOAD_RESPONSE__INIT;

	call_reply(call, &rs.base);
}

void
rpc_bpfman_unload(struct call *call, const ProtobufCMessage *request)
{
	const Bpfman__V1__UnloadRequest *rq = (const void *)request;

	if (!rq->id)
		programs_refuse(call, IPC_INVALID_ARGUMENT, "id: must not be 0");
	else
		programs_unload(call, 0, rq->id, false, reply_unload);
}

static void
reply_pull(struct call *call, const struct image_facts *f, bool dry_run)
{
	const Bpfman__V1__PullBytecodeResponse rs = BPFMAN__V1__PULL_BYTECODE_RESPONSE__INIT;

	call_reply(call, &rs.base);
}

void
rpc_bpfman_pull(struct call *call, const ProtobufCMessage *request)
{
	const Bpfman__V1__PullBytecodeRequest *rq = (const void *)request;
	struct load_image *i = NULL;

	if (rq->image)
		i = take_image(call, rq->image);
	else
		programs_refuse(call, IPC_INVALID_ARGUMENT, "image: is not set");
	if (i)
		rpc_image_pull(call, i, false, NULL, reply_pull);
}
