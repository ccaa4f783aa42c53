/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/closest.h"
#include "common/mountinfo.h"
#include "oneshot/oneshot.h"

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_CGROUP
#include "oneshot/sandbox.def"
};

static int
prepare(struct oneshot *o)
{
	char point[IPC_PATH_MAX];
	int err = mountinfo_cgroup2(point, sizeof(point));

	if (!err) {
		o->dir = open(point, O_PATH | O_DIRECTORY | O_CLOEXEC);
		err = o->dir < 0 ? -errno : 0;
	}
	return !err ? 0 : one_refuse(o, IPC_FAILED_PRECONDITION, err, "cgroups of version 2 are not "
		"mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup, or below it as unified");
}

/* Nothing outside the hierarchy, whatever the path says; "" is its root. */
static int
open_below(const struct oneshot *o, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	long fd = syscall(SYS_openat2, o->dir, path[0] ? path : ".", &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* The names beside the one that is missing. */
static int
refuse_unknown(struct oneshot *o, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char parent[IPC_TARGET_MAX] = "";
	const struct dirent *e;
	struct closest near;
	DIR *dir;
	int fd;

	memcpy(parent, path, slash ? (size_t)(slash - path) : 0);
	fd = open_below(o, parent, O_RDONLY);
	if (fd < 0)
		return one_refuse(o, IPC_NOT_FOUND, -ENOENT, "there is no cgroup /%s, nor /%s", path, parent);
	closest_init(&near, name);
	dir = fdopendir(fd);
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' && e->d_type == DT_DIR)
			closest_offer(&near, e->d_name);
	return one_refuse(o, IPC_NOT_FOUND, -ENOENT, "there is no cgroup /%s%s", path, CLOSEST_TEXT(&near));
}

/* O_PATH: who gets it can attach to the cgroup, and neither read nor change it. */
static int
run(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_cgroup *req = payload;
	struct msg_one_fd facts = { 0 };
	AUTO(fd) int fd = -1;
	struct stat st;
	int err;

	if (!IPC_STR_OK(req->path))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "the path of the cgroup is not text");
	fd = open_below(o, req->path, O_PATH);
	if (fd == -ENOENT)
		return refuse_unknown(o, req->path);
	err = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : one_keep_caps(0);
	if (err)
		return one_refuse(o, IPC_INVALID_ARGUMENT, err, "/%s is not a cgroup: %s", req->path,
			strerrordesc_np(-err));
	facts.cgroup_id = st.st_ino;
	return one_answer(o, fd, &facts);
}

const struct one_op op_ONE_CGROUP = {
	.caps = CAP_BIT(DAC_READ_SEARCH),
	.dir_only = true,
	ONE_RULES_FIELDS,
	.prepare = prepare,
	.run = run,
};
