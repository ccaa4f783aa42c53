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
#include "common/auto.h"
#include "common/cgroup.h"

#define ROUNDS		200
#define ROUND_NS	10000000

static void
a_while(void)
{
	clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ 0, ROUND_NS }, NULL);
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

struct killing {
	const struct worker *w;
	const char *path;
	unsigned int n;
};

static int
kill_each(void *arg, int pid)
{
	struct killing *k = arg;

	kill_one(k->w, pid, k->path);
	k->n++;
	return 0;
}

int
cgroup1_kill(const struct worker *w, int dir, const char *path, int freezer)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct killing k = { .w = w, .path = path };
		int err = cgroup_each_pid(dir, CGROUP_DEPTH, kill_each, &k);

		if (err || !k.n)
			return err;
		/* A frozen process dies when it thaws. */
		if (freezer >= 0 && cgroup1_frozen(freezer))
			cgroup_write(freezer, "freezer.state", "THAWED");
		a_while();
	}
	return -ETIMEDOUT;
}
