/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_MOUNTINFO_H
#define BPFD_COMMON_MOUNTINFO_H

#include <stddef.h>

/* A line of /proc/self/mountinfo, see proc_pid_mountinfo(5). */
struct mountinfo {
	const char *root;	/* which part of the file system is mounted */
	const char *point;	/* where */
	const char *type;
	const char *options;	/* of the file system, comma separated */
};

/* Calls each() for every mount, in order, until it returns non-zero, which is returned; 0 at the
 * end, -errno when the list cannot be read. */
int	mountinfo_each(int (*each)(void *arg, const struct mountinfo *m), void *arg);

/* Where the whole cgroup version 2 hierarchy is mounted first: the host's, others are bind mounts
 * into containers.  -ENOENT, -ENAMETOOLONG. */
int	mountinfo_cgroup2(char *out, size_t size);

#endif
