/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has a checkpoint of a container written.  Who does it is started by init, for one connection to
 * checkpoint.sock (systemd/bpfd-checkpoint.socket), or by a starter of our own: never by us, because
 * it would be under our filter, and the kernel then lets criu look behind no container's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/log.h"

struct starter {
	struct task task;
	struct chan *ch;
};

/* init's socket, or -errno.  Whoever listens there must be root. */
static int
connect_to(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	AUTO(fd) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct ucred peer;
	socklen_t len = sizeof(peer);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	return peer.uid == 0 ? TAKE_FD(fd) : -EPERM;
}

static int
from_starter(struct sup *s)
{
	int sv[2], err;

	if (!s->starter)
		return -ENOENT;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	err = chan_send_nonblock(s->starter->ch, IPC_CHECKPOINT_SPAWN, 0, &(struct msg_none){}, &sv[1]);
	close(sv[1]);
	if (err)
		close(sv[0]);
	return err ? err : sv[0];
}

/* The request lies in the channel before its worker has the other end. */
static int
hand_over(struct child *worker, uint32_t seq, const struct msg_checkpoint *m, int fd)
{
	const struct sup *s = worker->task.sup;
	const struct lasting *l = &s->lasting;
	const int root = m->hierarchy == 1 ? l->cgroup1[CGROUP1_FREEZER] : l->cgroup2;
	struct chan *ch;
	int err = chan_new(fd, ROLE_SUP, FROM_CHECKPOINT, &ch);

	if (err)
		return err;
	err = root < 0 ? -ENODEV : chan_send_nonblock(ch, IPC_CHECKPOINT, seq, m,
		(int[]){ s->cfg_fd, l->actions, l->checkpoint_dir, root });
	fd = chan_fd(ch);
	if (!err)
		err = child_say(worker, IPC_CHECKPOINT_HELPER, seq, &(struct msg_none){}, &fd);
	chan_free(ch);
	return err;
}

static const char *
why_not(const struct sup *s)
{
	if (!s->cfg->actions_allow_enforce || !s->cfg->actions_allow_checkpoint)
		return "actions.allow_checkpoint is off";
	return s->lasting.checkpoint_dir < 0 ? "there is no folder for it, see the log of bpfd's start" : NULL;
}

int
checkpoint_begin(struct child *worker, uint32_t seq, const struct msg_checkpoint *m)
{
	struct sup *s = worker->task.sup;
	struct msg_checkpoint_none none = { 0 };
	const char *why = why_not(s);
	int fd = -1;

	if (worker->id != PROC_CLASS(CLASS_CHECKPOINT))
		return -EPROTO;
	if (!why) {
		fd = connect_to(s->paths.checkpoint_sock);
		if (fd == -ENOENT || fd == -ECONNREFUSED)
			fd = from_starter(s);
		none.err = fd < 0 ? fd : hand_over(worker, seq, m, fd);
		if (!none.err)
			return 0;
		why = none.err == -ENOENT ? "nobody starts bpfd-checkpoint: enable bpfd-checkpoint.socket, or restart bpfd" :
			none.err == -ENODEV ? "there is no freezer in the container's hierarchy" :
			"bpfd-checkpoint cannot be started";
	}
	snprintf(none.text, sizeof(none.text), "%s", why);
	return child_say(worker, IPC_CHECKPOINT_NONE, seq, &none, NULL);
}

/* ---- the starter ---- */

static void
on_ended(struct task *t, int status)
{
	struct starter *st = (struct starter *)t;	/* its first member */

	if (!t->sup->stopping)
		log_warn("checkpoint.starter", "%s: no checkpoint can be written until bpfd is started again",
			proc_death(status));
	t->sup->starter = NULL;
	chan_free(st->ch);
	free(st);
}

static int
start(struct sup *s)
{
	struct proc_start ps = { .id = PROC_CHECKPOINT };
	struct starter *st = calloc(1, sizeof(*st));
	int sv[2], err;

	if (!st || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0) {
		free(st);
		return -errno;
	}
	st->task.sup = s;
	st->task.ended = on_ended;
	ps.channel = sv[1];
	err = chan_new(sv[0], ROLE_SUP, FROM_CHECKPOINT, &st->ch);
	if (!err)
		err = task_start(&st->task, &ps);
	close(sv[1]);
	if (err) {
		chan_free(st->ch);
		free(st);
		return err;
	}
	s->starter = st;
	return 0;
}

void
checkpoint_start(struct sup *s)
{
	int err;

	if (!s->cfg->actions_allow_enforce || !s->cfg->actions_allow_checkpoint ||
	    access(s->paths.checkpoint_sock, F_OK) == 0)
		return;
	err = start(s);
	if (err)
		log_err(err, "checkpoint.starter", "no checkpoint can be written");
}

void
checkpoint_tell(struct sup *s, uint32_t seq)
{
	if (s->starter)
		child_tell(&s->children[API], seq, &s->starter->task, 0, 0);
}

/* It ends with its channel. */
void
checkpoint_stop(struct sup *s)
{
	if (s->starter)
		task_kill(&s->starter->task);
}
