/* SPDX-License-Identifier: Apache-2.0 */
/* Where the host's cgroup hierarchies are mounted: /proc/self/mountinfo, see proc_pid_mountinfo(5). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfd/sup.h"
#include "common/auto.h"

static const char *const controllers[N_CGROUP1] = {
	[CGROUP1_FREEZER] = "freezer", [CGROUP1_PIDS] = "pids", [CGROUP1_MEMORY] = "memory",
	[CGROUP1_CPU] = "cpu", [CGROUP1_DEVICES] = "devices", [CGROUP1_SYSTEMD] = "name=systemd",
};

/* "\040" and the like for the blanks in a path. */
static void
unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

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

static void
take_line(struct lasting *l, char *line)
{
	char root[8], point[4096], type[64], options[1024];
	const char *rest = strstr(line, " - ");

	/* Only a whole hierarchy: its root directory is the mount's. */
	if (!rest || sscanf(line, "%*s %*s %*s %7s %4095s", root, point) != 2 || strcmp(root, "/") != 0 ||
	    sscanf(rest, " - %63s %*s %1023s", type, options) != 2)
		return;
	unescape(point);
	if (strcmp(type, "cgroup2") == 0)
		open_once(&l->cgroup2, point);
	if (strcmp(type, "cgroup") != 0)
		return;
	for (size_t i = 0; i < N_CGROUP1; i++)
		if (has_option(options, controllers[i]))
			open_once(&l->cgroup1[i], point);
}

void
cgroups_open(struct lasting *l)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	AUTO(mem) char *line = NULL;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0)
		take_line(l, line);
	if (f)
		fclose(f);
}
