/* SPDX-License-Identifier: Apache-2.0 */
/* execloop SECONDS PROGRAM: spawns PROGRAM and waits for its end, again and again. */
#include "loop.h"
#include "spawn.h"

static char *program;

static int
spawn(void)
{
	return spawn_wait(program) ? 0 : -1;
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	program = argv[2];
	return loop_repeat(atof(argv[1]), 16, spawn);
}
