/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfd-connect: one connection.  It gets host and port from the supervisor, gives it the connected
 * socket, and ends.  No other process of bpfd looks a name up or makes a socket of the internet.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "connect/connect.h"
#include "ipc/chan.h"

#define CONTROL_FD	3
#define N_FILES		32
#define CPU_S		5
#define DNS_PORT	53

static const struct sandbox_rule rules[] = {
#include "connect/sandbox.def"
};

/* What libc reads to look a name up; links in their place are followed now. */
static const char *const files[] = { "/etc/hosts", "/etc/resolv.conf", "/etc/gai.conf", "/etc/host.conf",
	"/etc/nsswitch.conf" };

/* A host name or address and nothing that libc could take for something else. */
static bool
request_ok(const struct msg_connect *m)
{
	size_t len = strnlen(m->host, sizeof(m->host));

	return len > 0 && len < sizeof(m->host) && m->host[0] != '-' && m->port > 0 && m->port <= 65535 && m->ms > 0 &&
		m->ms <= CONNECT_MS_MAX && m->allow.n <= IPC_NETS_MAX && !(m->flags & ~CONNECT_REMOTE) &&
		strspn(m->host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") == len;
}

static int
seal(const struct msg_connect *m)
{
	const uint16_t ports[] = { (uint16_t)m->port, DNS_PORT };
	int fds[ARRAY_SIZE(files)];
	struct sandbox sb = { .name = "bpfd-connect", .root_fd = -1, .landlock = true, .allow_ro_fds = fds,
		.connect_ports = ports, .n_connect_ports = ARRAY_SIZE(ports),
		.limits = { .nofile = N_FILES, .cpu_s = CPU_S }, .rules = rules, .n_rules = ARRAY_SIZE(rules) };
	int err = sandbox_user("bpfd-net", &sb.uid, &sb.gid);

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		fds[sb.n_allow_ro] = open(files[i], O_PATH | O_CLOEXEC);
		sb.n_allow_ro += fds[sb.n_allow_ro] >= 0;
	}
	connect_init();
	return err ? err : sandbox_enter(&sb);
}

int
main(void)
{
	struct msg_connected answer = { 0 };
	struct msg_connect want;
	struct chan *ch;
	struct chan_msg m;
	int err = sandbox_close_from(CONTROL_FD + 1), fd;

	if (!err)
		err = chan_new(CONTROL_FD, ROLE_CONNECT, FROM_SUP, &ch);
	if (err)
		_exit(1);
	chan_set_phase(ch, PHASE_RUN);
	err = chan_wait(ch, &m, -1);
	if (err <= 0)
		_exit(err ? 1 : 0);	/* nobody wants anything any more */
	memcpy(&want, m.payload, sizeof(want));
	if (!request_ok(&want)) {
		log_event(LOG_LVL_ERR, "ipc.refused", "type=%s no host, port or time limit", ipc_type_name(m.hdr.type));
		_exit(1);
	}
	if (seal(&want))
		_exit(1);
	fd = connect_to(&want, &answer);
	err = chan_send(ch, fd < 0 ? IPC_NOT_CONNECTED : IPC_CONNECTED, m.hdr.seq, &answer, fd < 0 ? NULL : &fd);
	_exit(err ? 1 : 0);
}
