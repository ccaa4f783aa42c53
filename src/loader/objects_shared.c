/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pins for unix groups: shared/GROUP/GID-NAME.  The supervisor makes shared/GROUP, which only that
 * group may enter; the pin in it is 0444, so that OBJ_GET takes BPF_F_RDONLY of them and nothing else:
 * the descriptor is for lookups, and the kernel refuses update, delete, freeze and mmap.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/log.h"
#include "loader/objects.h"

#define DIR_NAME "shared"

void
objects_shared_file(const struct obj_map *m, char *out, size_t size)
{
	out[0] = '\0';
	if (m->shared[0])
		snprintf(out, size, DIR_NAME "/%s/%" PRIu64 "-%s", m->shared, m->gid, m->pin);
}

int
objects_share_map(struct objects *t, int fd, const char *unix_group)
{
	struct obj_map *m = &t->maps[t->n_maps - 1];
	char file[IPC_TARGET_MAX];
	int err;

	snprintf(m->shared, sizeof(m->shared), "%s", unix_group);
	objects_shared_file(m, file, sizeof(file));
	err = kernel_pin(t->kernel, fd, file);
	if (!err && fchmodat(AT_FDCWD, file, 0444, 0) < 0) {
		err = -errno;
		unlinkat(AT_FDCWD, file, 0);
	}
	if (err)
		m->shared[0] = '\0';
	return err;
}

static bool
adopt(struct objects *t, const char *group, const char *name)
{
	uint64_t gid;
	int end = 0;

	if (sscanf(name, "%" SCNu64 "-%n", &gid, &end) != 1 || !end)
		return false;
	for (size_t i = 0; i < t->n_maps; i++)
		if (t->maps[i].gid == gid && strcmp(t->maps[i].pin, name + end) == 0) {
			snprintf(t->maps[i].shared, sizeof(t->maps[i].shared), "%s", group);
			return true;
		}
	return false;
}

static int
scan_group(struct objects *t, const char *group)
{
	char path[IPC_TARGET_MAX];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), DIR_NAME "/%s", group);
	d = opendir(path);
	if (!d)
		return log_err(-errno, "loader.scan", "dir=%s", LOG_QUOTE(path));
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && !adopt(t, group, e->d_name))
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return 0;
}

int
objects_scan_shared(struct objects *t)
{
	struct dirent *e;
	DIR *d = opendir(DIR_NAME);

	if (!d)
		return errno == ENOENT ? 0 : log_err(-errno, "loader.scan", "dir=" DIR_NAME);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && strlen(e->d_name) < IPC_MAP_GROUP_MAX)
			scan_group(t, e->d_name);
	closedir(d);
	return 0;
}
