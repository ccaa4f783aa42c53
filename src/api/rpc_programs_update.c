/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rpc_programs.h"

static bool
proceed_on(struct call *call, const void *request, struct msg_attach *m)
{
	const Bpfd__V1__UpdateLinkRequest *rq = request;

	for (size_t i = 0; i < rq->n_proceed_on; i++)
		if (!rpc_proceed_on_name(call, "proceed_on", m, rq->proceed_on[i]))
			return false;
	return true;
}

static void
reply(struct call *call, const struct link *l)
{
	Bpfd__V1__UpdateLinkResponse rs = BPFD__V1__UPDATE_LINK_RESPONSE__INIT;
	Bpfd__V1__Link link;
	struct scratch s;

	scratch_start(&s);
	rpc_fill_link(&s, call_api(call), l, &link);
	rs.link = &link;
	rpc_reply(call, &s, &rs.base);
}

void
rpc_programs_update_link(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__UpdateLinkRequest *rq = (const void *)request;
	const struct update_args a = { .link_id = rq->link, .prog_id = rq->program, .priority = rq->priority,
		.has_proceed_on = rq->n_proceed_on > 0, .dry_run = rq->dry_run,
		.proceed_on = proceed_on, .request = rq };

	if (!rq->link)
		programs_refuse(call, IPC_INVALID_ARGUMENT, "link: must not be 0");
	else if (rq->priority < 0 || rq->priority > RPC_PRIORITY_MAX)
		programs_refuse(call, IPC_INVALID_ARGUMENT, "priority: %d is not between 1 and %d", rq->priority,
			RPC_PRIORITY_MAX);
	else if (!rq->program && !rq->priority && !rq->n_proceed_on)
		programs_refuse(call, IPC_INVALID_ARGUMENT, "none of program, priority and proceed_on is set");
	else
		programs_update(call, &a, reply);
}
