/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/ctl.h"

static int
run_status(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__StatusRequest req = BPFD__V1__STATUS_REQUEST__INIT;
	Bpfd__V1__CountersRequest counters_req = BPFD__V1__COUNTERS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__StatusResponse *status = NULL;
	AUTO(reply) Bpfd__V1__CountersResponse *counters = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (rpc_status(ctl->client, &req, &status, &e) ||
	    rpc_counters(ctl->client, &counters_req, &counters, &e))
		return ctl_fail_call(ctl, "status", &e);
	out_object(ctl->out, NULL, &schema_status, status);
	out_list(ctl->out, "processes", &schema_process,
		(const void *const *)status->processes, status->n_processes, SHOW_TABLE);
	out_list(ctl->out, "attach_kinds", &schema_kind,
		(const void *const *)status->attach_kinds, status->n_attach_kinds, SHOW_TABLE);
	out_list(ctl->out, "counters", &schema_counter,
		(const void *const *)counters->counters, counters->n_counters, SHOW_WIDE);
	return ctl_print(ctl);
}

static const struct opt opts[] = { OPT_END };

const struct command cmd_status = {
	.name = "status",
	.synopsis = "",
	.help = "show bpfd's processes, what can be attached here and what this kernel lacks",
	.more = "With -o wide also the help of each attach kind and bpfd's counters.\n",
	.opts = opts,
	.run = run_status,
};
