/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bpfctl/ctl.h"
#include "events/doc.h"

static int
print_schema(const struct ctl *ctl, const struct args *args)
{
	int err;

	if (args->n_words)
		return ctl_fail(ctl, CTL_USAGE, "it has the events of all tracers", "tracers", "--schema goes without a tracer");
	err = doc_print(doc_schema);
	return err ? ctl_fail(ctl, CTL_FAILED, NULL, "tracers", "the schema cannot be written: %s", strerrordesc_np(-err)) :
		CTL_DONE;
}

static int
run_tracers(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__TracersRequest req = BPFD__V1__TRACERS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__TracersResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	const Bpfd__V1__Tracer *one = NULL;

	if (args_has(args, "schema"))
		return print_schema(ctl, args);
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

static const struct opt opts[] = {
	{ "schema", 0, NULL, "print the JSON schema of all events; needs no daemon" },
	OPT_END
};

const struct command cmd_tracers = {
	.name = "tracers",
	.synopsis = "[TRACER]",
	.help = "list the tracers and who wants them, or the fields of one",
	.opts = opts,
	.max_words = 1,
	.words = { WORD_TRACER },
	.run = run_tracers,
};
