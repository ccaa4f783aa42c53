/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "fetch/fetch.h"

/* The answer, unless the API has gone meanwhile. */
static int
wait_for(struct fetch *f, struct chan_msg *m, struct oci_why *why)
{
	struct pollfd p[] = { { .fd = chan_fd(f->sup), .events = POLLIN }, { .fd = chan_fd(f->api) } };
	int err;

	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	if (p[1].revents & (POLLHUP | POLLERR))
		return oci_refuse(why, -ECANCELED, "nobody waits for it any more");
	err = chan_wait(f->sup, m, -1);
	return err > 0 ? 0 : oci_refuse(why, -ECANCELED, "bpfd ends");
}

/* What a registry's own errors do not mean. */
static int
of_connection(int err)
{
	return err == -EACCES || err == -ETIMEDOUT ? err : -EHOSTUNREACH;
}

int
fetch_connect(void *arg, const char *host, uint16_t port, bool local, struct oci_why *why)
{
	struct fetch *f = arg;
	struct msg_fetch_connect want = { .port = port, .local = local || f->own_network };
	const struct msg_fetch_failed *no;
	struct chan_msg m;
	int err, fd = -1;

	if (snprintf(want.host, sizeof(want.host), "%s", host) >= (int)sizeof(want.host))
		return oci_refuse(why, -EHOSTUNREACH, "a name of a host is too long");
	err = chan_send(f->sup, IPC_FETCH_CONNECT, 0, &want, NULL);
	if (!err)
		err = wait_for(f, &m, why);
	if (err)
		return err;
	if (m.hdr.type == IPC_FETCH_SOCKET) {
		fd = TAKE_FD(m.fds[0]);
		if (local)
			f->own_network = ((const struct msg_fetch_socket *)m.payload)->own;
	} else if (m.hdr.type == IPC_FETCH_NO_SOCKET) {
		no = m.payload;
		err = oci_refuse(why, of_connection(no->err), "%s", IPC_STR_OK(no->text) ? no->text : "");
	} else {
		err = oci_refuse(why, -ECANCELED, "bpfd says %s", ipc_type_name(m.hdr.type));
	}
	chan_drop_fds(&m);
	return err ? err : fd;
}
