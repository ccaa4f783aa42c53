/* SPDX-License-Identifier: Apache-2.0 */
/* sysloop SECONDS: a system call that no tracer is interested in. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loop.h"

static int
getppid_once(void)
{
	return (int)syscall(SYS_getppid);
}

int
main(int argc, char **argv)
{
	return argc == 2 ? loop_repeat(atof(argv[1]), 1024, getppid_once) : 2;
}
