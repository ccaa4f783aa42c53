/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bpfctl/ctl.h"

static int
run_tracers(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__TracersRequest req = BPFD__V1__TRACERS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__TracersResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	const Bpfd__V1__Tracer *one = NULL;

	if (rpc_tracers(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, "tracers", &e);
	if (!args->n_words) {
		out_list(ctl->out, "tracers", &schema_tracer, (const void *const *)all->tracers,
			all->n_tracers, SHOW_TABLE);
		return ctl_print(ctl);
	}
	for (size_t i = 0; i < all->n_tracers; i++)
		if (strcmp(all->tracers[i]->name, args->words[0]) == 0)
			one = all->tracers[i];
	if (!one)
		return ctl_fail(ctl, CTL_NOT_FOUND, "bpfctl tracers lists them", "tracers",
			"there is no tracer \"%s\"", args->words[0]);
	out_object(ctl->out, "tracer", &schema_tracer, one);
	out_list(ctl->out, "fields", &schema_field_info, (const void *const *)one->fields, one->n_fields,
		SHOW_TABLE);
	return ctl_print(ctl);
}

static const struct opt opts[] = { OPT_END };

const struct command cmd_tracers = {
	.name = "tracers",
	.synopsis = "[TRACER]",
	.help = "list the tracers and who wants them, or the fields of one",
	.opts = opts,
	.max_words = 1,
	.words = { WORD_TRACER },
	.run = run_tracers,
};
