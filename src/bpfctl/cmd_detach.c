/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/results.h"

static void
detach_one(struct ctl *ctl, const char *word, bool dry_run, struct results *r)
{
	Bpfd__V1__DetachRequest req = BPFD__V1__DETACH_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__DetachResponse *reply = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	AUTO(buf) struct buf what = { 0 };

	req.dry_run = dry_run;
	buf_printf(&what, "detach %s", word);
	if (ctl_read_id(ctl, buf_text(&what), word, UINT64_MAX, &req.link)) {
		results_failed(r, "link", 0, CTL_USAGE, word);
		return;
	}
	if (rpc_detach(ctl->client, &req, &reply, &e)) {
		int status = ctl_fail_call(ctl, buf_text(&what), &e);

		results_failed(r, "link", req.link, status, ctl_text_of(&e));
		return;
	}
	results_done(r, "link", req.link, dry_run ? "would be detached" : "detached");
}

static int
run_detach(struct ctl *ctl, const struct args *args)
{
	AUTO(results) struct results r = { 0 };

	if (results_new(args->n_words, &r))
		return ctl_fail(ctl, CTL_FAILED, NULL, "detach", "no memory");
	for (size_t i = 0; i < args->n_words; i++)
		detach_one(ctl, args->words[i], args_has(args, "dry-run"), &r);
	return results_print(&r, ctl);
}

static const struct opt opts[] = {
	{ "dry-run", 0, NULL, "check that the links are there, detach nothing" },
	OPT_END
};

const struct command cmd_detach = {
	.name = "detach",
	.synopsis = "LINK...",
	.help = "take programs off their hooks",
	.more = "LINK is the number of a link: bpfctl list links.  Every one is tried; when only some\n"
		"could be detached the exit status is 7.\n",
	.opts = opts,
	.min_words = 1, .max_words = 100000,
	.words = { WORD_LINK },
	.run = run_detach,
};
