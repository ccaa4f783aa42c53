/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which programs are pinned where.  DAC_READ_SEARCH alone: a pin is its owner's, and a program's can
 * be opened read-only.  One of a link cannot, so links' pins are not looked into: that would take
 * the right to write any file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bpf_compat.h"
#include "common/dir.h"
#include "common/mountinfo.h"
#include "oneshot/holders.h"

#define DEPTH_MAX 8

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_PINS
#include "oneshot/sandbox.def"
};

static char points[ONE_MOUNTS_MAX][IPC_TARGET_MAX];
static dev_t devs[ONE_MOUNTS_MAX];

/* A file system that is mounted twice is looked at once. */
static int
take_bpffs(void *arg, const struct mountinfo *m)
{
	struct oneshot *o = arg;
	AUTO(fd) int fd = -1;
	struct stat st;

	if (strcmp(m->type, "bpf") != 0 || strlen(m->point) >= sizeof(points[0]))
		return 0;
	fd = open(m->point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	for (size_t i = 0; i < o->n_mounts; i++)
		if (devs[i] == st.st_dev)
			return 0;
	strcpy(points[o->n_mounts], m->point);
	devs[o->n_mounts] = st.st_dev;
	o->mounts[o->n_mounts++] = TAKE_FD(fd);
	return o->n_mounts == ONE_MOUNTS_MAX;
}

static int
prepare(struct oneshot *o)
{
	o->dir = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	mountinfo_each(take_bpffs, o);
	return 0;
}

/* name lies in the working directory. */
static int
look_at(struct oneshot *o, struct holders *h, const char *name, const char *path)
{
	union bpf_attr attr;
	struct bpf_prog_info info;
	AUTO(fd) int fd = -1;
	char number[16];

	memset(&attr, 0, sizeof(attr));
	memset(&info, 0, sizeof(info));
	attr.pathname = (uint64_t)(uintptr_t)name;
	attr.file_flags = BPF_F_RDONLY;
	fd = compat_bpf(BPF_OBJ_GET, &attr, sizeof(attr));
	snprintf(number, sizeof(number), "%d", fd);
	if (fd < 0 || !holders_is(o->dir, number, "anon_inode:bpf-prog") ||
	    compat_obj_info(fd, &info, sizeof(info)) < 0)
		return 0;
	return holders_add(h, info.id, 0, 0, path);
}

/* path: of the directory at, with room for what is below it. */
static int
walk(struct oneshot *o, struct holders *h, int at, char path[IPC_PATH_MAX], unsigned int depth)
{
	AUTO(dir) DIR *dir = fdopendir(at);
	size_t len = strlen(path);
	const struct dirent *e;
	int err = 0;

	if (!dir) {
		close(at);
		return 0;
	}
	while (!err && !holders_full(h) && (e = readdir(dir))) {
		int n = snprintf(path + len, IPC_PATH_MAX - len, "/%s", e->d_name);

		if (e->d_name[0] == '.' || n < 0 || (size_t)n >= IPC_PATH_MAX - len)
			continue;
		if (e->d_type == DT_REG && fchdir(dirfd(dir)) == 0) {
			err = look_at(o, h, e->d_name, path);
		} else if (e->d_type == DT_DIR && depth < DEPTH_MAX) {
			int below = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			err = below < 0 ? 0 : walk(o, h, below, path, depth + 1);
		}
	}
	path[len] = '\0';
	return err;
}

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	struct holders h;
	char path[IPC_PATH_MAX];
	int err = 0;

	holders_begin(&h);
	for (size_t i = 0; i < o->n_mounts && !err; i++) {
		int at = openat(o->mounts[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		snprintf(path, sizeof(path), "%s", points[i]);
		err = at < 0 ? 0 : walk(o, &h, at, path, 1);
	}
	return holders_send(o, &h, err);
}

const struct one_op op_ONE_PINS = {
	.caps = CAP_BIT(DAC_READ_SEARCH),
	.dir_only = true,
	ONE_RULES_FIELDS,
	.prepare = prepare,
	.run = run,
};
