/* SPDX-License-Identifier: Apache-2.0 */
/* grpc.health.v1: a process that answers is serving; that is all there is to know from here. */
#include <string.h>

#include "api/health.h"
#include "api/rpctable.h"
#include "health.pb-c.h"

static bool
served(const char *service)
{
	if (service[0] == '\0')		/* the server as a whole */
		return true;
	for (size_t i = 0; i < rpc_table_len; i++)
		if (strcmp(rpc_table[i].service, service) == 0)
			return true;
	return false;
}

void
rpc_health_check(struct call *call, const ProtobufCMessage *request)
{
	const Grpc__Health__V1__HealthCheckRequest *req = (const void *)request;
	Grpc__Health__V1__HealthCheckResponse resp = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

	if (!served(req->service)) {
		call_error(call, IPC_NOT_FOUND, "there is no service \"%s\" here", req->service);
		return;
	}
	resp.status = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
	call_reply(call, &resp.base);
}

/* The status never changes while we run, so one message is all; the stream stays open until the
 * client or the server ends it. */
void
rpc_health_watch(struct call *call, const ProtobufCMessage *request)
{
	const Grpc__Health__V1__HealthCheckRequest *req = (const void *)request;
	Grpc__Health__V1__HealthCheckResponse resp = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

	resp.status = served(req->service) ?
		GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING :
		GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN;
	call_send(call, &resp.base);
}
