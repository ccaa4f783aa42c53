/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"
#include "api/rpc_programs.h"

#define PART_BYTES_MAX (1u << 20)	/* clients refuse messages over 4 MiB */

void
rpc_programs_verifier_log(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__VerifierLogRequest *rq = (const void *)request;
	Bpfd__V1__VerifierLogResponse rs = BPFD__V1__VERIFIER_LOG_RESPONSE__INIT;
	struct logs *logs = &call_api(call)->logs;
	struct kept_log *log = logs_find(logs, call_peer(call)->uid, rq->id);
	size_t left;

	if (!log) {
		call_error(call, IPC_NOT_FOUND, "log %llu is not kept: a log is there for %d s, once, "
			"for who asked for the load", (unsigned long long)rq->id, LOGS_KEEP_S);
		return;
	}
	if (rq->offset > log->len) {
		call_error(call, IPC_OUT_OF_RANGE, "offset: the log has %zu bytes", log->len);
		return;
	}
	left = log->len - (size_t)rq->offset;
	rs.part.data = (uint8_t *)log->text + rq->offset;
	rs.part.len = left < PART_BYTES_MAX ? left : PART_BYTES_MAX;
	rs.total = log->len;
	call_reply(call, &rs.base);
	if (rs.part.len == left)
		logs_drop(logs, log);
}
