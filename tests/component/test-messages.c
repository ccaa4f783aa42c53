/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each real process with a fake peer at its channel: every message of messages.def sent wrongly.
 * A refused message ends the process by its own exit, with a line that says why; nothing else
 * counts as refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/auto.h"
#include "ipc/messages.h"

#define ENDS_WITHIN_MS 3000
#define PAYLOAD_ROOM 65536

struct message {
	const char *name;
	uint32_t type;
	enum ipc_role to;
	unsigned int from, fds;
	size_t size;
	enum ipc_phase phase;
};

static const struct message messages[] = {
#define ROW(role, n, f, p, d, ph) { #n, IPC_##n, role, f, d, sizeof(struct msg_##p), ph },
#define TO_SUP(n, f, p, d, ph)     ROW(ROLE_SUP, n, f, p, d, ph)
#define TO_LOADER(n, f, p, d, ph)  ROW(ROLE_LOADER, n, f, p, d, ph)
#define TO_LINKER(n, f, p, d, ph)  ROW(ROLE_LINKER, n, f, p, d, ph)
#define TO_ONESHOT(n, f, p, d, ph) ROW(ROLE_ONESHOT, n, f, p, d, ph)
#define TO_API(n, f, p, d, ph)     ROW(ROLE_API, n, f, p, d, ph)
#define TO_ENRICHER(n, f, p, d, ph) ROW(ROLE_ENRICHER, n, f, p, d, ph)
#define TO_ACTION(n, f, p, d, ph)  ROW(ROLE_ACTION, n, f, p, d, ph)
#define TO_XDP(n, f, p, d, ph)     ROW(ROLE_XDP, n, f, p, d, ph)
#define TO_CHECKPOINT(n, f, p, d, ph) ROW(ROLE_CHECKPOINT, n, f, p, d, ph)
#define TO_FETCH(n, f, p, d, ph)   ROW(ROLE_FETCH, n, f, p, d, ph)
#define TO_SUP_FETCH(n, f, p, d, ph) ROW(ROLE_SUP, n, f, p, d, ph)
#define TO_CONNECT(n, f, p, d, ph) ROW(ROLE_CONNECT, n, f, p, d, ph)
#define TO_SUP_CONNECT(n, f, p, d, ph) ROW(ROLE_SUP, n, f, p, d, ph)
#include "ipc/messages.def"
#undef ROW
};

struct process {
	const char *program;
	enum ipc_role self;
	unsigned int peers;
	enum ipc_phase phase;		/* in which its first message arrives */
	const char *arg;
};

static const struct process processes[] = {
	{ "bpfd-loader", ROLE_LOADER, FROM_SUP, PHASE_START },
	{ "bpfd-api", ROLE_API, FROM_SUP, PHASE_START },
	{ "bpfd-linker", ROLE_LINKER, FROM_SUP | FROM_LOADER, PHASE_START },
	{ "bpfd-enricher", ROLE_ENRICHER, FROM_SUP, PHASE_START },
	{ "bpfd-oneshot", ROLE_ONESHOT, FROM_LOADER, PHASE_RUN },
	{ "bpfd-xdp", ROLE_XDP, FROM_LOADER, PHASE_RUN },
	{ "bpfd-fetch", ROLE_FETCH, FROM_SUP, PHASE_START },
	{ "bpfd-connect", ROLE_CONNECT, FROM_SUP, PHASE_RUN },
	{ "bpfd-action", ROLE_ACTION, FROM_SUP, PHASE_START, "output" },
	{ "bpfd-checkpoint", ROLE_CHECKPOINT, FROM_SUP, PHASE_START, "starter" },
	{ "bpfd-checkpoint", ROLE_CHECKPOINT, FROM_SUP, PHASE_RUN },
};

/* What is sent: a good header for the message, then spoilt. */
struct packet {
	struct msg_hdr hdr;
	uint8_t payload[PAYLOAD_ROOM];
	size_t len;			/* of header and payload as sent */
	unsigned int fds;
};
static struct packet packet;

