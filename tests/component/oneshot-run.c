/* SPDX-License-Identifier: Apache-2.0 */
#include "oneshot-run.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CAP(name) (1ULL << CAP_##name)

enum {
#define PROCESS(id, name, user, caps, start, kind) PROC_##id,
#include "bpfd/processes.def"
};
static const uint64_t bounding = CAP(SETUID) | CAP(SETGID) | CAP(SETPCAP) | CAP(SYS_CHROOT)
#define PROCESS(id, name, user, caps, start, kind) | (PROC_##id == PROC_ONESHOT ? (caps) : 0)
#include "bpfd/processes.def"
	;

static void
become_oneshot(int fd, enum ipc_role as)
{
	char exe[PATH_MAX], path[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n < 0)
		_exit(101);
	exe[n] = '\0';
	snprintf(path, sizeof(path), "%s/../../bpfd-oneshot", dirname(exe));
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(bounding & (1ULL << cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			_exit(102);
	if (fd == 3 ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, 3) < 0)
		_exit(103);
	syscall(SYS_close_range, 4, ~0U, 0);
	execl(path, "bpfd-oneshot", as == ROLE_SUP ? "sup" : "loader", NULL);
	_exit(104);
}

pid_t
one_start(enum ipc_role as, int *fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	pid = fork();
	if (pid == 0)
		become_oneshot(pair[1], as);
	close(pair[1]);
	*fd = pair[0];
	return pid;
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void
collect(struct chan *ch, struct one_run *out)
{
	struct chan_msg m;

	while (!out->answered && chan_wait(ch, &m, 5000) == 1) {
		if (m.hdr.type == IPC_ONE_PROG && out->n_progs < 8192)
			memcpy(&out->progs[out->n_progs++], m.payload, sizeof(out->progs[0]));
		if (m.hdr.type == IPC_ONE_RESULT)
			memcpy(&out->res, m.payload, sizeof(out->res));
		if (m.hdr.type == IPC_ONE_FD) {
			memcpy(&out->facts, m.payload, sizeof(out->facts));
			out->fd = m.fds[0];
		}
		if (m.hdr.type == IPC_ONE_LINK && out->n_links < 4096)
			memcpy(&out->links[out->n_links++], m.payload, sizeof(out->links[0]));
		if (m.hdr.type == IPC_ONE_HOLDER && out->n_holders < 4096)
			memcpy(&out->holders[out->n_holders++], m.payload, sizeof(out->holders[0]));
		out->answered = (m.hdr.type == IPC_ONE_FD || m.hdr.type == IPC_ONE_RESULT) && m.hdr.seq == 77;
	}
}

/* A zombie still says what it was allowed to. */
static void
bury(pid_t pid, struct one_run *out)
{
	char path[64];
	siginfo_t si;
	int fd;

	waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		ssize_t n = read(fd, out->status, sizeof(out->status) - 1);

		out->status[n > 0 ? n : 0] = '\0';
		close(fd);
	}
	waitpid(pid, &out->wait_status, 0);
}

void
one_run(enum ipc_role as, enum ipc_type type, const void *payload, const int *fds,
	struct one_run *out)
{
	uint64_t begin = now_ns();
	struct chan *ch;
	pid_t pid;
	int fd;

	memset(out, 0, sizeof(*out));
	out->fd = -1;
	pid = one_start(as, &fd);
	if (chan_new(fd, as, FROM_ONESHOT, &ch) < 0)
		abort();
	chan_set_phase(ch, PHASE_RUN);
	if (chan_send(ch, type, 77, payload, fds) < 0)
		abort();
	collect(ch, out);
	out->ns = now_ns() - begin;
	bury(pid, out);
	chan_free(ch);
}

uint64_t
one_status(const struct one_run *r, const char *key, int base)
{
	const char *at = strstr(r->status, key);

	return at ? strtoull(at + strlen(key) + 1, NULL, base) : UINT64_MAX;
}
