/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "bpfctl/ctl.h"

/* What the kinds take besides: one row each. */
static int
list_options(struct ctl *ctl, const Bpfd__V1__StatusResponse *status)
{
	AUTO(mem) struct field_option *all = NULL;
	AUTO(mem) const void **rows = NULL;
	size_t n = 0;

	for (size_t i = 0; i < status->n_attach_kinds; i++)
		n += status->attach_kinds[i]->n_options;
	all = calloc(n + 1, sizeof(*all));
	rows = calloc(n + 1, sizeof(*rows));
	if (!all || !rows)
		return ctl_fail(ctl, CTL_FAILED, NULL, "status", "no memory");
	n = 0;
	for (size_t i = 0; i < status->n_attach_kinds; i++) {
		const Bpfd__V1__AttachKind *k = status->attach_kinds[i];

		for (size_t j = 0; j < k->n_options; j++, n++) {
			const Bpfd__V1__AttachOption *o = k->options[j];
			const char *values = o->values[0] ? o->values : "text";

			all[n] = (struct field_option){ k->name, o->name, values, o->help };
			rows[n] = &all[n];
		}
	}
	out_list(ctl->out, "attach_options", &schema_option, rows, n, SHOW_WIDE);
	return CTL_DONE;
}

static int
run_status(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__StatusRequest req = BPFD__V1__STATUS_REQUEST__INIT;
	Bpfd__V1__CountersRequest counters_req = BPFD__V1__COUNTERS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__StatusResponse *status = NULL;
	AUTO(reply) Bpfd__V1__CountersResponse *counters = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	int failed;

	if (rpc_status(ctl->client, &req, &status, &e) ||
	    rpc_counters(ctl->client, &counters_req, &counters, &e))
		return ctl_fail_call(ctl, "status", &e);
	out_object(ctl->out, NULL, &schema_status, status);
	out_list(ctl->out, "processes", &schema_process,
		(const void *const *)status->processes, status->n_processes, SHOW_TABLE);
	out_list(ctl->out, "attach_kinds", &schema_kind,
		(const void *const *)status->attach_kinds, status->n_attach_kinds, SHOW_TABLE);
	failed = list_options(ctl, status);
	if (failed)
		return failed;
	out_list(ctl->out, "counters", &schema_counter,
		(const void *const *)counters->counters, counters->n_counters, SHOW_WIDE);
	return ctl_print(ctl);
}

static const struct opt opts[] = { OPT_END };

const struct command cmd_status = {
	.name = "status",
	.synopsis = "",
	.help = "show bpfd's processes, what can be attached here and what this kernel lacks",
	.more = "With -o wide also the help and options of each attach kind and bpfd's counters.\n",
	.opts = opts,
	.run = run_status,
};
