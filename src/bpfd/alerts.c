/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the workers that send alerts are given: a spool for each instance, its secrets, and
 * connections to its own host, which the table of actions says and they do not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bpfd/sup.h"
#include "bpfd/trusted.h"
#include "common/auto.h"
#include "common/log.h"

AUTO_DEFINE(actions, const struct action_table *, action_table_free)

static uint32_t
class_of(const struct child *c)
{
	return (uint32_t)(c - &c->task.sup->children[WORKERS]);
}

/* Its whole size is there from the start, so that no full disk is met later.  One that is larger
 * than the configuration says now keeps its size: it may hold more. */
static int
open_spool(const struct sup *s, const struct action_def *a)
{
	AUTO(fd) int fd = s->lasting.spool_dir < 0 ? -1 : openat(s->lasting.spool_dir, a->name,
		O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	const off_t size = (off_t)(a->net.spool_bytes & ~4095ULL);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno ? -errno : -ENOENT;
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_nlink != 1 || (st.st_mode & 077))
		return -EPERM;
	if (st.st_size < size && fallocate(fd, 0, 0, size) < 0 && (errno != EOPNOTSUPP || ftruncate(fd, size) < 0))
		return -errno;
	return TAKE_FD(fd);
}

static int
give(struct child *c, enum action_fd_kind kind, uint32_t index, int fd)
{
	const struct msg_action_fd m = { .kind = kind, .index = index };

	return child_say(c, IPC_ACTION_FD, 0, &m, &fd);
}

/* One that is named and cannot be had is missed by the worker, which sends nothing then. */
static int
give_file(struct child *c, enum action_fd_kind kind, uint32_t index, const char *path, bool secret)
{
	AUTO(fd) int fd = path[0] ? trusted_open(path, secret) : -1;

	if (path[0] && fd < 0)
		log_err(fd, "alerts.file", "path=%s%s", path, trusted_want(fd, secret));
	return fd < 0 ? 0 : give(c, kind, index, fd);
}

static int
give_ca(struct child *c, uint32_t index, const struct action_def *a)
{
	AUTO(fd) int fd = -1;

	if (a->net.ca_file[0])
		return give_file(c, ACTION_FD_CA, index, a->net.ca_file, false);
	fd = a->net.tls == NET_PLAIN ? -1 : trusted_ca();
	return fd < 0 ? 0 : give(c, ACTION_FD_CA, index, fd);
}

static int
give_instance(struct child *c, uint32_t index, const struct action_def *a)
{
	AUTO(fd) int spool = open_spool(c->task.sup, a);
	int err = 0;

	if (spool < 0)
		log_err(spool, "alerts.spool", "action=%s bytes=%llu its alerts are kept in memory only: they do not outlive "
			"bpfd-alert", a->name, (unsigned long long)a->net.spool_bytes);
	else
		err = give(c, ACTION_FD_SPOOL, index, spool);
	if (!err)
		err = give_file(c, ACTION_FD_SECRET, index, a->net.secret_file, true);
	if (!err)
		err = give_file(c, ACTION_FD_TOKEN, index, a->net.token_file, true);
	return err ? err : give_ca(c, index, a);
}

int
alerts_give(struct child *c)
{
	AUTO(actions) const struct action_table *t = NULL;
	int err = 0;

	if (class_of(c) != CLASS_WEB && class_of(c) != CLASS_MAIL)
		return 0;
	err = action_table_receive(c->task.sup->lasting.actions, &t);
	for (uint32_t i = 0; !err && i < t->n; i++)
		if (action_types[t->a[i].type].class == class_of(c))
			err = give_instance(c, i, &t->a[i]);
	return err;
}

static void
answer(void *arg, uint32_t seq, const struct msg_connected *m, int sock)
{
	child_say(arg, sock < 0 ? IPC_ACTION_NOT_CONNECTED : IPC_ACTION_CONNECTED, seq, m, sock < 0 ? NULL : &sock);
}

/* A socket of this host's: there is no name to be looked up, and nobody to be asked. */
static int
local_socket(const char *path, struct msg_connected *m)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	AUTO(fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && strlen(path) < sizeof(sun.sun_path)) {
		strcpy(sun.sun_path, path);
		if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
			return TAKE_FD(fd);
	}
	m->err = fd >= 0 && strlen(path) >= sizeof(sun.sun_path) ? -ENAMETOOLONG : -errno;
	snprintf(m->text, sizeof(m->text), "%.80s: %s", path, strerrordesc_np(-m->err));
	return -1;
}

int
alerts_connect(struct child *c, uint32_t seq, const struct msg_action_connect *m)
{
	AUTO(actions) const struct action_table *t = NULL;
	struct connect_want want = { .arg = c, .seq = seq, .answer = answer };
	struct msg_connected no = { 0 };
	const struct action_def *a;

	if (action_table_receive(c->task.sup->lasting.actions, &t) || m->index >= t->n)
		return -EPROTO;
	a = &t->a[m->index];
	if (!action_is_net(a) || action_types[a->type].class != class_of(c))
		return -EPROTO;
	if (a->net.host[0] == '/') {
		AUTO(fd) int sock = local_socket(a->net.host, &no);

		answer(c, seq, &no, sock);
		return 0;
	}
	want.port = (uint16_t)a->net.port;
	snprintf(want.host, sizeof(want.host), "%s", a->net.host);
	no.err = connect_begin(c->task.sup, &want);
	if (!no.err)
		return 0;
	snprintf(no.text, sizeof(no.text), no.err == -EAGAIN ? c->task.sup->cfg->network_connections ?
		"as many connections as network.connections allows are being made already" :
		"network.connections is 0: bpfd connects to nobody" :
		"no connection can be made now");
	answer(c, seq, &no, -1);
	return 0;
}