static void
good_packet(const struct message *m)
{
	memset(&packet, 0, sizeof(packet));
	packet.hdr = (struct msg_hdr){ IPC_MAGIC, IPC_VERSION, (uint16_t)m->type, (uint32_t)m->size,
		1, m->fds, 0 };
	packet.len = sizeof(packet.hdr) + m->size;
	packet.fds = m->fds;
}

struct running {
	pid_t pid;
	int chan, log;
};

static void
child(const char *path, const char *arg, int chan, int log)
{
	int null = open("/dev/null", O_RDWR);

	/* Away from 0 to 3 first, so that no dup2() closes what the next one needs. */
	chan = fcntl(chan, F_DUPFD, 10);
	log = fcntl(log, F_DUPFD, 10);
	dup2(null, 0);
	dup2(null, 1);
	dup2(log, 2);
	dup2(chan, 3);
	closefrom(4);
	execl(path, path, arg, (char *)NULL);
	_exit(127);
}

static struct running
start(const struct process *process)
{
	const char *build = getenv("BPFD_BUILD");
	struct running r;
	char path[512];
	int sv[2], log[2];

	snprintf(path, sizeof(path), "%s/%s", build ? build : ".", process->program);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(pipe2(log, O_CLOEXEC), 0);
	r.pid = fork();
	assert_true(r.pid >= 0);
	if (r.pid == 0)
		child(path, process->arg, sv[1], log[1]);
	close(sv[1]);
	close(log[1]);
	r.chan = sv[0];
	r.log = log[0];
	return r;
}

static void
send_packet(int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * 8)];
	} control = { 0 };
	struct iovec iov[] = { { &packet.hdr, sizeof(packet.hdr) }, { packet.payload, 0 } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };

	if (packet.len < sizeof(packet.hdr))
		iov[0].iov_len = packet.len;
	else
		iov[1].iov_len = packet.len - sizeof(packet.hdr);
	if (packet.fds) {
		struct cmsghdr *c;

		mh.msg_control = control.room;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * packet.fds);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * packet.fds);
		for (unsigned int i = 0; i < packet.fds; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &(int){ STDERR_FILENO }, sizeof(int));
	}
	(void)!sendmsg(fd, &mh, MSG_NOSIGNAL);
}

/* Its wait status; kills it when it does not end by itself (then the status says SIGKILL).  said
 * gets what it logged. */
static int
ended(struct running *r, char *said, size_t size)
{
	struct pollfd p = { .fd = r->log, .events = POLLIN };
	size_t len = 0;
	int status;

	for (;;) {
		char drop[512];
		int n = poll(&p, 1, ENDS_WITHIN_MS);
		ssize_t got;

		if (n <= 0)
			break;
		got = read(r->log, len < size - 1 ? said + len : drop,
			len < size - 1 ? size - 1 - len : sizeof(drop));
		if (got <= 0)
			break;
		if (len < size - 1)
			len += (size_t)got;
	}
	said[len] = '\0';
	if (p.revents == 0)
		kill(r->pid, SIGKILL);
	waitpid(r->pid, &status, 0);
	close(r->chan);
	close(r->log);
	return status;
}

/* Sends the packet to a fresh process, which must refuse it. */
static unsigned int
not_refused(const struct process *p, const struct message *m, const char *how)
{
	char said[4096];
	struct running r = start(p);
	int status;

	send_packet(r.chan);
	status = ended(&r, said, sizeof(said));
	if (WIFEXITED(status) && WEXITSTATUS(status) != 127 && strstr(said, "ipc.refused"))
		return 0;
	print_message("# %s, %s, %s: wait status 0x%x, it said: %s\n", p->program, m->name, how,
		status, said);
	return 1;
}

static bool
acceptable(const struct process *p, const struct message *m)
{
	return m->to == p->self && (m->from & p->peers) && (m->phase & p->phase);
}

static void
skip_without_users(void)
{
	if (geteuid() == 0 && getpwnam("bpfd-load"))
		return;
	print_message("needs root and the users of tools/bpfd-setup-users\n");
	skip();
}

