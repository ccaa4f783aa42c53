/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_PATHS_H
#define BPFD_BPFD_PATHS_H

#include <stdbool.h>

/* sun_path has 108 bytes; every other place of an instance is no longer than its socket's. */
#define PATHS_MAX 108

/* Where one instance keeps its things: the installed one, or a private one below --root. */
struct paths {
	bool private;
	char config[PATHS_MAX];
	char run[PATHS_MAX];		/* sockets, lock, bpffs and empty root are in it */
	char sock[PATHS_MAX];
	char lock[PATHS_MAX];
	char bpffs[PATHS_MAX];
	char empty[PATHS_MAX];
	char state[PATHS_MAX];
	char spool[PATHS_MAX];		/* alerts that wait */
	char log[PATHS_MAX];		/* folder of log files, when the configuration names no other */
	char checkpoints[PATHS_MAX];	/* folder of checkpoints, as with log */
	char checkpoint_sock[PATHS_MAX];	/* where init starts who writes one */
	char rules[PATHS_MAX], actions[PATHS_MAX];	/* made for a private instance */
};

/* root: NULL for the installed instance, else an absolute path.  -ENAMETOOLONG. */
int	paths_init(const char *root, struct paths *out);

#endif
