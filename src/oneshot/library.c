/* SPDX-License-Identifier: Apache-2.0 */
#include "oneshot/library.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"

/* Where ld.so looks; its cache is not read, for in a container it is anybody's. */
static const char *const lib_dirs[] = {
	"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
	"/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib64",
	"/usr/local/lib",
};

/* "libc" is libc.so.6: the name, ".so." and a number; "libc.so.6" is itself. */
static bool
is_version_of(const char *file, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(file, name, len) != 0)
		return false;
	if (strstr(name, ".so"))
		return file[len] == '\0';
	return strncmp(file + len, ".so.", 4) == 0 && file[len + 4] &&
		file[len + 4 + strspn(file + len + 4, "0123456789")] == '\0';
}

bool
library_or_path(const char *name)
{
	return name[0] == '/' || (name[0] && !strchr(name, '/'));
}

/* 1: this folder has one, whose name is in found; -EEXIST: it has several.  Takes fd, or an error. */
static int
look_in(int take_fd, const char *name, char found[LIBRARY_NAME_MAX])
{
	DIR *dir = take_fd < 0 ? NULL : fdopendir(take_fd);
	const struct dirent *e;
	int n = 0;

	if (!dir) {
		close_keep_errno(take_fd);
		return 0;
	}
	while (n < 2 && (e = readdir(dir))) {
		if (!is_version_of(e->d_name, name))
			continue;
		n++;
		snprintf(found, LIBRARY_NAME_MAX, "%s", e->d_name);
	}
	closedir(dir);
	return n < 2 ? n : -EEXIST;
}

int
library_open(const char *name, int (*open_one)(void *arg, const char *path, int flags), void *arg,
	char found[LIBRARY_NAME_MAX])
{
	char path[LIBRARY_NAME_MAX + 64];

	for (size_t i = 0; i < ARRAY_SIZE(lib_dirs); i++) {
		int n = look_in(open_one(arg, lib_dirs[i], O_DIRECTORY), name, found);

		if (n < 0)
			return n;
		if (n == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%.255s", lib_dirs[i], found);
		return open_one(arg, path, 0);
	}
	return -ENOENT;
}