static void
waits_for_its_first_message(void **state)
{
	skip_without_users();
	for (size_t i = 0; i < ARRAY_SIZE(processes); i++) {
		struct running r = start(&processes[i]);
		char said[4096];
		int status;

		usleep(200000);
		assert_int_equal(waitpid(r.pid, &status, WNOHANG), 0);
		kill(r.pid, SIGTERM);
		ended(&r, said, sizeof(said));
	}
}

static void
ends_when_its_peer_is_gone(void **state)
{
	skip_without_users();
	for (size_t i = 0; i < ARRAY_SIZE(processes); i++) {
		struct running r = start(&processes[i]);
		char said[4096];

		shutdown(r.chan, SHUT_RDWR);
		assert_true(WIFEXITED(ended(&r, said, sizeof(said))));
	}
}

static void
refuses_what_is_not_for_it_from_this_peer_or_now(void **state)
{
	unsigned int wrong = 0, tried = 0;

	skip_without_users();
	for (size_t i = 0; i < ARRAY_SIZE(processes); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(messages); j++) {
			if (acceptable(&processes[i], &messages[j]))
				continue;
			good_packet(&messages[j]);
			wrong += not_refused(&processes[i], &messages[j], "not acceptable");
			tried++;
		}
	}
	assert_int_equal(wrong, 0);
	assert_true(tried > 100);
}

static void
spoil(unsigned int how)
{
	switch (how) {
	case 0: packet.len++; packet.hdr.len++; break;
	case 1: packet.len++; break;
	case 2: packet.hdr.len++; break;
	case 3: packet.fds++; packet.hdr.nfds++; break;
	case 4: packet.fds++; break;
	case 5: packet.hdr.nfds++; break;
	case 6: packet.hdr.magic ^= 1; break;
	case 7: packet.hdr.version++; break;
	case 8: packet.hdr.type = 0; break;
	case 9: packet.hdr.type = N_IPC_TYPES; break;
	case 10: packet.hdr.type = 0xffff; break;
	case 11: packet.len = sizeof(packet.hdr) - 1; packet.fds = 0; break;
	case 12: packet.len = sizeof(packet); break;
	case 13: packet.fds = packet.hdr.nfds = IPC_MAX_FDS + 1; break;
	}
}

static const char *const spoilt[] = {
	"a byte more", "a byte more than it says", "says a byte more", "a descriptor more",
	"a descriptor more than it says", "says a descriptor more", "magic", "version", "type 0",
	"type behind the last", "type 65535", "half a header", "far too long", "too many descriptors",
};

static unsigned int
spoilt_not_refused(const struct process *p, const struct message *m)
{
	unsigned int wrong = 0;

	for (unsigned int how = 0; how < ARRAY_SIZE(spoilt); how++) {
		good_packet(m);
		spoil(how);
		wrong += not_refused(p, m, spoilt[how]);
	}
	if (m->size) {
		good_packet(m);
		packet.len--;
		packet.hdr.len--;
		wrong += not_refused(p, m, "a byte less");
	}
	if (m->fds) {
		good_packet(m);
		packet.fds--;
		packet.hdr.nfds--;
		wrong += not_refused(p, m, "a descriptor less");
	}
	return wrong;
}

static void
refuses_each_message_in_a_wrong_shape(void **state)
{
	unsigned int wrong = 0, tried = 0;

	skip_without_users();
	for (size_t i = 0; i < ARRAY_SIZE(processes); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(messages); j++) {
			if (!acceptable(&processes[i], &messages[j]))
				continue;
			wrong += spoilt_not_refused(&processes[i], &messages[j]);
			tried++;
		}
	}
	assert_int_equal(wrong, 0);
	assert_true(tried >= ARRAY_SIZE(processes));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_its_first_message),
		cmocka_unit_test(ends_when_its_peer_is_gone),
		cmocka_unit_test(refuses_what_is_not_for_it_from_this_peer_or_now),
		cmocka_unit_test(refuses_each_message_in_a_wrong_shape),
	};

	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
