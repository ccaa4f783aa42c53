/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "actions/cgroup.h"
#include "common/dir.h"

#define DEPTH		8	/* of cgroups below the container's that are looked into */
#define ROUNDS		200
#define ROUND_NS	10000000
#define FREEZE_ROUNDS	200

static void
a_while(void)
{
	clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 0, ROUND_NS }, NULL);
}

static bool
state_is(int dir, const char *state)
{
	AUTO(fd) int fd = openat(dir, "freezer.state", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char buf[32];
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (n <= 0)
		return false;
	buf[n] = '\0';
	return strncmp(buf, state, strlen(state)) == 0;
}

/* A cgroup that is FREEZING gets there only when it is asked again: cgroups/freezer-subsystem. */
int
cgroup1_freeze(int dir, bool freeze)
{
	const char *state = freeze ? "FROZEN" : "THAWED";
	int err = 0;

	for (int i = 0; i < FREEZE_ROUNDS && !err; i++) {
		err = cgroup_write(dir, "freezer.state", state);
		if (!err && state_is(dir, state))
			return 0;
		a_while();
	}
	if (!err && freeze)
		cgroup_write(dir, "freezer.state", "THAWED");	/* half frozen is the worst of it */
	return err ? err : -ETIMEDOUT;
}

/* /proc/PID/cgroup has a line that ends in the path, or goes on below it. */
static bool
belongs(const struct worker *w, int pid, const char *path)
{
	char name[32], buf[8192], *save = NULL;
	size_t len = strlen(path);
	AUTO(fd) int fd = -1;
	ssize_t n;

	snprintf(name, sizeof(name), "%d/cgroup", pid);
	fd = openat(w->fd[ACTION_FD_PROC], name, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	for (char *line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *at = strstr(line, ":/");

		if (at && strncmp(at + 2, path, len) == 0 && (!at[2 + len] || at[2 + len] == '/'))
			return true;
	}
	return false;
}

/* The descriptor first, then the look: the one that is looked at is the one that is killed, or it
 * has ended. */
static void
kill_one(const struct worker *w, int pid, const char *path)
{
	AUTO(fd) int fd = pid > 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (fd >= 0 && pid != getpid() && pid != getppid() && belongs(w, pid, path))
		(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
}

/* Processes in this cgroup and below, each killed; *n is raised by their number. */
static int
kill_below(const struct worker *w, int dir, const char *path, int depth, unsigned int *n)
{
	AUTO(fd) int procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	AUTO(fd) int list_fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(dir) DIR *list = NULL;
	char buf[8192];
	size_t have = 0;
	ssize_t got;

	if (procs < 0 || list_fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	while ((got = read(procs, buf + have, sizeof(buf) - 1 - have)) > 0) {
		char *p = buf, *nl;

		have += (size_t)got;
		buf[have] = '\0';
		for (; (nl = strchr(p, '\n')) != NULL; p = nl + 1, ++*n)
			kill_one(w, atoi(p), path);
		have -= (size_t)(p - buf);
		memmove(buf, p, have);
	}
	if (depth == 0)
		return 0;
	list = fdopendir(list_fd);
	if (!list)
		return -errno;
	list_fd = -1;
	for (struct dirent *d; (d = readdir(list)) != NULL;) {
		AUTO(fd) int sub = -1;

		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		sub = openat(dir, d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (sub >= 0)
			kill_below(w, sub, path, depth - 1, n);
	}
	return 0;
}

int
cgroup1_kill(const struct worker *w, int dir, const char *path, int freezer)
{
	for (int i = 0; i < ROUNDS; i++) {
		unsigned int n = 0;
		int err = kill_below(w, dir, path, DEPTH, &n);

		if (err || !n)
			return err;
		/* A frozen process dies when it thaws. */
		if (freezer >= 0 && !state_is(freezer, "THAWED"))
			cgroup_write(freezer, "freezer.state", "THAWED");
		a_while();
	}
	return -ETIMEDOUT;
}
