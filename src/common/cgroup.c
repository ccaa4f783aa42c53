/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/dir.h"

#define FREEZE_MS	2000
#define STEP_MS		50	/* a look between notices, in case one is not sent */
#define ROUND_NS	10000000
#define FREEZE_ROUNDS	200

int
cgroup_open(int root, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	long fd;

	if (root < 0)
		return -ENODEV;
	fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

int
cgroup_write(int dir, const char *name, const char *text)
{
	AUTO(fd) int fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* ---- processes ---- */

static int
each_here(int procs, int (*fn)(void *arg, int pid), void *arg)
{
	char buf[8192];
	size_t have = 0;
	ssize_t got;
	int err = 0;

	while (!err && (got = read(procs, buf + have, sizeof(buf) - 1 - have)) > 0) {
		char *p = buf, *nl;

		have += (size_t)got;
		buf[have] = '\0';
		for (; !err && (nl = strchr(p, '\n')) != NULL; p = nl + 1)
			err = fn(arg, atoi(p));
		have -= (size_t)(p - buf);
		memmove(buf, p, have);
	}
	return err;
}

int
cgroup_each_pid(int dir, int depth, int (*fn)(void *arg, int pid), void *arg)
{
	AUTO(fd) int procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	AUTO(fd) int list_fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(dir) DIR *list = NULL;
	int err;

	if (procs < 0 || list_fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	err = each_here(procs, fn, arg);
	if (err || depth == 0)
		return err;
	list = fdopendir(list_fd);
	if (!list)
		return -errno;
	list_fd = -1;
	for (struct dirent *d; !err && (d = readdir(list)) != NULL;) {
		AUTO(fd) int sub = -1;

		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		sub = openat(dir, d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (sub >= 0)
			err = cgroup_each_pid(sub, depth - 1, fn, arg);
	}
	return err;
}

/* ---- frozen ---- */

/* The file begins with the text, or has it somewhere. */
static bool
file_has(int dir, const char *name, const char *text)
{
	AUTO(fd) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char buf[256];
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (n <= 0)
		return false;
	buf[n] = '\0';
	return strstr(buf, text) != NULL;
}

bool
cgroup1_frozen(int dir)
{
	return file_has(dir, "freezer.state", "FROZEN");
}

bool
cgroup2_frozen(int dir)
{
	return file_has(dir, "cgroup.events", "frozen 1");
}

/* A cgroup that is FREEZING gets there only when it is asked again: cgroups/freezer-subsystem. */
int
cgroup1_freeze(int dir, bool freeze)
{
	const char *state = freeze ? "FROZEN" : "THAWED";
	int err = 0;

	for (int i = 0; i < FREEZE_ROUNDS && !err; i++) {
		err = cgroup_write(dir, "freezer.state", state);
		if (!err && file_has(dir, "freezer.state", state))
			return 0;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 0, ROUND_NS }, NULL);
	}
	if (!err && freeze)
		cgroup_write(dir, "freezer.state", "THAWED");	/* half frozen is the worst of it */
	return err ? err : -ETIMEDOUT;
}

int
cgroup2_wait(int dir, const char *line, int ms)
{
	AUTO(fd) int fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	char buf[256];

	if (fd < 0)
		return -errno;
	for (; ms > 0; ms -= STEP_MS) {
		ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

		if (n < 0)
			return errno == ENODEV ? 0 : -errno;	/* removed: nobody is in it */
		buf[n] = '\0';
		if (strstr(buf, line))
			return 0;
		poll(&p, 1, STEP_MS);
	}
	return -ETIMEDOUT;
}

int
cgroup2_freeze(int dir, bool freeze)
{
	int err = cgroup_write(dir, "cgroup.freeze", freeze ? "1" : "0");

	return err ? err : cgroup2_wait(dir, freeze ? "frozen 1" : "frozen 0", FREEZE_MS);
}
