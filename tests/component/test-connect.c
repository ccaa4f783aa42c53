/* SPDX-License-Identifier: Apache-2.0 */
/* The built bpfd-connect with a supervisor played by the test, in a network and with name files of its own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/chan.h"

#define HOSTS	"127.0.0.1 localhost\n::1 localhost\n169.254.169.254 metadata.example\n" \
		"169.254.1.1 both.example\n127.0.0.1 both.example\n"

static char dir[] = "/tmp/bpfd-connect-XXXXXX";
static char status[4096];
static pid_t dns;

struct answer { struct msg_connected m; int fd, wait_status; bool came; };

static void
become(int channel)
{
	const char *build = getenv("BPFD_BUILD");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/bpfd-connect", build ? build : ".");
	dup2(channel, 3);
	closefrom(4);
	execl(path, "bpfd-connect", (char *)NULL);
	_exit(127);
}

/* What a zombie may do is still said. */
static void
bury(pid_t pid, struct answer *a)
{
	char path[64];
	siginfo_t si;
	ssize_t n;
	int fd;

	waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, status, sizeof(status) - 1);
	status[n > 0 ? n : 0] = '\0';
	close(fd);
	waitpid(pid, &a->wait_status, 0);
}

static struct answer
ask(const struct msg_connect *want)
{
	struct answer a = { .fd = -1 };
	struct chan *ch;
	struct chan_msg m;
	int sv[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	pid = fork();
	if (pid == 0)
		become(sv[1]);
	close(sv[1]);
	assert_int_equal(chan_new(sv[0], ROLE_SUP, FROM_CONNECT, &ch), 0);
	chan_set_phase(ch, PHASE_RUN);
	assert_int_equal(chan_send(ch, IPC_CONNECT, 7, want, NULL), 0);
	if (chan_wait(ch, &m, 10000) == 1) {
		a.came = true;
		a.m = *(const struct msg_connected *)m.payload;
		a.fd = m.n_fds ? m.fds[0] : -1;
		assert_int_equal(m.hdr.seq, 7);
		assert_int_equal(m.hdr.type, m.n_fds ? IPC_CONNECTED : IPC_NOT_CONNECTED);
	}
	bury(pid, &a);
	chan_free(ch);
	return a;
}

static struct answer
ask_for(const char *host, int port, uint32_t flags)
{
	struct msg_connect want = { .port = (uint32_t)port, .flags = flags, .ms = 2000 };

	snprintf(want.host, sizeof(want.host), "%s", host);
	return ask(&want);
}

static int
listener(int family, int backlog, int *port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = family == AF_INET ? sizeof(in) : sizeof(in6);
	struct sockaddr *sa = family == AF_INET ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, sa, len), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, sa, &len), 0);
	*port = ntohs(family == AF_INET ? in.sin_port : in6.sin6_port);
	return fd;
}

