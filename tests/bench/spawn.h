/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BENCH_SPAWN_H
#define BPFD_TESTS_BENCH_SPAWN_H

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where nothing.c's program is.  False: it is not built. */
static inline bool
spawn_find(char nothing[PATH_MAX])
{
	const char *build = getenv("BPFD_BUILD");

	snprintf(nothing, PATH_MAX, "%s/tests/bench/nothing", build ? build : ".");
	return !access(nothing, X_OK);
}

/* Runs a program without arguments and environment to its end; false: errno, or it did not exit with 0. */
static inline bool
spawn_wait(char *path)
{
	static char *nobody[] = { NULL };
	char *argv[] = { path, NULL };
	int status;
	pid_t pid;

	errno = posix_spawn(&pid, path, NULL, NULL, argv, nobody);
	return !errno && waitpid(pid, &status, 0) == pid && status == 0;
}

#endif
