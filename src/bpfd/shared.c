/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared/GROUP in bpfd's bpffs, for each group of policy.map_groups: the loader pins there what a load
 * lets that group read.  Made here because only root can give a folder to a group.  Without such a
 * group nobody but the loader gets into the bpffs; a group that is not named any more is locked out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpfd/sup.h"
#include "common/log.h"

static bool
is_file_name(const char *name)
{
	return name[0] && name[0] != '.' && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")];
}

/* What is there is closed first: a name that cannot be resolved then opens nothing. */
static void
lock_all(int shared)
{
	int fd = openat(shared, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && fchmodat(shared, e->d_name, 0700, 0) < 0)
			log_err(-errno, "start.shared", "group=%s stays open", LOG_QUOTE(e->d_name));
	if (d)
		closedir(d);
	else
		close_keep_errno(fd);
}

static void
open_one(const struct sup *s, int shared, const char *name)
{
	const struct group *gr = is_file_name(name) ? getgrnam(name) : NULL;

	if (!gr) {
		log_warn("start.shared", "group=%s there is no such group, or its name has other characters than "
			"letters, digits, _ and -: no map can be read by it", LOG_QUOTE(name));
		return;
	}
	if ((mkdirat(shared, name, 0700) < 0 && errno != EEXIST) ||
	    fchownat(shared, name, s->uids[PROC_LOADER], gr->gr_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(shared, name, 0750, 0) < 0)
		log_err(-errno, "start.shared", "group=%s", name);
}

int
shared_setup(struct sup *s)
{
	const struct conf_PATTERNS *groups = &s->cfg->policy_map_groups;
	AUTO(fd) int shared = -1;

	if (mkdirat(s->bpffs, "shared", 0711) < 0 && errno != EEXIST)
		return log_err(-errno, "start.shared", "path=%s/shared", s->paths.bpffs);
	shared = openat(s->bpffs, "shared", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (shared < 0 || fchown(shared, s->uids[PROC_LOADER], (gid_t)-1) < 0)
		return log_err(-errno, "start.shared", "path=%s/shared", s->paths.bpffs);
	lock_all(shared);
	for (uint32_t i = 0; i < groups->n; i++)
		open_one(s, shared, groups->glob[i]);
	if (groups->n && (fchmod(shared, 0711) < 0 || fchmod(s->bpffs, 0711) < 0))
		return log_err(-errno, "start.shared", "path=%s", s->paths.bpffs);
	return 0;
}