static void
assert_talks(int client, int server)
{
	int peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	struct pollfd p = { .fd = peer, .events = POLLIN };
	char byte = 0;

	assert_true(fcntl(client, F_GETFL) & O_NONBLOCK);
	assert_int_equal(write(client, "x", 1), 1);
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(read(peer, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(peer);
}

static void
gives_a_connected_socket(void **state)
{
	int port, server = listener(AF_INET, 5, &port);
	struct answer a = ask_for("127.0.0.1", port, 0);

	assert_true(a.came);
	assert_int_equal(a.m.err, 0);
	assert_string_equal(a.m.text, "127.0.0.1");
	assert_talks(a.fd, server);
	assert_int_equal(a.wait_status, 0);
	close(a.fd);
	close(server);
}

static void
has_no_right_and_a_user_of_its_own(void **state)
{
	const struct passwd *pw = getpwnam("bpfd-net");
	int port, server = listener(AF_INET, 5, &port);
	struct answer a = ask_for("127.0.0.1", port, 0);
	char uid[64];

	assert_non_null(pw);
	snprintf(uid, sizeof(uid), "Uid:\t%u\t%u\t%u\t%u", pw->pw_uid, pw->pw_uid, pw->pw_uid, pw->pw_uid);
	assert_non_null(strstr(status, uid));
	assert_non_null(strstr(status, "CapPrm:\t0000000000000000"));
	assert_non_null(strstr(status, "CapBnd:\t0000000000000000"));
	assert_non_null(strstr(status, "NoNewPrivs:\t1"));
	assert_non_null(strstr(status, "Seccomp:\t2"));
	close(a.fd);
	close(server);
}

static void
tries_one_address_after_the_other(void **state)
{
	int port, server = listener(AF_INET, 5, &port);		/* localhost is ::1 first, where nobody is */
	struct answer a = ask_for("localhost", port, 0);

	assert_int_equal(a.m.err, 0);
	assert_string_equal(a.m.text, "127.0.0.1");
	assert_talks(a.fd, server);
	close(a.fd);
	close(server);
}

static void
reaches_ipv6(void **state)
{
	int port, server = listener(AF_INET6, 5, &port);
	struct answer a = ask_for("::1", port, 0);

	assert_int_equal(a.m.err, 0);
	assert_talks(a.fd, server);
	close(a.fd);
	close(server);
}

static void
asks_name_servers(void **state)
{
	int port, server = listener(AF_INET, 5, &port);
	struct answer a = ask_for("good.test", port, 0);

	assert_int_equal(a.m.err, 0);
	assert_string_equal(a.m.text, "127.0.0.1");
	assert_talks(a.fd, server);
	close(a.fd);
	close(server);
}

static void
refuses_what_a_name_server_says_is_a_metadata_service(void **state)
{
	struct answer a = ask_for("rebound.test", 80, 0);

	assert_int_equal(a.m.err, -EACCES);
	assert_non_null(strstr(a.m.text, "169.254.169.254"));
	assert_non_null(strstr(a.m.text, "network.allow"));
	assert_int_equal(a.fd, -1);
}

static void
says_that_a_name_does_not_exist(void **state)
{
	struct answer a = ask_for("nowhere.test", 80, 0);

	assert_int_equal(a.m.err, -ENOENT);
	assert_non_null(strstr(a.m.text, "nowhere.test"));
}

static void
passes_over_addresses_that_are_refused(void **state)
{
	int port, server = listener(AF_INET, 5, &port);
	struct answer a = ask_for("both.example", port, 0);

	assert_int_equal(a.m.err, 0);
	assert_string_equal(a.m.text, "127.0.0.1");
	close(a.fd);
	a = ask_for("metadata.example", port, 0);
	assert_int_equal(a.m.err, -EACCES);
	close(server);
}

static void
goes_to_this_host_for_a_server_only_when_it_is_listed(void **state)
{
	int port, server = listener(AF_INET, 5, &port);
	struct msg_connect want = { .port = (uint32_t)port, .flags = CONNECT_REMOTE, .ms = 2000, .host = "127.0.0.1" };
	struct answer a = ask(&want);

	assert_int_equal(a.m.err, -EACCES);
	want.allow.n = 1;
	want.allow.net[0] = (struct ipc_net){ .address = { [10] = 0xff, [11] = 0xff, 127 }, .bits = 104 };
	a = ask(&want);
	assert_int_equal(a.m.err, 0);
	assert_talks(a.fd, server);
	close(a.fd);
	close(server);
}

static void
says_that_nobody_listens(void **state)
{
	int port, server = listener(AF_INET, 5, &port);
	struct answer a;

	close(server);
	a = ask_for("127.0.0.1", port, 0);
	assert_int_equal(a.m.err, -ECONNREFUSED);
	assert_non_null(strstr(a.m.text, "Connection refused"));
}

/* A listener whose queue is full answers no SYN. */
static void
gives_up_a_host_that_does_not_answer(void **state)
{
	int port, server = listener(AF_INET, 0, &port), fill[8];
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };
	struct msg_connect want = { .port = (uint32_t)port, .ms = 300, .host = "127.0.0.1" };
	struct answer a;

	for (size_t i = 0; i < 8; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		connect(fill[i], (struct sockaddr *)&in, sizeof(in));
	}
	a = ask(&want);
	assert_int_equal(a.m.err, -ETIMEDOUT);
	assert_non_null(strstr(a.m.text, "does not answer"));
	for (size_t i = 0; i < 8; i++)
		close(fill[i]);
	close(server);
}

static void
takes_no_request_that_is_none(void **state)
{
	struct msg_connect bad[] = {
		{ .port = 80, .ms = 100, .host = "" }, { .port = 0, .ms = 100, .host = "a" },
		{ .port = 65536, .ms = 100, .host = "a" }, { .port = 80, .ms = 0, .host = "a" },
		{ .port = 80, .ms = 100, .host = "-a" }, { .port = 80, .ms = 100, .host = "a/b" },
		{ .port = 80, .ms = 100, .host = "a b" }, { .port = 80, .ms = 100, .host = "fe80::1%lo" },
		{ .port = 80, .ms = 100, .flags = 2, .host = "a" },
		{ .port = 80, .ms = 100, .host = "a", .allow.n = IPC_NETS_MAX + 1 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct answer a = ask(&bad[i]);

		assert_false(a.came);
		assert_true(WIFEXITED(a.wait_status));
		assert_int_equal(WEXITSTATUS(a.wait_status), 1);
	}
}

/* ---- a network of its own ---- */

/* Answers one question: A of good.test and rebound.test, nothing for others that end so, NXDOMAIN else. */
static size_t
dns_answer(uint8_t *p, size_t len)
{
	static const uint8_t loopback[] = { 127, 0, 0, 1 }, metadata[] = { 169, 254, 169, 254 };
	const bool good = memmem(p, len, "\4good\4test", 10), rebound = memmem(p, len, "\7rebound\4test", 13);
	size_t end = 12;

	while (end < len && p[end])
		end += p[end] + 1u;
	end += 5;
	p[2] = 0x81, p[3] = good || rebound ? 0x80 : 0x83;
	memset(p + 6, 0, 6);
	if ((!good && !rebound) || p[end - 3] != 1)
		return end;
	p[7] = 1;
	memcpy(p + end, "\xc0\x0c\0\1\0\1\0\0\0\0\0\4", 12);
	memcpy(p + end + 12, good ? loopback : metadata, 4);
	return end + 16;
}

static void
serve_dns(int fd)
{
	uint8_t packet[512];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(fd, packet, 400, 0, (struct sockaddr *)&from, &from_len);

		if (n > 17)
			sendto(fd, packet, dns_answer(packet, (size_t)n), 0, (struct sockaddr *)&from, from_len);
	}
}

static int
put(const char *name, const char *text, const char *over)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) || mount(path, over, NULL, MS_BIND, NULL) < 0)
		return -1;
	return 0;
}

