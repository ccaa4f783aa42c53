/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BENCH_TURNS_H
#define BPFD_TESTS_BENCH_TURNS_H

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../component/tracerrig.h"
#include "loop.h"

#define TURNS	30		/* of each kind in a round */
#define LOWER	0.25		/* what others do meanwhile makes a turn longer, never shorter */

/* Processor time of one in many short turns of n; rig: NULL, or emptied after each.  False: once() failed. */
static inline bool
turns(bool (*once)(void), unsigned int n, struct tracerrig *rig, double ns[TURNS])
{
	for (int i = -1; i < TURNS; i++) {		/* the first one warms up */
		unsigned long long begin = loop_cpu_ns();

		for (unsigned int k = 0; k < n; k++)
			if (!once())
				return false;
		if (i >= 0)
			ns[i] = (double)(loop_cpu_ns() - begin) / n;
		if (rig) {
			tracerrig_drain(rig, 0);
			tracerrig_forget(rig);
		}
	}
	return true;
}

/* Has work(of) done by a process of its own, which fills the size bytes of out.  False: it failed, and said why. */
static inline bool
turns_apart(bool (*work)(const void *of, void *out), const void *of, void *out, size_t size)
{
	int pipes[2], status = -1;
	bool whole;
	pid_t pid;

	if (pipe(pipes))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(!work(of, out) || write(pipes[1], out, size) != (ssize_t)size);
	close(pipes[1]);
	whole = read(pipes[0], out, size) == (ssize_t)size;
	close(pipes[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status && whole;
}

/* names: of the command line, up to NULL; none: all. */
static inline bool
turns_wanted(const char *name, char **names)
{
	bool any = names[0];

	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return !any;
}

#endif
