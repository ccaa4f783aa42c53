/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that are decided in the kernel: what they stop did not happen, what is beside it did. */
#include "enforcerig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rules/rule.h"

/* ---- acts ---- */

struct to { int type; const char *address; uint16_t port; bool send; };

static int
reach(const void *arg)
{
	const struct to *to = arg;
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(to->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(to->port) };
	bool four = inet_pton(AF_INET, to->address, &v4.sin_addr) == 1;
	const void *sa = four ? (void *)&v4 : (void *)&v6;
	socklen_t len = four ? sizeof(v4) : sizeof(v6);
	int fd = socket(four ? AF_INET : AF_INET6, to->type, 0);

	if (!four && inet_pton(AF_INET6, to->address, &v6.sin6_addr) != 1)
		return 121;
	if (fd < 0)
		return errno;
	return (to->send ? sendto(fd, "x", 1, 0, sa, len) : connect(fd, sa, len)) < 0 ? errno : 0;
}

/* A listener, so that what is allowed succeeds. */
static int
listener(uint16_t *port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	socklen_t len = sizeof(any);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && bind(fd, (void *)&any, len) == 0 && listen(fd, 16) == 0);
	assert_int_equal(getsockname(fd, (void *)&any, &len), 0);
	*port = ntohs(any.sin6_port);
	return fd;
}

/* The n-th connection comes within a moment, or does not. */
static bool
accepted(int fd)
{
	int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	return got >= 0 && close(got) == 0;
}

/* ---- killed at exec ---- */

static void
a_program_is_killed_before_its_first_instruction(void **state)
{
	enforce_copy("/bin/touch", "bad");
	enforce_copy("/bin/touch", "good");
	RULES(KILL(PATH("%D/bad")));
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), -SIGKILL);
	assert_false(enforce_ran());
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_EXECUTED, ENF_KILLED, in_dir("bad"));
	assert_int_equal(enforce_act(enforce_run, in_dir("good")), 0);
	assert_true(enforce_ran());
}

static void
who_only_observes_kills_nobody_and_says_so(void **state)
{
	enforce_observe = true;
	RULES(KILL(PATH("%D/bad")));
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), 0);
	assert_true(enforce_ran());
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_EXECUTED, ENF_WOULD, in_dir("bad"));
}

static void
a_table_that_is_taken_away_stops_nothing(void **state)
{
	RULES(KILL(PATH("%D/bad")));
	enforce_table(NULL);
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), 0);
	assert_true(enforce_ran());
}

static void
a_budget_ends(void **state)
{
	RULES("version = 2\ntracer = \"exec\"\nactions = [\"kernel_kill\"]\nmode = \"enforce\"\n"
		"budget = { rate = \"1/h\", burst = 2 }\n[match]\nall = [" PATH("%D/bad") "]\n");
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), -SIGKILL);
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), -SIGKILL);
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), 0);
	assert_true(enforce_ran());
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_EXECUTED, ENF_OVER_BUDGET, in_dir("bad"));
}

static void
a_protected_program_is_spared_if_only_root_could_put_it_there(void **state)
{
	enforce_protect = "ba*";
	RULES(KILL(PATH("%D/bad")));
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), 0);
	assert_true(enforce_ran());
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_EXECUTED, ENF_PROTECTED, in_dir("bad"));
	assert_int_equal(chown(in_dir("bad"), 65534, 65534), 0);
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), -SIGKILL);
	assert_int_equal(chown(in_dir("bad"), 0, 0), 0);
	assert_false(enforce_ran());
}

static void
the_daemons_own_children_are_spared(void **state)
{
	struct enf_table t;
	char stat[1024] = "";
	FILE *f;

	RULES(KILL(PATH("%D/bad")));
	t = *enforce_made();
	f = fopen("/proc/self/stat", "r");
	assert_non_null(f);
	assert_non_null(fgets(stat, sizeof(stat), f));
	fclose(f);
	t.own_pid = (uint32_t)getpid();
	assert_int_equal(sscanf(strrchr(stat, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
		"%*d %*d %*d %llu", &t.own_ticks), 1);
	enforce_table(&t);
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), 0);
	assert_true(enforce_ran());
	t.own_ticks++;		/* somebody else with that number */
	enforce_table(&t);
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), -SIGKILL);
	assert_false(enforce_ran());
}

/* ---- what conditions mean ---- */

