/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_CGROUP_H
#define BPFD_COMMON_CGROUP_H

#include <stdbool.h>

#define CGROUP_DEPTH	8	/* of cgroups below one that cgroup_each_pid() looks into */

/* The directory of a cgroup, path without a first slash, in the hierarchy that root is: never
 * outside it, through no link.  A descriptor, -ENODEV when there is no such hierarchy (root < 0). */
int	cgroup_open(int root, const char *path);

/* Into a file of an open directory: 0, -errno. */
int	cgroup_write(int dir, const char *name, const char *text);

/* Calls back for every process in the cgroup and below, until the callback says other than 0, which
 * is then the answer.  Cgroups that go meanwhile are left out. */
int	cgroup_each_pid(int dir, int depth, int (*fn)(void *arg, int pid), void *arg);

/* Freezes or thaws, waited for: 0, -ETIMEDOUT, or why the kernel refused.  dir is in the freezer's
 * hierarchy of version 1, or in version 2. */
int	cgroup1_freeze(int dir, bool freeze);
int	cgroup2_freeze(int dir, bool freeze);
bool	cgroup1_frozen(int dir);
bool	cgroup2_frozen(int dir);

/* Version 2: waits until cgroup.events has the line. */
int	cgroup2_wait(int dir, const char *line, int ms);

#endif
