/* SPDX-License-Identifier: Apache-2.0 */
/* Which directory of a cgroup is the container's that an event is of. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "actions/cgroup.h"
#include "common/auto.h"

const char *
container_path(const struct own_cgroups *own, const struct event *e, char *out, size_t room)
{
	const struct rec_ctx *c = e->ctx;
	const char *dir = (const char *)c + c->cgroup_dir.off;
	size_t len = c->cgroup_dir.len;

	if (!(c->flags & CTX_CONTAINER))
		return "the process is in no container";
	if (len < 2 || len >= room || dir[0] != '/' || memchr(dir, '\0', len) || dir[len - 1] == '/')
		return "the container has no cgroup of its own";
	memcpy(out, dir + 1, len - 1);
	out[len - 1] = '\0';
	for (const char *own_path = own->paths; *own_path; own_path += strlen(own_path) + 1)
		if (strncmp(own_path, dir, len) == 0 && (own_path[len] == '/' || !own_path[len]))
			return "bpfd itself runs there";
	return NULL;
}

int
own_cgroups_read(int proc_fd, struct own_cgroups *out)
{
	AUTO(fd) int fd = openat(proc_fd, "self/cgroup", O_RDONLY | O_CLOEXEC);
	char buf[4096], *line, *save = NULL;
	size_t len = 0;
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *path = strchr(line, ':');
		size_t size;

		path = path ? strchr(path + 1, ':') : NULL;
		size = path ? strlen(path + 1) + 1 : 0;
		/* Whoever sits in the root is below no container. */
		if (size < 3 || len + size + 1 > sizeof(out->paths))
			continue;
		memcpy(out->paths + len, path + 1, size);
		len += size;
	}
	out->paths[len] = '\0';
	return 0;
}
