/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "bpfctl/args.h"
#include "bpfctl/ctl.h"

static int
print_help(const struct command *cmd)
{
	AUTO(buf) struct buf text = { 0 };

	help_text(&text, cmd);
	fputs(buf_text(&text), stdout);
	return fflush(stdout) == 0 ? CTL_DONE : CTL_FAILED;
}

static int
usage(const struct args *args)
{
	struct ctl none = { 0 };

	if (args->error.len)
		return ctl_fail(&none, CTL_USAGE, buf_text(&args->hint),
			args->cmd ? args->cmd->name : "usage", "%s", buf_text(&args->error));
	return ctl_fail(&none, CTL_USAGE, "bpfctl --help lists the commands", "usage",
		"a command is missing");
}

static int
run(const struct args *args)
{
	struct ctl ctl;
	int status = ctl_open(&ctl, args);

	if (status == CTL_DONE)
		status = args->cmd->run(&ctl, args);
	ctl_close(&ctl);
	return status;
}

int
main(int argc, char **argv)
{
	AUTO(args) struct args args = { 0 };

	if (args_read(argc, argv, &args))
		return usage(&args);
	if (args_has(&args, "help"))
		return print_help(args.cmd);
	if (args_has(&args, "version") && !args.cmd) {
		puts("bpfctl " PACKAGE_VERSION);
		return CTL_DONE;
	}
	return args.cmd ? run(&args) : usage(&args);
}
