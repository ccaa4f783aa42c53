/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "actions/worker.h"
#include "common/auto.h"

#define PF_KTHREAD	0x00200000

/* Fields of /proc/PID/stat behind the name, which may hold anything but ends with the last ')'. */
enum { F_STATE = 3, F_PPID = 4, F_TASK_FLAGS = 9, F_START = 22 };

int
target_stat(int proc_fd, int pid, struct target *out)
{
	char path[32], buf[1024];
	AUTO(fd) int fd = -1;
	char *p, *save = NULL;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/stat", pid);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return -ESRCH;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	if (!p)
		return -EIO;
	*out = (struct target){ .pidfd = -1, .pid = pid };
	p = strtok_r(p + 1, " ", &save);
	for (int i = F_STATE; p && i <= F_START; i++, p = strtok_r(NULL, " ", &save)) {
		if (i == F_STATE)
			out->state = *p;
		else if (i == F_PPID)
			out->ppid = atoi(p);
		else if (i == F_TASK_FLAGS)
			out->kthread = strtoul(p, NULL, 10) & PF_KTHREAD;
		else if (i == F_START)
			out->start_ticks = strtoull(p, NULL, 10);
	}
	return p || out->start_ticks ? 0 : -EIO;
}

int
target_open(int proc_fd, const struct ev_hdr *ev, struct target *out)
{
	AUTO(fd) int fd = -1;
	int err;

	if (proc_fd < 0)
		return -ENOTDIR;
	if (ev->tgid > INT32_MAX || !ev->start)
		return -EINVAL;
	/*
	 * First the descriptor, then the look: whatever has the number at the look and began when the
	 * event's process did is what the descriptor is of.  Of one that began later we know by that.
	 */
	fd = (int)syscall(SYS_pidfd_open, (pid_t)ev->tgid, 0);
	if (fd < 0)
		return -errno;
	err = target_stat(proc_fd, (int)ev->tgid, out);
	if (err)
		return err;
	/* As the kernel rounds it: fs/proc/array.c, nsec_to_clock_t() of start_boottime. */
	if (out->start_ticks != ev->start / TARGET_TICK_NS || out->state == 'Z' || out->state == 'X')
		return -ESRCH;
	out->pidfd = TAKE_FD(fd);
	return 0;
}

static bool
listed(const struct conf_PATTERNS *list, const char *name)
{
	for (uint32_t i = 0; i < list->n && i < CONFIG_PATTERNS_MAX; i++)
		if (fnmatch(list->glob[i], name, 0) == 0)
			return true;
	return false;
}

/* The last component of a path; a deleted file's name ends as the kernel says it. */
static void
base_name(const char *path, size_t len, char *out, size_t room)
{
	const char *slash = memrchr(path, '/', len), *from = slash ? slash + 1 : path;
	size_t n = (size_t)(path + len - from);

	snprintf(out, room, "%.*s", (int)(n < room ? n : room - 1), from);
}

const char *
target_protected(const struct worker *w, const struct event *e, const struct target *t)
{
	const struct rec_ctx *c = e->ctx;
	char name[128];

	if (t->pid <= 1 || t->kthread || t->ppid == 2)
		return "init and the kernel's own are never touched";
	if (t->pid == getpid() || t->pid == getppid() || t->ppid == getppid() || t->ppid == getpid())
		return "it is bpfd's own";
	/* The kernel's word for what it runs; its name (comm) is the process's own to choose. */
	if (!c->exe.len)
		return "what it runs is not known";
	base_name((const char *)c + c->exe.off, c->exe.len, name, sizeof(name));
	return listed(&w->cfg->actions_protect, name) ? "its executable is in actions.protect" : NULL;
}
