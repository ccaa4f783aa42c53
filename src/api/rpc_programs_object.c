/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/rpc_programs.h"
#include "api/store.h"
#include "common/auto.h"

#define PART_BYTES_MAX (1u << 20)	/* clients refuse messages over 4 MiB */

void
rpc_programs_read_object(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__ReadObjectRequest *rq = (const void *)request;
	Bpfd__V1__ReadObjectResponse rs = BPFD__V1__READ_OBJECT_RESPONSE__INIT;
	const struct group *g = model_group(&call_api(call)->model, rq->group);
	AUTO(mem) void *part = NULL;
	int err;

	if (!g || !g->gid || g->orphan) {
		call_error(call, IPC_NOT_FOUND, "bpfd has no object of group %llu", (unsigned long long)rq->group);
		return;
	}
	if (rq->offset > g->object_bytes) {
		call_error(call, IPC_OUT_OF_RANGE, "offset: the object has %llu bytes",
			(unsigned long long)g->object_bytes);
		return;
	}
	err = store_object_part(call_api(call)->store, g, rq->offset, PART_BYTES_MAX, &part, &rs.part.len, &rs.total);
	if (err) {
		call_error(call, IPC_DATA_LOSS, "the object of group %llu cannot be read from the store: %s",
			(unsigned long long)rq->group, strerrordesc_np(-err));
		return;
	}
	rs.part.data = part;
	call_reply(call, &rs.base);
}