static int
own_network(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(53) };
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	if (!mkdtemp(dir) || unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &up) < 0 || bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		return -1;
	dns = fork();
	if (dns == 0)
		serve_dns(fd);
	close(fd);
	return put("hosts", HOSTS, "/etc/hosts") || put("resolv.conf", "nameserver 127.0.0.1\n", "/etc/resolv.conf");
}

static int
leave(void **state)
{
	char path[128];

	kill(dns, SIGKILL);
	waitpid(dns, NULL, 0);
	umount("/etc/hosts");
	umount("/etc/resolv.conf");
	snprintf(path, sizeof(path), "%s/hosts", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/resolv.conf", dir);
	unlink(path);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_a_connected_socket),
		cmocka_unit_test(has_no_right_and_a_user_of_its_own),
		cmocka_unit_test(tries_one_address_after_the_other),
		cmocka_unit_test(reaches_ipv6),
		cmocka_unit_test(asks_name_servers),
		cmocka_unit_test(refuses_what_a_name_server_says_is_a_metadata_service),
		cmocka_unit_test(says_that_a_name_does_not_exist),
		cmocka_unit_test(passes_over_addresses_that_are_refused),
		cmocka_unit_test(goes_to_this_host_for_a_server_only_when_it_is_listed),
		cmocka_unit_test(says_that_nobody_listens),
		cmocka_unit_test(gives_up_a_host_that_does_not_answer),
		cmocka_unit_test(takes_no_request_that_is_none),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root for a network of its own\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("connect", tests, own_network, leave);
}
