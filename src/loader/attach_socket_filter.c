/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter on a socket of a process: an application's own, which it may not load a program for, or a
 * server's.  The hook has no kernel link and lives as long as the socket; the pin is the program, and
 * its name says where it is.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "loader/attach_hook.h"
#include "loader/attach_suffix.h"
#include "loader/oneshot.h"

static int
read_target(const char *target, struct msg_socket *req, struct msg_result *res)
{
	unsigned int pid = 0, fd = 0;
	char again[48] = "";

	/* Written again, for sscanf() takes signs and white space. */
	if (sscanf(target, "pid:%9u/fd:%9u", &pid, &fd) == 2)
		snprintf(again, sizeof(again), "pid:%u/fd:%u", pid, fd);
	if (!pid || strcmp(again, target) != 0)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "%s is not pid:N/fd:M, a process and the number "
			"that its socket has there", target);
	*req = (struct msg_socket){ .pid = pid, .fd = fd };
	return 0;
}

static int
same_socket(void *arg, const struct msg_link_facts *l)
{
	const struct msg_link_facts *want = arg;

	return l->prog_id == want->prog_id && strcmp(l->kind, want->kind) == 0 &&
	       strcmp(l->target, want->target) == 0;
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct attach_suffix suffix = { .kind = ATTACH_SUFFIX_SOCKET, .priority = (uint16_t)out->facts.priority,
		.prog_id = in->req->prog_id };
	const int fds[] = { in->who->client, in->prog_fd };
	struct msg_one_fd facts;
	struct msg_socket req;
	int err = read_target(in->req->target, &req, res);

	if (err)
		return err;
	req.flags = in->req->flags & ATTACH_DRY_RUN ? SOCKET_DRY_RUN : 0;
	err = oneshot_do(in->ld, IPC_ONE_SOCKET, &req, fds, &facts, res);
	if (err == -EEXIST && loader_links_each(in->ld, same_socket, &out->facts))
		return result_set(res, IPC_ALREADY_EXISTS, -EEXIST, "program %u is attached to %s already",
			in->req->prog_id, in->req->target);
	if (err)
		return err;
	strcpy(out->facts.backend, "socket");
	out->facts.object_id = facts.cookie;
	suffix.pid = req.pid;
	suffix.fd = req.fd;
	suffix.cookie = facts.cookie;
	attach_suffix_write(&suffix, out->pin_suffix);
	return 0;
}

int
attach_socket_off(struct loader *ld, const struct attach_suffix *s, struct msg_result *res)
{
	const struct msg_socket req = { .pid = s->pid, .fd = s->fd, .cookie = s->cookie };
	struct msg_one_fd facts;

	return oneshot_do(ld, IPC_ONE_SOCKET_DETACH, &req, NULL, &facts, res);
}

const struct attach_kind attach_kind_socket_filter = {
	.name = "socket_filter",
	.target = "pid:N/fd:M",
	.help = "what a socket of a process receives; of a process that the client may ptrace(2)",
	.prog_types = PROG_BIT(SOCKET_FILTER),
	.takes = TAKES_TARGET,
	.attach = attach,
};
