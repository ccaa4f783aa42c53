/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter on a socket of a process.  Attaching is done as the client, so the kernel answers whether
 * it may have that process's descriptors (ptrace(2), pidfd_getfd(2)); root may by SYS_PTRACE.  Taking
 * off what bpfd put on is not asked of anybody.  The socket stays in this process.
 */
#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oneshot/oneshot.h"

static const struct sandbox_rule attach_rules[] = {
#define SANDBOX_OP SANDBOX_OP_SOCKET
#include "oneshot/sandbox.def"
};
static const struct sandbox_rule detach_rules[] = {
#define SANDBOX_OP SANDBOX_OP_SOCKET_DETACH
#include "oneshot/sandbox.def"
};

/* The caller's descriptor, and what tells the socket from all others there were. */
static int
get_socket(const struct msg_socket *req, uint64_t *cookie)
{
	AUTO(fd) int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)req->pid, 0);
	AUTO(fd) int sock = -1;
	socklen_t len = sizeof(*cookie);

	if (pidfd < 0)
		return -errno;
	sock = (int)syscall(SYS_pidfd_getfd, pidfd, (int)req->fd, 0);
	if (sock < 0 || getsockopt(sock, SOL_SOCKET, SO_COOKIE, cookie, &len) < 0)
		return -errno;
	return TAKE_FD(sock);
}

static int
refuse_socket(struct oneshot *o, const struct msg_socket *req, uid_t uid, int err)
{
	if (err == -ESRCH || err == -EINVAL)
		return one_refuse(o, IPC_NOT_FOUND, err, "there is no process %u", req->pid);
	if (err == -EBADF)
		return one_refuse(o, IPC_NOT_FOUND, err, "process %u has no descriptor %u", req->pid, req->fd);
	if (err == -ENOTSOCK)
		return one_refuse(o, IPC_INVALID_ARGUMENT, err, "descriptor %u of process %u is not a socket",
			req->fd, req->pid);
	if (err == -EPERM)
		return one_refuse(o, IPC_PERMISSION_DENIED, err, "you (uid %u) may not have the descriptors of process "
			"%u: it is another user's, or has more rights than you, or its owner forbids ptrace(2)",
			uid, req->pid);
	return one_refuse(o, IPC_FAILED_PRECONDITION, err, "the socket cannot be had: %s", strerrordesc_np(-err));
}

/* EACCES: there is one, and it is of BPF. */
static bool
has_filter(int sock)
{
	socklen_t n = 0;

	return getsockopt(sock, SOL_SOCKET, SO_GET_FILTER, NULL, &n) < 0 ? errno == EACCES : n > 0;
}

static int
run_attach(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_socket *req = payload;
	struct msg_one_fd facts = { 0 };
	AUTO(fd) int sock = -1;
	uid_t uid = 0;
	int err = one_become_peer(fds[0], CAP_BIT(SYS_PTRACE), &uid);

	if (err)
		return one_refuse(o, IPC_INTERNAL, err, "cannot take the client's identity: %s",
			strerrordesc_np(-err));
	sock = get_socket(req, &facts.cookie);
	err = sock < 0 ? sock : one_keep_caps(0);
	if (err)
		return refuse_socket(o, req, uid, err);
	if (has_filter(sock))
		return one_refuse(o, IPC_ALREADY_EXISTS, -EEXIST, "the socket has a filter, and room for one only: "
			"whoever put it there has to take it off");
	if (req->flags & SOCKET_DRY_RUN)
		return one_facts(o, &facts);
	if (setsockopt(sock, SOL_SOCKET, SO_ATTACH_BPF, &fds[1], sizeof(fds[1])) < 0)
		return one_refuse(o, IPC_FAILED_PRECONDITION, -errno, errno == EPERM ?
			"the socket's filter is locked (SO_LOCK_FILTER)" : "the kernel refuses the filter: %m");
	return one_facts(o, &facts);
}

/* A process or socket that is gone has no filter of ours any more. */
static int
run_detach(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_socket *req = payload;
	struct msg_one_fd facts = { 0 };
	AUTO(fd) int sock = get_socket(req, &facts.cookie);

	one_keep_caps(0);
	if (sock == -EPERM)
		return one_refuse(o, IPC_FAILED_PRECONDITION, sock, "bpfd may not have the descriptors of process %u",
			req->pid);
	if (sock < 0 || facts.cookie != req->cookie)
		return one_facts(o, &facts);
	if (setsockopt(sock, SOL_SOCKET, SO_DETACH_BPF, &(int){ 0 }, sizeof(int)) < 0 && errno != ENOENT)
		return one_refuse(o, IPC_FAILED_PRECONDITION, -errno, errno == EPERM ?
			"the socket's filter is locked (SO_LOCK_FILTER)" : "the kernel does not take the filter off: %m");
	return one_facts(o, &facts);
}

const struct one_op op_ONE_SOCKET = {
	.caps = CAP_BIT(SETUID) | CAP_BIT(SETGID) | CAP_BIT(SYS_PTRACE),
	.rules = attach_rules, .n_rules = ARRAY_SIZE(attach_rules),
	.run = run_attach,
};

const struct one_op op_ONE_SOCKET_DETACH = {
	.caps = CAP_BIT(SYS_PTRACE),
	.rules = detach_rules, .n_rules = ARRAY_SIZE(detach_rules),
	.run = run_detach,
};
