/* SPDX-License-Identifier: Apache-2.0 */
/* Which process of a container is its first: what criu begins with. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checkpoint/checkpoint.h"
#include "common/auto.h"
#include "common/cgroup.h"

#define TASKS_MAX	16384	/* processes of one container */

struct tasks {
	struct { int pid; struct task_facts facts; } *t;
	size_t n;
	pid_t peer;
	bool ours;
};

/* What follows the key at the beginning of a line, or NULL. */
static const char *
line_of(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, key, len) == 0)
			return at + len;
	return NULL;
}

bool
target_status(const char *text, struct task_facts *out)
{
	const char *ppid = line_of(text, "PPid:\t"), *ns = line_of(text, "NSpid:\t");
	struct task_facts f = { 0 };

	if (!ppid || !ns)
		return false;
	f.ppid = (int)strtol(ppid, NULL, 10);
	for (const char *at = ns;;) {
		char *end;

		f.inner = (int)strtol(at, &end, 10);
		if (end == at || f.inner <= 0 || f.ppid < 0)
			return false;
		f.depth++;
		if (*end != '\t')
			break;
		at = end + 1;
	}
	*out = f;
	return true;
}

/* One that has ended meanwhile is none of the container's. */
static int
add_task(void *arg, int pid)
{
	struct tasks *all = arg;
	char path[32], text[4096];
	AUTO(fd) int fd = -1;
	ssize_t n;

	if (pid == getpid() || pid == getppid() || pid == all->peer || pid == 1)
		all->ours = true;
	if (all->n == TASKS_MAX)
		return -E2BIG;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	all->t[all->n].pid = pid;
	all->n += target_status(text, &all->t[all->n].facts);
	return 0;
}

static bool
among(const struct tasks *all, int pid)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->t[i].pid == pid)
			return true;
	return false;
}

/* The first one of a process namespace of its own, the outermost; else the only one whose parent is
 * outside.  0: neither is there. */
static int
first_of(const struct tasks *all)
{
	int init = 0, depth = 0, root = 0, roots = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct task_facts *f = &all->t[i].facts;

		if (f->depth > 1 && f->inner == 1 && (!init || f->depth < depth)) {
			init = all->t[i].pid;
			depth = f->depth;
		}
		if (!among(all, f->ppid)) {
			root = all->t[i].pid;
			roots++;
		}
	}
	return init ? init : roots == 1 ? root : 0;
}

static int
is_it(void *arg, int pid)
{
	return pid == *(const int *)arg ? 1 : 0;
}

/* What the descriptor is of is in the cgroup: the number was not another one's meanwhile. */
static int
hold(int cgroup, int pid)
{
	AUTO(fd) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return -errno;
	if (cgroup_each_pid(cgroup, CGROUP_DEPTH, is_it, &pid) != 1 || poll(&ended, 1, 0) != 0)
		return -ESRCH;
	return TAKE_FD(fd);
}

int
target_find(int cgroup, pid_t peer, struct target *out, struct reason *why)
{
	AUTO(mem) void *room = calloc(TASKS_MAX, sizeof(*((struct tasks *)NULL)->t));
	struct tasks all = { .t = room, .peer = peer };
	int err = room ? cgroup_each_pid(cgroup, CGROUP_DEPTH, add_task, &all) : -ENOMEM, pid;

	if (err)
		return reason_set(why, err, "its processes cannot be listed");
	if (all.ours) {
		reason_set(why, 0, "bpfd itself runs there");
		why->outcome = OUTCOME_PROTECTED;
		return -1;
	}
	pid = first_of(&all);
	if (!pid) {
		reason_set(why, all.n ? 0 : -ESRCH, all.n ? "its processes are no tree with one first process" :
			"no process is left in it");
		why->outcome = all.n ? OUTCOME_FAILED : OUTCOME_GONE;
		return -1;
	}
	out->pidfd = hold(cgroup, pid);
	if (out->pidfd < 0)
		return reason_set(why, out->pidfd, "its first process ended meanwhile");
	out->pid = pid;
	return 0;
}
