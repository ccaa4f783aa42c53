/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-rpcs.h"

#include <stdlib.h>
#include <string.h>

#include "api/health.h"
#include "api/reflect.h"
#include "api/rpctable.h"
#include "bpfd_v1.pb-c.h"
#include "common/auto.h"
#include "health.pb-c.h"
#include "reflection_v1.pb-c.h"
#include "reflection_v1alpha.pb-c.h"
#include "unit/config_make.h"

#define N_NOTES	20000

struct config *
fake_config(void)
{
	struct config *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	config_defaults(c);
	return c;
}

static void
fake_version(struct call *call, const ProtobufCMessage *request)
{
	Bpfd__V1__VersionResponse resp = BPFD__V1__VERSION_RESPONSE__INIT;

	call_api(call)->time_left_ms = call_time_left_ms(call);
	resp.version = "VERSION";
	call_reply(call, &resp.base);
}

static void
fake_status(struct call *call, const ProtobufCMessage *request)
{
	Bpfd__V1__StatusResponse resp = BPFD__V1__STATUS_RESPONSE__INIT;
	AUTO(mem) char **notes = calloc(N_NOTES, sizeof(*notes));
	char note[101];

	if (!notes)
		abort();
	memset(note, 'n', 100);
	note[100] = '\0';
	for (size_t i = 0; i < N_NOTES; i++)
		notes[i] = note;
	resp.notes = notes;
	resp.n_notes = N_NOTES;
	call_reply(call, &resp.base);
}

static void
on_cancel(void *arg)
{
	struct api *api = arg;

	api->cancelled++;
}

static void
fake_counters(struct call *call, const ProtobufCMessage *request)
{
	struct api *api = call_api(call);

	api->held++;
	call_on_cancel(call, on_cancel, api);
}

static void
fake_load(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__LoadRequest *req = (const void *)request;
	Bpfd__V1__LoadResponse resp = BPFD__V1__LOAD_RESPONSE__INIT;

	if (req->object_case == BPFD__V1__LOAD_REQUEST__OBJECT_CONTENT)
		resp.group = req->content.len;
	call_reply(call, &resp.base);
}

static void
fake_unload(struct call *call, const ProtobufCMessage *request)
{
	char log[20000];

	memset(log, 'l', sizeof(log));
	memcpy(log + sizeof(log) - 9, "\nthe end\n", 9);
	call_error_detail(call, IPC_FAILED_PRECONDITION, "the verifier refused it", log, sizeof(log),
		1234567);
}

static void
fake_get(struct call *call, const ProtobufCMessage *request)
{
	call_error(call, IPC_NOT_FOUND, "kein Program f\xc3\xbcr 100%%\nzweite Zeile");
}

#define RPC(service, method, request, role, handler)                                               \
	{ service, method, "/" service "/" method, &request##__descriptor, role, handler },
const struct rpc rpc_table[] = {
RPC("bpfd.v1.System", "Version", bpfd__v1__version_request, CONFIG_VIEWER, fake_version)
RPC("bpfd.v1.System", "Status", bpfd__v1__status_request, CONFIG_VIEWER, fake_status)
RPC("bpfd.v1.System", "Counters", bpfd__v1__counters_request, CONFIG_VIEWER, fake_counters)
RPC("bpfd.v1.Programs", "Load", bpfd__v1__load_request, CONFIG_ADMIN, fake_load)
RPC("bpfd.v1.Programs", "Unload", bpfd__v1__unload_request, CONFIG_ADMIN, fake_unload)
RPC("bpfd.v1.Programs", "Get", bpfd__v1__get_request, CONFIG_VIEWER, fake_get)
RPC("grpc.health.v1.Health", "Check", grpc__health__v1__health_check_request, CONFIG_NOBODY, rpc_health_check)
RPC("grpc.health.v1.Health", "Watch", grpc__health__v1__health_check_request, CONFIG_NOBODY, rpc_health_watch)
RPC("grpc.reflection.v1.ServerReflection", "ServerReflectionInfo", grpc__reflection__v1__server_reflection_request, CONFIG_NOBODY, rpc_reflection_v1)
RPC("grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo", grpc__reflection__v1alpha__server_reflection_request, CONFIG_NOBODY, rpc_reflection_v1alpha)
};
const size_t rpc_table_len = ARRAY_SIZE(rpc_table);
