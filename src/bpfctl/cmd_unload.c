/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/results.h"

static void
unload(struct ctl *ctl, const Bpfd__V1__UnloadRequest *req, const char *label, struct results *r)
{
	bool is_group = req->what_case == BPFD__V1__UNLOAD_REQUEST__WHAT_GROUP;
	const char *what = is_group ? "group" : "program";
	uint64_t id = is_group ? req->group : req->program;
	AUTO(reply) Bpfd__V1__UnloadResponse *reply = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (rpc_unload(ctl->client, req, &reply, &e)) {
		int status = ctl_fail_call(ctl, label, &e);

		results_failed(r, what, id, status, ctl_text_of(&e));
		return;
	}
	results_done(r, what, id, req->dry_run ? "would be unloaded" : "unloaded");
	results_lists(r, reply->programs, reply->n_programs, reply->links, reply->n_links);
}

static void
unload_program(struct ctl *ctl, const char *word, bool dry_run, struct results *r)
{
	Bpfd__V1__UnloadRequest req = BPFD__V1__UNLOAD_REQUEST__INIT;
	AUTO(buf) struct buf label = { 0 };
	int status;

	buf_printf(&label, "unload %s", word);
	req.what_case = BPFD__V1__UNLOAD_REQUEST__WHAT_PROGRAM;
	req.dry_run = dry_run;
	status = ctl_find_program(ctl, buf_text(&label), word, &req.program);
	if (status)
		results_failed(r, "program", 0, status, word);
	else
		unload(ctl, &req, buf_text(&label), r);
}

static void
unload_group(struct ctl *ctl, const char *word, bool dry_run, struct results *r)
{
	Bpfd__V1__UnloadRequest req = BPFD__V1__UNLOAD_REQUEST__INIT;
	AUTO(buf) struct buf label = { 0 };

	buf_printf(&label, "unload --group %s", word);
	req.what_case = BPFD__V1__UNLOAD_REQUEST__WHAT_GROUP;
	req.dry_run = dry_run;
	if (ctl_read_id(ctl, buf_text(&label), word, UINT64_MAX, &req.group))
		results_failed(r, "group", 0, CTL_USAGE, word);
	else
		unload(ctl, &req, buf_text(&label), r);
}

static int
run_unload(struct ctl *ctl, const struct args *args)
{
	AUTO(results) struct results r = { 0 };
	bool dry_run = args_has(args, "dry-run");
	const char *group;
	size_t at = 0;

	if (!args->n_words && !args_has(args, "group"))
		return ctl_fail(ctl, CTL_USAGE, "see bpfctl unload --help", "unload",
			"name programs, or a group with --group");
	if (results_new(args->n_words + args->n_given, &r))
		return ctl_fail(ctl, CTL_FAILED, NULL, "unload", "no memory");
	for (size_t i = 0; i < args->n_words; i++)
		unload_program(ctl, args->words[i], dry_run, &r);
	while ((group = args_each(args, "group", &at)))
		unload_group(ctl, group, dry_run, &r);
	return results_print(&r, ctl);
}

static const struct opt opts[] = {
	{ "group", 0, "GROUP", "everything that one load made, with its maps", WORD_GROUP,
		.many = true },
	{ "dry-run", 0, NULL, "tell what would go, unload nothing" },
	OPT_END
};

const struct command cmd_unload = {
	.name = "unload",
	.synopsis = "PROGRAM...|--group GROUP",
	.help = "detach and unload programs",
	.more = "PROGRAM is an id, or a name that only one program has.  Every one is tried; when only\n"
		"some could be unloaded the exit status is 7.\n",
	.opts = opts,
	.max_words = 100000,
	.words = { WORD_PROGRAM },
	.run = run_unload,
};
