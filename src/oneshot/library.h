/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ONESHOT_LIBRARY_H
#define BPFD_ONESHOT_LIBRARY_H

#include <stdbool.h>

#define LIBRARY_NAME_MAX 256
#define LIBRARY_OR_PATH "a file is an absolute path, or the name of a library like libc or libc.so.6"

/* An absolute path, or a name without a slash. */
bool	library_or_path(const char *name);

/*
 * Looks for "libc" or "libc.so.6" in the usual folders and opens it.  open_one() opens a path and returns a
 * descriptor or negative errno.  -ENOENT; -EEXIST: a folder has several versions, found is one.
 */
int	library_open(const char *name, int (*open_one)(void *arg, const char *path, int flags), void *arg,
		char found[LIBRARY_NAME_MAX]);

#endif
