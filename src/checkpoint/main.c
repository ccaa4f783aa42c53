/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfd-checkpoint: one checkpoint of one container, asked for at fd 3.
 * bpfd-checkpoint starter: starts one for each channel that comes at fd 3.
 */
#include <string.h>
#include <unistd.h>

#include "checkpoint/once.h"
#include "checkpoint/starter.h"

int
main(int argc, char **argv)
{
	_exit(argc > 1 && strcmp(argv[1], "starter") == 0 ? starter() : once());
}
