/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads of the tracers of processes. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "loads.h"
#include "spawn.h"

static char nothing[PATH_MAX], cgroup[PATH_MAX];

static bool
find_nothing(void)
{
	return spawn_find(nothing);
}

static bool
spawn(void)
{
	return spawn_wait(nothing);
}

static bool
find_cgroup(void)
{
	static const char *const at[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		snprintf(cgroup, sizeof(cgroup), "%s/cgroup.procs", at[i]);
		if (access(cgroup, F_OK))
			continue;
		snprintf(cgroup, sizeof(cgroup), "%s/bpfd-loads-%d", at[i], getpid());
		return true;
	}
	return false;
}

static bool
make_cgroup(void)
{
	return !mkdir(cgroup, 0700) && !rmdir(cgroup);
}

static bool
ignore(void)
{
	return signal(SIGUSR1, SIG_IGN) != SIG_ERR;
}

static bool
send_signal(void)
{
	return !kill(getpid(), SIGUSR1);
}

static bool
read_other(void)
{
	static char bytes[8];
	struct iovec here = { bytes, sizeof(bytes) }, there = { nothing, sizeof(bytes) };

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == sizeof(bytes);
}

static bool
change_user(void)
{
	return !syscall(SYS_setresuid, -1, 1, -1) && !syscall(SYS_setresuid, -1, 0, -1);
}

static bool
make_uts(void)
{
	return !unshare(CLONE_NEWUTS);
}

static bool
map_to_execute(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED && !munmap(p, 4096);
}

static bool
change_root(void)
{
	return !chroot("/");
}

const struct load loads_processes[] = {
	{ "exec", "spawn, exec, exit", 10, find_nothing, spawn, NULL },
	{ "exit", "spawn, exec, exit", 10, find_nothing, spawn, NULL },
	{ "fork", "spawn, exec, exit", 10, find_nothing, spawn, NULL },
	{ "cgroup", "mkdir, rmdir of a cgroup", 5, find_cgroup, make_cgroup, NULL },
	{ "signal", "kill of itself, ignored", 500, ignore, send_signal, NULL },
	{ "ptrace", "process_vm_readv of itself", 500, NULL, read_other, NULL },
	{ "creds", "seteuid, and back", 200, NULL, change_user, NULL },
	{ "ns", "unshare of UTS names", 100, NULL, make_uts, NULL },
	{ "mem", "mmap to execute, munmap", 200, NULL, map_to_execute, NULL },
	{ "capable", "chroot", 500, NULL, change_root, NULL },
	{ .tracer = NULL },
};
