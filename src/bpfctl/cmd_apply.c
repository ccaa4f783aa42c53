/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "bpfctl/apply_input.h"
#include "bpfctl/apply_run.h"

/* What is to be done, from files and daemon. */
static int
make_plan(struct ctl *ctl, const struct args *args, struct apply_want *w, struct apply_state *s,
	struct apply_plan *p)
{
	int status = apply_input_files(ctl, args, w);

	if (!status)
		status = apply_input_rules(ctl, w);
	if (!status)
		status = apply_state_read(ctl, "apply", s);
	if (status)
		return status;
	if (apply_plan(w, &s->actual, args_has(args, "prune"), p))
		return ctl_fail(ctl, CTL_FAILED, NULL, "apply", "no memory");
	status = apply_input_problems(w);
	return status && p->conflict ? CTL_CONFLICT : status;
}

static int
run_apply(struct ctl *ctl, const struct args *args)
{
	AUTO(apply_want) struct apply_want w = { 0 };
	AUTO(apply_state) struct apply_state s = { 0 };
	AUTO(apply_plan) struct apply_plan p = { 0 };
	bool diff = args_has(args, "diff"), dry_run = diff || args_has(args, "dry-run");
	int status, printed;

	if (!args_has(args, "file"))
		return ctl_fail(ctl, CTL_USAGE, "see bpfctl apply --help", "apply", "which file? give -f FILE");
	if (args_has(args, "set") && !apply_name_ok(args_get(args, "set")))
		return ctl_fail(ctl, CTL_USAGE, NULL, "--set", "\"%s\" is no name: up to %d letters, digits, dashes, "
			"dots and underscores", args_get(args, "set"), APPLY_NAME_MAX);
	status = make_plan(ctl, args, &w, &s, &p);
	if (status)
		return status;
	if (apply_for_people(ctl))
		apply_show_plan(ctl, &p);
	if (!diff && p.n_changes)
		status = apply_run_check(ctl, &p);
	if (!status && !dry_run && p.n_changes)
		status = apply_run(ctl, &p);
	if (status && apply_for_people(ctl))
		return status;
	printed = apply_show_end(ctl, &p, dry_run);
	if (status || printed)
		return status ? status : printed;
	return diff && p.n_changes ? CTL_CHANGES : CTL_DONE;
}

static const struct opt opts[] = {
	{ "file", 'f', "FILE", "what there is to be; a folder: every *.toml in it; -: standard input", WORD_FILE,
		.many = true },
	{ "set", 0, "SET", "all of it is of this set, whatever the files say" },
	{ "prune", 0, NULL, "remove what is of the same sets and not in the files" },
	{ "dry-run", 0, NULL, "compare and check everything, change nothing" },
	{ "diff", 0, NULL, "compare only; the exit status is 8 when something would change" },
	OPT_END
};

const struct command cmd_apply = {
	.name = "apply",
	.synopsis = "-f FILE...",
	.help = "make programs, links and rules be as files say",
	.more = "The files are TOML, bpfd-apply(5): [[load]] with [[load.attach]], and rules.  What is there\n"
		"already stays as it is; what changed is replaced, and its hook is never without.  Only what\n"
		"apply made is changed: it is marked with the set of its file.  The differences are shown\n"
		"first: + is new, ~ changes, - goes.  Everything is checked before the first change.\n",
	.opts = opts,
	.run = run_apply,
};
