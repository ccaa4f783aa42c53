/* SPDX-License-Identifier: Apache-2.0 */
/* execloop SECONDS PROGRAM: spawns PROGRAM and waits for its end, again and again. */
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "loop.h"

static char *program[] = { NULL, NULL };
static char *nothing[] = { NULL };

static int
spawn(void)
{
	pid_t pid;
	int status;

	if (posix_spawn(&pid, program[0], NULL, NULL, program, nothing))
		return -1;
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	program[0] = argv[2];
	return loop_run(atof(argv[1]), 16, spawn);
}
