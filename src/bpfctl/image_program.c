/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/image_program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "bpfctl-image"

static bool
is_passed_on(const struct args *args, const struct opt *opt)
{
	for (const struct opt *o = args->cmd->opts; o->name; o++)
		if (o == opt)
			return true;
	return strcmp(opt->name, "timeout") == 0 || strcmp(opt->name, "output") == 0 || strcmp(opt->name, "quiet") == 0;
}

/* NULL: no memory.  What it takes lives until this process ends or becomes another. */
static char *
option_text(const struct opt *opt, const char *value)
{
	struct buf b = { 0 };

	buf_printf(&b, value ? "--%s=%s" : "--%s", opt->name, value);
	return b.data;
}

/* Beside bpfctl, as in a build folder, or where it is installed. */
static void
exec_either(char *const *argv)
{
	char path[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof(PROGRAM) - 1);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		memcpy(slash + 1, PROGRAM, sizeof(PROGRAM));
		execv(path, argv);
	}
	execv(BPFD_LIBEXECDIR "/" PROGRAM, argv);
}

int
image_program(struct ctl *ctl, const struct args *args)
{
	AUTO(mem) char **argv = calloc(args->n_given + args->n_words + 3, sizeof(*argv));
	static char program[] = PROGRAM, end_of_options[] = "--";
	size_t n = 0;

	if (!argv)
		return ctl_fail(ctl, CTL_FAILED, NULL, "image", "no memory");
	argv[n++] = program;
	argv[n++] = (char *)(uintptr_t)args->words[0];
	for (size_t i = 0; i < args->n_given; i++)
		if (is_passed_on(args, args->given[i].opt))
			argv[n++] = option_text(args->given[i].opt, args->given[i].value);
	argv[n++] = end_of_options;
	for (size_t i = 1; i < args->n_words; i++)
		argv[n++] = (char *)(uintptr_t)args->words[i];
	fflush(stdout);
	exec_either(argv);
	return ctl_fail(ctl, CTL_FAILED, "is bpfd installed or built whole?", "image", PROGRAM " in %s: %s",
		BPFD_LIBEXECDIR, strerror(errno));
}