static void
all_conditions_must_hold_and_exceptions_spare(void **state)
{
	RULES("version = 2\ntracer = \"exec\"\nactions = [\"kernel_kill\"]\nmode = \"enforce\"\n[match]\n"
		"all = [ { field = \"path\", op = \"pathprefix\", value = \"%D\" }, { field = \"uid\", op = \"in\", values = [7, 0] },"
		" { any = [ { field = \"comm\", value = \"bad\" }, { field = \"comm\", value = \"good\" } ] },"
		" { field = \"ppid\", op = \"ge\", value = 1 }, { field = \"ns.host\", value = true } ]\n"
		"[[exceptions]]\nfields = [\"basename(path)\", \"gid\"]\nops = [\"in\", \"eq\"]\nvalues = [[[\"good\", \"other\"], 0]]\n");
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), -SIGKILL);
	assert_int_equal(enforce_act(enforce_run, in_dir("good")), 0);
	assert_int_equal(enforce_act(enforce_run, "/bin/touch"), 0);
	enforce_ran();
}

static void
paths_are_compared_by_whole_components(void **state)
{
	char deep[256];

	snprintf(deep, sizeof(deep), "%s/ab", dir);
	mkdir(deep, 0755);
	enforce_copy("/bin/touch", "ab/in");
	enforce_copy("/bin/touch", "abc");
	RULES(KILL("{ field = \"path\", op = \"pathprefix\", value = \"%D/ab\" }"));
	assert_int_equal(enforce_act(enforce_run, in_dir("ab/in")), -SIGKILL);
	assert_int_equal(enforce_act(enforce_run, in_dir("abc")), 0);
	RULES(KILL("{ field = \"path\", op = \"prefix\", value = \"%D/ab/\" }"));
	assert_int_equal(enforce_act(enforce_run, in_dir("ab/in")), -SIGKILL);
	assert_int_equal(enforce_act(enforce_run, in_dir("abc")), 0);
	RULES(KILL("{ field = \"path\", op = \"pathprefix\", value = \"%D\" }, { field = \"path\", op = \"notin\", values = "
		"[\"%D/abc\", \"%D/ab\"] }"));
	assert_int_equal(enforce_act(enforce_run, in_dir("ab/in")), -SIGKILL);
	assert_int_equal(enforce_act(enforce_run, in_dir("abc")), 0);
	enforce_ran();
}

static int
run_moved(const void *path)
{
	if (chdir(path))
		return 122;
	for (int i = 0; i < 30; i++)
		if ((mkdir("d", 0755) && errno != EEXIST) || chdir("d"))
			return 123;
	if (link(in_dir("bad"), "bad") && errno != EEXIST)
		return 124;
	return enforce_run("bad");
}

static void
a_path_that_is_deep_is_told_by_its_beginning(void **state)
{
	RULES(KILL("{ field = \"path\", op = \"pathprefix\", value = \"%D\" }"));
	assert_int_equal(enforce_act(run_moved, dir), -SIGKILL);
	RULES(KILL("{ field = \"path\", op = \"pathprefix\", value = \"%D\" }, { field = \"basename(path)\", op = \"ne\", value = \"bad\" }"));
	assert_int_equal(enforce_act(run_moved, dir), 0);
	assert_true(enforce_ran());
}

#define GENERATIONS 80

/* Whoever asks first looks for the host's mounts among its ancestors, as far away as they are. */
static int
run_far_down(const void *path)
{
	for (int i = 0; i < GENERATIONS; i++) {
		int status = 0;
		pid_t child = fork();

		if (child == 0)
			continue;
		if (child < 0 || waitpid(child, &status, 0) != child)
			return 121;
		return WIFSIGNALED(status) ? 120 : WEXITSTATUS(status);
	}
	return enforce_run(path);
}

static void
the_host_is_known_to_a_process_of_many_generations(void **state)
{
	RULES(KILL(PATH("%D/bad") ", { field = \"ns.host\", value = true }"));
	assert_int_equal(enforce_act(run_far_down, in_dir("bad")), 120);
	assert_false(enforce_ran());
}

/* ---- connections ---- */

