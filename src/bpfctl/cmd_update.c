/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/ctl.h"
#include "bpfctl/spec.h"

/* The keys that attach has too are read as it reads them. */
static int
read_options(struct ctl *ctl, const struct args *args, struct spec_attach *spec)
{
	static const char *const keys[] = { "priority", "proceed-on" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		AUTO(buf) struct buf why = { 0 };
		const char *value;
		size_t at = 0;

		while ((value = args_each(args, keys[i], &at)))
			if (spec_attach_set(spec, keys[i], value, &why))
				return ctl_fail(ctl, CTL_USAGE, NULL, "update", "%s", buf_text(&why));
	}
	if (!args_has(args, "program") && !args_has(args, "priority") && !args_has(args, "proceed-on"))
		return ctl_fail(ctl, CTL_USAGE, "see bpfctl update --help", "update",
			"nothing is to change: give --program, --priority or --proceed-on");
	return CTL_DONE;
}

static int
run_update(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__UpdateLinkRequest req = BPFD__V1__UPDATE_LINK_REQUEST__INIT;
	AUTO(spec_attach) struct spec_attach spec = { 0 };
	AUTO(reply) Bpfd__V1__UpdateLinkResponse *reply = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	const char *program = args_get(args, "program");
	int status;

	spec_attach_init(&spec);
	status = read_options(ctl, args, &spec);
	if (!status)
		status = ctl_read_id(ctl, "update", args->words[0], UINT64_MAX, &req.link);
	if (!status && program)
		status = ctl_find_program(ctl, "update", program, &req.program);
	if (status)
		return status;
	req.priority = spec.req.priority;
	req.n_proceed_on = spec.req.n_proceed_on;
	req.proceed_on = spec.req.proceed_on;
	req.dry_run = args_has(args, "dry-run");
	if (rpc_update_link(ctl->client, &req, &reply, &e))
		return ctl_fail_call(ctl, "update", &e);
	return ctl_print_link(ctl, reply->link);
}

static const struct opt opts[] = {
	{ "program", 0, "PROGRAM", "another program, loaded as the one that the link has", WORD_PROGRAM },
	{ "priority", 0, "N", "1 (first) to 1000" },
	{ "proceed-on", 0, "ACTION[,ACTION]", "results after which the next program runs", .many = true },
	{ "dry-run", 0, NULL, "check everything, change nothing" },
	OPT_END
};

const struct command cmd_update = {
	.name = "update",
	.synopsis = "LINK",
	.help = "give a link another program or place, and its hook is never without",
	.more = "LINK is the number of a link: bpfctl list links.  What is not given stays.  No packet or event\n"
		"passes the hook without the old program or the new one; where the kernel cannot put a program\n"
		"into a link, both run for a moment.\n",
	.opts = opts,
	.min_words = 1, .max_words = 1,
	.words = { WORD_LINK },
	.run = run_update,
};
