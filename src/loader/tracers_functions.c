/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether tracers of system calls may be at functions that few calls lead to (fexit) instead of the exit of
 * every call.  The kernel skips such a program while it runs already on that processor: where it preempts
 * itself in the middle of a call, who opens much could so leave opens of others untold.
 */
#include "loader/tracers_functions.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/auto.h"
#include "loader/attach_hook.h"

enum { HOOKS_AUTO, HOOKS_SYSCALLS };		/* tracers.hooks */

static enum preempts preempts;

static enum preempts
mode_named(const char *mode, size_t len)
{
	static const char *const within[] = { "none", "voluntary" };

	for (size_t i = 0; i < ARRAY_SIZE(within); i++)
		if (strlen(within[i]) == len && strncmp(within[i], mode, len) == 0)
			return PREEMPTS_NOT;
	return PREEMPTS;
}

enum preempts
preempts_by(const char *version, const char *modes, const char *cmdline)
{
	const char *mode = strchr(modes, '('), *option;

	if (!strstr(version, "PREEMPT"))
		return PREEMPTS_NOT;
	if (!strstr(version, "PREEMPT_DYNAMIC"))
		return PREEMPTS;
	if (mode)
		return mode_named(mode + 1, strcspn(mode + 1, ")"));
	for (option = strstr(cmdline, "preempt="); option; option = strstr(option + 1, "preempt="))
		if (option == cmdline || option[-1] == ' ')
			return mode_named(option + 8, strcspn(option + 8, " \n"));
	return PREEMPTS_UNKNOWN;
}

static void
read_text(const char *path, char *out, size_t size)
{
	AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);

	out[n > 0 ? n : 0] = '\0';
}

void
tracers_functions_init(void)
{
	char modes[64], cmdline[4096];
	struct utsname u;

	read_text("/sys/kernel/debug/sched/preempt", modes, sizeof(modes));
	read_text("/proc/cmdline", cmdline, sizeof(cmdline));
	preempts = uname(&u) < 0 ? PREEMPTS_UNKNOWN : preempts_by(u.version, modes, cmdline);
}

const char *
tracers_no_functions(const struct config *cfg)
{
	const char *why = attach_no_trampolines();

	if (cfg->tracers_hooks == HOOKS_SYSCALLS)
		return "tracers.hooks says so";
	if (why)
		return why;
	if (preempts == PREEMPTS)
		return "this kernel preempts itself within calls, and skips programs at functions then";
	return preempts == PREEMPTS_NOT ? NULL : "nothing says whether this kernel preempts itself within calls: "
		"neither debugfs nor preempt= on its command line";
}
