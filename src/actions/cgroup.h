/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ACTIONS_CGROUP_H
#define BPFD_ACTIONS_CGROUP_H

#include "actions/worker.h"

/* On an open directory of a cgroup, waited for: 0, -ETIMEDOUT, or why the kernel refused. */
int	cgroup2_kill(int dir);			/* Linux 5.14; nobody is left in it */
/* dir: at path in any hierarchy; freezer: the same path there, or negative.  Every process in it
 * and below, again until there is none. */
int	cgroup1_kill(const struct worker *w, int dir, const char *path, int freezer);

/* ---- the container of an event, container.c ---- */

/* Paths of our own cgroups, each with a NUL, "" ends. */
struct own_cgroups { char paths[4096]; };
int	own_cgroups_read(int proc_fd, struct own_cgroups *out);
/* The container's path below the root of its hierarchy, without the first slash, into out.  Why
 * not, when it is not certainly a container's own directory; else NULL. */
const char *container_path(const struct own_cgroups *own, const struct event *e, char *out, size_t room);

#endif