static void
a_connection_is_not_made_and_the_one_beside_it_is(void **state)
{
	uint16_t port, other;
	int fd = listener(&port), beside = listener(&other);
	char rule[512];
	const struct ev_enforce *e;

	snprintf(rule, sizeof(rule), DENY("tcpstate", "{ field = \"dport\", value = %u }, { field = \"daddr\", op = \"cidr\", value = "
		"\"127.0.0.0/8\" }, { field = \"event\", value = \"connect\" }"), port);
	RULES(rule);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(enforce_act(reach, &(struct to){ SOCK_STREAM, "127.0.0.1", port, false }), EPERM);
	assert_false(accepted(fd));
	e = enforce_decision(enforce_last_pid());
	enforce_decided(e, ENF_CONNECT, ENF_DENIED, NULL);
	assert_int_equal(e->port, port);
	assert_int_equal(e->family, AF_INET);
	assert_memory_equal(e->addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	/* The same address mapped into IPv6, another address, another port. */
	assert_int_equal(enforce_act(reach, &(struct to){ SOCK_STREAM, "::ffff:127.0.0.1", port, false }), EPERM);
	assert_false(accepted(fd));
	assert_int_equal(enforce_act(reach, &(struct to){ SOCK_STREAM, "::1", port, false }), 0);
	assert_true(accepted(fd));
	assert_int_equal(enforce_act(reach, &(struct to){ SOCK_STREAM, "127.0.0.1", other, false }), 0);
	assert_true(accepted(beside));
	close(fd);
	close(beside);
}

static void
an_executables_connections_are_not_those_of_others(void **state)
{
	uint16_t port;
	int fd = listener(&port);

	RULES(DENY("tcpstate", "{ field = \"exe\", value = \"%D/bad\" }"));
	assert_int_equal(enforce_act(reach, &(struct to){ SOCK_STREAM, "::1", port, false }), 0);
	RULES(DENY("tcpstate", "{ field = \"basename(exe)\", value = \"test-tracers-enforce\" }"));
	assert_int_equal(enforce_act(reach, &(struct to){ SOCK_STREAM, "::1", port, false }), EPERM);
	close(fd);
}

static int
make_socket(const void *family)
{
	return socket(*(const int *)family, SOCK_DGRAM, 0) < 0 ? errno : 0;
}

static void
a_socket_is_not_made_and_one_of_another_family_is(void **state)
{
	static const int unix_ = AF_UNIX, inet = AF_INET;

	RULES(DENY("socket", "{ field = \"family\", value = \"INET\" }, { field = \"basename(exe)\", value = \"test-tracers-enforce\" }"));
	assert_int_equal(enforce_act(make_socket, &inet), EPERM);
	assert_int_equal(enforce_act(make_socket, &unix_), 0);
}

static int
bind_to(const void *port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(*(const uint16_t *)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(v4);
	int err = fd < 0 || bind(fd, (void *)&v4, len) ? errno : 0;

	v4.sin_port = 0;
	return getsockname(fd, (void *)&v4, &len) == 0 && !v4.sin_port == !!err ? err : 124;
}

/* Somebody who waits for datagrams to a port. */
static int
receiver(uint16_t port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (void *)&any, sizeof(any)), 0);
	return fd;
}

/* The datagrams that came. */
static int
received(int fd)
{
	char byte;
	int n = 0;

	while (recv(fd, &byte, 1, 0) == 1)
		n++;
	return n;
}

static void
a_port_is_not_bound_and_another_is(void **state)
{
	static const uint16_t no = 48123, yes = 48124;

	RULES(DENY("bind", "{ field = \"port\", value = 48123 }"));
	assert_int_equal(enforce_act(bind_to, &no), EPERM);
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_BIND, ENF_DENIED, NULL);
	assert_int_equal(enforce_act(bind_to, &yes), 0);
}

static void
datagrams_are_not_sent_to_a_port_and_to_another_they_are(void **state)
{
	static const uint16_t no = 48123, yes = 48124;
	int there = receiver(no), beside = receiver(yes);

	RULES(DENY("udp", "{ field = \"dport\", value = 48123 }"));
	assert_int_equal(enforce_act(reach, &(struct to){ SOCK_DGRAM, "127.0.0.1", no, true }), EPERM);
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_SENDMSG, ENF_DENIED, NULL);
	assert_int_equal(enforce_act(reach, &(struct to){ SOCK_DGRAM, "::1", no, true }), EPERM);
	assert_int_equal(enforce_act(reach, &(struct to){ SOCK_DGRAM, "::1", no, false }), EPERM);
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_CONNECT_UDP, ENF_DENIED, NULL);
	assert_int_equal(received(there), 0);
	assert_int_equal(enforce_act(reach, &(struct to){ SOCK_DGRAM, "127.0.0.1", yes, true }), 0);
	assert_int_equal(enforce_act(reach, &(struct to){ SOCK_DGRAM, "::1", yes, true }), 0);
	assert_int_equal(received(beside), 2);
	close(there);
	close(beside);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_program_is_killed_before_its_first_instruction),
		TEST(who_only_observes_kills_nobody_and_says_so),
		TEST(a_table_that_is_taken_away_stops_nothing),
		TEST(a_budget_ends),
		TEST(a_protected_program_is_spared_if_only_root_could_put_it_there),
		TEST(the_daemons_own_children_are_spared),
		TEST(all_conditions_must_hold_and_exceptions_spare),
		TEST(paths_are_compared_by_whole_components),
		TEST(a_path_that_is_deep_is_told_by_its_beginning),
		TEST(the_host_is_known_to_a_process_of_many_generations),
		TEST(a_connection_is_not_made_and_the_one_beside_it_is),
		TEST(an_executables_connections_are_not_those_of_others),
		TEST(a_socket_is_not_made_and_one_of_another_family_is),
		TEST(a_port_is_not_bound_and_another_is),
		TEST(datagrams_are_not_sent_to_a_port_and_to_another_they_are),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tracers-enforce", tests, enforce_setup, enforce_teardown);
}
