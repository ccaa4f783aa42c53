/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and deletes one element of a map.  The audit line has the key's length, not its bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/programs_op.h"
#include "api/rpc_maps.h"
#include "api/rpc_programs.h"
#include "common/memfd.h"

struct map_change {
	struct op op;
	bool delete;
	struct msg_map_update update;
	struct msg_map_delete gone;
	int value;
};

static void
change_free(void *arg)
{
	struct map_change *c = arg;

	if (c->value >= 0)
		close(c->value);
	free(c);
}

static void
on_done(void *arg, struct answer *a)
{
	const Bpfd__V1__UpdateMapResponse updated = BPFD__V1__UPDATE_MAP_RESPONSE__INIT;
	const Bpfd__V1__DeleteMapElementResponse deleted = BPFD__V1__DELETE_MAP_ELEMENT_RESPONSE__INIT;
	struct map_change *c = arg;

	if (a->lost || a->result.code != IPC_OK) {
		op_fail_answer(&c->op, a);
		return;
	}
	if (c->op.call)
		call_reply(c->op.call, c->delete ? &deleted.base : &updated.base);
	op_ok(&c->op);
}

static void
on_ready(void *arg, bool ready)
{
	struct map_change *c = arg;
	struct api *api = c->op.api;
	uint32_t id = c->delete ? c->gone.id : c->update.id;
	int fds[2], err;

	if (!ready || !c->op.call) {
		op_fail_away(&c->op);
		return;
	}
	if (!rpc_maps_find(&api->model, id)) {
		op_fail(&c->op, IPC_NOT_FOUND, "bpfd keeps no map %u: only maps that came with a load can be changed, "
			"not those of its tracers or of others", id);
		return;
	}
	fds[0] = c->delete ? call_peer(c->op.call)->sock : c->value;
	fds[1] = call_peer(c->op.call)->sock;
	err = c->delete ? ctl_loader_call(api->loader, IPC_MAP_DELETE, &c->gone, fds, on_done, c) :
		ctl_loader_call(api->loader, IPC_MAP_UPDATE, &c->update, fds, on_done, c);
	if (err)
		op_fail_errno(&c->op, err);
}

static bool
refused(struct call *call, uint32_t map, const ProtobufCBinaryData *key)
{
	const char *why = !map ? "map: must not be 0" : !key->len ? "key: is missing" :
		key->len > IPC_MAP_KEY_MAX ? "key: is too long" : NULL;

	if (why)
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s", why);
	return why;
}

static struct map_change *
start(struct call *call, uint32_t map, const ProtobufCBinaryData *key, const char *what)
{
	struct map_change *c = calloc(1, sizeof(*c));

	if (!c) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return NULL;
	}
	c->value = -1;
	c->update.id = c->gone.id = map;
	c->update.key_len = c->gone.key_len = (uint32_t)key->len;
	memcpy(c->update.key, key->data, key->len);
	memcpy(c->gone.key, key->data, key->len);
	op_start(&c->op, call, change_free);
	op_what(&c->op, "map=%u key_bytes=%zu %s", map, key->len, what);
	return c;
}

void
rpc_maps_update(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__UpdateMapRequest *rq = (const void *)request;
	struct map_change *c;

	if (refused(call, rq->map, &rq->key))
		return;
	if (!rq->value.len || rq->only_if < BPFD__V1__UPDATE_IF__ANY || rq->only_if > BPFD__V1__UPDATE_IF__EXISTS) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, rq->value.len ? "only_if: is not one of its values" :
			"value: is missing");
		return;
	}
	c = start(call, rq->map, &rq->key, "update");
	if (!c)
		return;
	c->update.flags = (uint32_t)rq->only_if;
	c->value = memfd_sealed("map", rq->value.data, rq->value.len);
	if (c->value < 0)
		op_fail_errno(&c->op, c->value);
	else
		ctl_loader_ready(c->op.api->loader, on_ready, c);
}

void
rpc_maps_delete(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__DeleteMapElementRequest *rq = (const void *)request;
	struct map_change *c;

	if (refused(call, rq->map, &rq->key))
		return;
	c = start(call, rq->map, &rq->key, "delete");
	if (!c)
		return;
	c->delete = true;
	ctl_loader_ready(c->op.api->loader, on_ready, c);
}
