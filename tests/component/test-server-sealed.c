/* SPDX-License-Identifier: Apache-2.0 */
/* The server under the system calls of src/api/sandbox.def and as a user without rights: one that
 * is missing there kills it, and these tests. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/server.h"
#include "common/auto.h"
#include "common/sandbox.h"
#include "fake-rpcs.h"
#include "frames.h"
#include "h2client.h"
#include "ipc/messages.h"
#include "proto/grpc.h"

#define EMPTY "\0\0\0\0\0", 5
#define NOBODY 65534

static const struct sandbox_rule rules[] = {
#include "api/sandbox.def"
};

struct sealed {
	char dir[32], path[48];
	pid_t pid;
	struct event_base *base;	/* the client's: nothing happens there */
};

static void
serve(int listener)
{
	struct sandbox sb = { .name = "bpfd-api", .uid = NOBODY, .gid = NOBODY, .root_fd = -1,
		.landlock = true, .rules = rules, .n_rules = ARRAY_SIZE(rules) };
	struct event_base *base = event_base_new();
	struct config *cfg = fake_config();
	struct server *server;
	struct api api = { 0 };

	cfg->limits_idle_s = cfg->limits_header_s = 1;
	if (server_new(base, cfg, &api, &server) < 0 || server_listen(server, listener) < 0 ||
	    sandbox_enter(&sb) < 0)
		_exit(99);
	event_base_dispatch(base);
	_exit(98);
}

static int
setup(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct sealed *s = calloc(1, sizeof(*s));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(s->dir, "/tmp/bpfd-sealed-XXXXXX");
	if (!mkdtemp(s->dir))
		return -1;
	strcpy(s->path, s->dir);
	strcat(s->path, "/sock");
	strcpy(sun.sun_path, s->path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 || listen(fd, 1000) < 0)
		return -1;
	s->pid = fork();
	if (s->pid == 0)
		serve(fd);
	close(fd);
	s->base = event_base_new();
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct sealed *s = *state;

	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	event_base_free(s->base);
	unlink(s->path);
	rmdir(s->dir);
	free(s);
	return 0;
}

static void
assert_alive(struct sealed *s)
{
	struct client *c = client_new(s->base, s->path);
	const struct reply *r;
	int status = 0;

	r = client_wait(c, client_start(c, "/bpfd.v1.System/Version", NULL, EMPTY, true));
	if (waitpid(s->pid, &status, WNOHANG) != 0)
		fail_msg("the server has ended: wait status %#x", (unsigned int)status);
	assert_int_equal(r->status, 0);
	client_free(c);
}

static void
serves_every_kind_of_call_under_the_seal(void **state)
{
	struct sealed *s = *state;
	struct client *c = client_new(s->base, s->path);
	const char *const timeout[] = { "grpc-timeout", "20m", NULL };
	size_t len = 16 << 20;
	AUTO(mem) uint8_t *body = calloc(1, len + 10);
	const struct reply *r;

	grpc_prefix_put(body, (uint32_t)len + 5);
	memcpy(body + 5, "\x0a\x80\x80\x80\x08", 5);
	for (int i = 0; i < 3; i++) {
		r = client_wait(c, client_start(c, "/bpfd.v1.Programs/Load", NULL, body, len + 10, true));
		assert_int_equal(r->status, 0);
	}
	r = client_wait(c, client_start(c, "/bpfd.v1.System/Status", NULL, EMPTY, true));
	assert_int_equal(r->status, 0);
	r = client_wait(c, client_start(c, "/bpfd.v1.System/Counters", timeout, EMPTY, true));
	assert_int_equal(r->status, IPC_DEADLINE_EXCEEDED);
	r = client_wait(c, client_start(c, "/bpfd.v1.Programs/Unload", NULL, EMPTY, true));
	assert_int_equal(r->status, IPC_FAILED_PRECONDITION);
	client_turn(c, 2500);		/* until it is idle for too long */
	assert_true(client_eof(c));
	client_free(c);
	assert_alive(s);
}

static void
lives_through_odd_clients_under_the_seal(void **state)
{
	static struct frames f;
	struct sealed *s = *state;
	int fds[300];

	frames_start(&f);
	frames_conversation(&f);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = client_socket(s->path);
		f.bytes[24 + (i * 37) % (f.len - 24)] ^= 0x15;
		if (i % 3)
			send(fds[i], f.bytes, f.len, MSG_NOSIGNAL);
		f.bytes[24 + (i * 37) % (f.len - 24)] ^= 0x15;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	assert_alive(s);
}

static void
a_descriptor_that_a_client_sends_does_not_arrive(void **state)
{
	struct sealed *s = *state;
	AUTO(fd) int fd = client_socket(s->path);
	AUTO(fd) int gift = memfd_create("gift", MFD_CLOEXEC);
	char bytes[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", path[64], link[64];
	_Alignas(struct cmsghdr) char room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { bytes, 24 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room,
		.msg_controllen = sizeof(room) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &gift, sizeof(int));
	assert_int_equal(sendmsg(fd, &m, MSG_NOSIGNAL), 24);
	assert_alive(s);
	for (int n = 0; n < 64; n++) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)s->pid, n);
		len = readlink(path, link, sizeof(link) - 1);
		if (len > 0 && memmem(link, (size_t)len, "gift", 4))
			fail_msg("descriptor %d arrived", n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(serves_every_kind_of_call_under_the_seal, setup, teardown),
		cmocka_unit_test_setup_teardown(lives_through_odd_clients_under_the_seal, setup, teardown),
		cmocka_unit_test_setup_teardown(a_descriptor_that_a_client_sends_does_not_arrive, setup,
			teardown),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root, to become another user\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
