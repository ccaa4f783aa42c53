/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfd/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/log.h"

#define CAP(name)	(1ULL << CAP_##name)

const struct proc_info proc_infos[N_PROCS] = {
#define PROCESS(id, name, user, caps, start, kind)                                                 \
	[PROC_##id] = { name, user, (caps) | (start) | PROC_SEAL_CAPS, caps, PROC_KIND_##kind },
#include "bpfd/processes.def"
};

uint64_t
proc_all_caps(void)
{
	uint64_t all = 0;

	for (size_t i = 0; i < N_PROCS; i++)
		all |= proc_infos[i].kind == PROC_KIND_EARLY ? 0 : proc_infos[i].caps;
	return all;
}

static size_t
binary_len(const struct proc_info *info)
{
	return strcspn(info->name, "/");
}

static int
open_executable(const char *dir, const struct proc_info *info)
{
	char path[PATH_MAX];
	AUTO(fd) int fd = -1;
	struct stat st;

	if ((size_t)snprintf(path, sizeof(path), "%s/%.*s", dir, (int)binary_len(info), info->name) >=
		sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return -ENOENT;
	return TAKE_FD(fd);
}

int
proc_open_all(int fds[N_PROCS])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n < 0)
		return log_err(-errno, "start.executables", "path=/proc/self/exe");
	self[n] = '\0';
	slash = strrchr(self, '/');
	*(slash ? slash : self) = '\0';
	for (size_t i = 0; i < N_PROCS; i++) {
		const struct proc_info *info = &proc_infos[i];

		fds[i] = open_executable(self, info);
		if (fds[i] < 0)
			fds[i] = open_executable(BPFD_LIBEXECDIR, info);
		if (fds[i] < 0)
			return log_err(fds[i], "start.executables",
				"name=%s it is neither in %s nor in %s; is bpfd installed or built whole?",
				info->name, self, BPFD_LIBEXECDIR);
	}
	return 0;
}

/* Above the four that the new process gets, so that none is overwritten before it is copied. */
static int
out_of_the_way(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 16);
}

static int
place_fds(const struct proc_start *s, int *exe)
{
	int from[4] = { out_of_the_way(s->in), out_of_the_way(s->out), out_of_the_way(s->log),
		out_of_the_way(s->channel) };

	*exe = out_of_the_way(s->exe);
	if (*exe < 0)
		return -errno;
	for (int i = 0; i < 4; i++)
		if (from[i] < 0 || dup2(from[i], i) < 0)
			return -errno;
	/* The executable itself must stay open until it is started. */
	return syscall(SYS_close_range, 4, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

static int
drop_bounding(uint64_t keep)
{
	for (int cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(keep & (1ULL << cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	return 0;
}

static void
reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int sig = 1; sig < SIGRTMIN; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the new process; returns only when it fails. */
static int
become(const struct proc_start *s)
{
	const struct proc_info *info = &proc_infos[s->id];
	const char *arg = info->name + binary_len(info);
	char binary[32] = "";
	char *argv[6] = { binary };
	char *envp[1] = { NULL };
	int exe = -1, err, n = 1;

	snprintf(binary, sizeof(binary), "%.*s", (int)binary_len(info), info->name);
	if (*arg)
		argv[n++] = (char *)arg + 1;
	for (size_t i = 0; i < ARRAY_SIZE(s->args) && s->args[i]; i++)
		argv[n++] = (char *)s->args[i];
	setpgid(0, 0);
	reset_signals();
	err = place_fds(s, &exe);
	if (!err)
		err = drop_bounding(info->caps & ~(s->harmless ? info->own & ~PROC_SEAL_CAPS : 0));
	if (err)
		return err;
	syscall(SYS_execveat, exe, "", argv, envp, AT_EMPTY_PATH);
	return -errno;
}

/*
 * By vfork(): nothing is copied for a process that becomes another program at once, and it is there, on whatever
 * processor is free, when we go on.  Of our memory it writes only its part of the stack, errno and failed.
 */
int
proc_run(const struct proc_start *s, pid_t *pid)
{
	volatile int failed = 0;
	pid_t child = vfork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		failed = become(s);
		_exit(127);
	}
	if (failed) {
		waitpid(child, NULL, 0);
		return log_err(failed, "child.exec", "name=%s", proc_infos[s->id].name);
	}
	*pid = child;
	return 0;
}

const char *
proc_death(int wait_status)
{
	static char text[96];

	if (WIFEXITED(wait_status))
		snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(wait_status));
	else if (WTERMSIG(wait_status) == SIGSYS)
		snprintf(text, sizeof(text), "killed by SIGSYS: a system call that its sandbox denies");
	else
		snprintf(text, sizeof(text), "killed by SIG%s",
			sigabbrev_np(WTERMSIG(wait_status)) ? sigabbrev_np(WTERMSIG(wait_status)) : "?");
	return text;
}
