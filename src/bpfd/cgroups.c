/* SPDX-License-Identifier: Apache-2.0 */
/* Where the host's cgroup hierarchies are mounted. */
#include <fcntl.h>
#include <string.h>

#include "bpfd/sup.h"
#include "common/mountinfo.h"

static const char *const controllers[N_CGROUP1] = {
	[CGROUP1_FREEZER] = "freezer", [CGROUP1_PIDS] = "pids", [CGROUP1_MEMORY] = "memory",
	[CGROUP1_CPU] = "cpu", [CGROUP1_DEVICES] = "devices", [CGROUP1_SYSTEMD] = "name=systemd",
};

static bool
has_option(const char *options, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = options; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == len && strncmp(p, name, len) == 0)
			return true;
	return false;
}

/* The first mount of a hierarchy is the host's; others are bind mounts into containers. */
static void
open_once(int *fd, const char *path)
{
	if (*fd < 0)
		*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
take_mount(void *arg, const struct mountinfo *m)
{
	struct lasting *l = arg;

	/* Only a whole hierarchy: its root directory is the mount's. */
	if (strcmp(m->root, "/") != 0)
		return 0;
	if (strcmp(m->type, "cgroup2") == 0)
		open_once(&l->cgroup2, m->point);
	if (strcmp(m->type, "cgroup") != 0)
		return 0;
	for (size_t i = 0; i < N_CGROUP1; i++)
		if (has_option(m->options, controllers[i]))
			open_once(&l->cgroup1[i], m->point);
	return 0;
}

void
cgroups_open(struct lasting *l)
{
	mountinfo_each(take_mount, l);
}
