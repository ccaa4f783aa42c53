/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ACTIONS_CGROUP_H
#define BPFD_ACTIONS_CGROUP_H

#include "actions/worker.h"

struct cgroups {
	struct guard *guard;
	char self[4096];		/* paths of our own cgroups, each with a NUL, "" ends */
};

/* Into a file of an open directory: 0, -errno.  cgroup2.c */
int	cgroup_write(int dir, const char *name, const char *text);
/* On an open directory of a cgroup, waited for: 0, -ETIMEDOUT, or why the kernel refused. */
int	cgroup2_kill(int dir);			/* Linux 5.14; nobody is left in it */
int	cgroup2_freeze(int dir, bool freeze);
int	cgroup1_freeze(int dir, bool freeze);	/* of the freezer */
/* dir: at path in any hierarchy; freezer: the same path there, or negative.  Every process in it
 * and below, again until there is none. */
int	cgroup1_kill(const struct worker *w, int dir, const char *path, int freezer);

#endif
