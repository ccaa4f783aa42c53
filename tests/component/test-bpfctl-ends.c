/* SPDX-License-Identifier: Apache-2.0 */
/* bpfctl when the daemon is slow, mad or away, when it is interrupted, and at the completion of a word. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpfctl-run.h"
#include "common/auto.h"

static void
gives_up_at_the_time_limit(void **state)
{
	write_text("hang", "hang");
	assert_int_equal(run("--timeout 0.2 load hang"), 124);
	wait_for_request("Load cancelled");
	assert_int_equal(run("--timeout x list"), 2);
	assert_int_equal(run("--timeout -1 list"), 2);
}

static void
an_interrupt_cancels_the_call(void **state)
{
	pid_t pid;

	write_text("hang", "hang");
	pid = start("sock", "load hang");
	wait_for_request("Load\n");
	kill(pid, SIGINT);
	assert_int_equal(finish(pid), 1000 + SIGINT);
	wait_for_request("Load cancelled");
}

static void
an_interrupt_takes_back_what_was_loaded(void **state)
{
	pid_t pid = start("sock", "load object --attach xdp:hang");

	wait_for_request("Attach\n");
	kill(pid, SIGTERM);
	assert_int_equal(finish(pid), 1000 + SIGTERM);
	has(requests, "Attach cancelled");
	has(requests, "Unload group=5");
}

static void
an_ignored_interrupt_is_ignored(void **state)
{
	pid_t pid;

	write_text("hang", "hang");
	signal(SIGHUP, SIG_IGN);
	pid = start("sock", "--timeout 0.5 load hang");
	signal(SIGHUP, SIG_DFL);
	wait_for_request("Load\n");
	kill(pid, SIGHUP);
	assert_int_equal(finish(pid), 124);
}

static void
says_when_nobody_is_there(void **state)
{
	assert_int_equal(finish(start("none", "list")), 4);
	has(err, "no bpfd at ");
	has(err, "systemctl status bpfd");
	assert_int_equal(finish(start("none", "version")), 4);
	has(out, "bpfctl");
	close(listen_at("dead"));
	assert_int_equal(finish(start("dead", "list")), 4);
	has(err, "Connection refused");
	assert_int_equal(finish(start("object", "list")), 4);
}

static void
takes_the_socket_from_the_environment(void **state)
{
	char host[600];
	pid_t pid;

	snprintf(host, sizeof(host), "unix:%s/nowhere", dir);
	setenv("BPFD_HOST", host, 1);
	pid = fork();
	if (pid == 0) {
		int fd = open("/dev/null", O_WRONLY);

		dup2(fd, STDERR_FILENO);
		execl(program, program, "list", NULL);
		_exit(127);
	}
	unsetenv("BPFD_HOST");
	assert_int_equal(finish(pid), 4);
}

/* Answers one connection with these bytes after it has said something, then closes. */
static int
run_against_bytes(const char *name, const char *bytes, size_t len)
{
	int fd = listen_at(name), got;
	pid_t pid = start(name, "--timeout 3 list");
	char in[4096];

	while ((got = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) < 0 && errno == EAGAIN)
		usleep(1000);
	assert_true(got >= 0);
	assert_true(read(got, in, sizeof(in)) > 0);
	if (len)
		assert_int_equal(write(got, bytes, len), (ssize_t)len);
	close(got);
	close(fd);
	return finish(pid);
}

static void
survives_servers_that_are_none(void **state)
{
	static const char http[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
	static const char goaway[] = "\0\0\0\4\0\0\0\0\0" "\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0\0";
	/* SETTINGS, then HEADERS of stream 1 with END_STREAM: ":status: 200" and nothing else */
	static const char bare[] = "\0\0\0\4\0\0\0\0\0" "\0\0\1\1\5\0\0\0\1\x88";
	static const char not_found[] = "\0\0\0\4\0\0\0\0\0" "\0\0\1\1\5\0\0\0\1\x8d";

	assert_int_equal(run_against_bytes("closes", "", 0), 4);
	has(err, "closed the connection");
	assert_int_equal(run_against_bytes("http1", http, sizeof(http) - 1), 1);
	has(err, "does not speak HTTP/2");
	assert_int_equal(run_against_bytes("goaway", goaway, sizeof(goaway) - 1), 4);
	assert_int_equal(run_against_bytes("bare", bare, sizeof(bare) - 1), 1);
	has(err, "no gRPC server (HTTP status 200)");
	assert_int_equal(run_against_bytes("http404", not_found, sizeof(not_found) - 1), 1);
	has(err, "no gRPC server (HTTP status 404)");
}

static void
completes(const char *socket_name, const char *words, const char *want)
{
	char args[1024];

	/* start() says -s first, which the completion of a line does not see. */
	snprintf(args, sizeof(args), "__complete -s %s/%s %s", dir, socket_name, words);
	assert_int_equal(run(args), 0);
	assert_string_equal(out, want);
	assert_string_equal(err, "");
}

static void
completes_from_the_daemon(void **state)
{
	completes("sock", "detach ''", "7\tsched/sched_process_exec\n8\n");
	completes("sock", "attach a", "alpha\ttracepoint\n");
	completes("sock", "attach 1 ''", "xdp\tINTERFACE\n");
	completes("sock", "unload --group ''", "1\talpha\n2\ttwin\n3\ttwin\n");
	completes("sock", "get map ''", "41\thits\n42\n");
	completes("sock", "load x --attach x", "xdp:\tINTERFACE\n");
	completes("none", "detach ''", "");
}

/* Says bytes only when the client, out of time, has reset its stream and sent a PING. */
static int
run_against_late(const char *name, const char *bytes, size_t len)
{
	static const char settings[] = "\0\0\0\4\0\0\0\0\0" "\0\0\0\4\1\0\0\0\0";
	static const char ping[] = "\0\0\10\6\0\0\0\0\0";
	static const char reset[] = "\0\0\4\3\0\0\0\0\1\0\0\0\10";
	static const char pong[] = "\0\0\10\6\1\0\0\0\0\0\0\0\0\0\0\0\0";
	int fd = listen_at(name), got, status;
	pid_t pid = start(name, "--timeout 0.2 list");
	char in[8192];
	size_t n = 0;

	while ((got = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) < 0 && errno == EAGAIN)
		usleep(1000);
	assert_int_equal(write(got, settings, sizeof(settings) - 1), sizeof(settings) - 1);
	while (!memmem(in, n, ping, sizeof(ping) - 1)) {
		ssize_t some = read(got, in + n, sizeof(in) - n);

		assert_true(some > 0);
		n += (size_t)some;
	}
	assert_non_null(memmem(in, n, reset, sizeof(reset) - 1));
	assert_int_equal(write(got, bytes, len), (ssize_t)len);
	/* A client that has its answer does not wait for this one. */
	if (send(got, pong, sizeof(pong) - 1, MSG_NOSIGNAL) < 0)
		assert_int_equal(errno, EPIPE);
	status = finish(pid);
	close(got);
	close(fd);
	return status;
}

static void
an_answer_under_way_counts_after_all(void **state)
{
	/* HEADERS :status 200, content-type; DATA with an empty message; HEADERS grpc-status 0 */
	static const char answer[] =
		"\0\0\40\1\4\0\0\0\1\x88\0\14content-type\20application/grpc"
		"\0\0\5\0\0\0\0\0\1\0\0\0\0\0"
		"\0\0\17\1\5\0\0\0\1\0\13grpc-status\1" "0";

	assert_int_equal(run_against_late("late", answer, sizeof(answer) - 1), 0);
	has(out, "ID  NAME");
	assert_int_equal(run_against_late("never", "", 0), 124);
}

/* bash splits words at ':' and '=', its script does not. */
static void
completes_in_bash(void **state)
{
	static const struct {
		const char *line, *want;
	} lines[] = {
		{ "bpfctl lis", "list\n" }, { "bpfctl --output=js", "json\n" },
		{ "bpfctl load x --attach xdp:lo,direction=e", "egress\n" },
		{ "bpfctl load x --attach=xdp:lo,mode=s", "skb\n" },
		{ "bpfctl load obj", "object\n" }, { "bpfctl completion ", "bash\nzsh\n" },
		{ "bpfctl -s sock attach b", "beta\n" },
	};
	char path[2 * PATH_MAX];

	if (system("bash -c true") != 0)
		skip();
	assert_int_equal(run("completion bash"), 0);
	write_text("script", out);
	*strrchr(program, '/') = '\0';
	snprintf(path, sizeof(path), "PATH=%s:$PATH; compopt() { :; }; . ./script; COMP_LINE=$1; "
		"COMP_POINT=${#1}; _bpfctl; printf '%%s\\n' \"${COMPREPLY[@]}\"\n", program);
	strcat(program, "/bpfctl");
	write_text("try", path);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char line[2048];

		snprintf(line, sizeof(line), "cd %s && bash try '%s' >out 2>err", dir, lines[i].line);
		assert_int_equal(system(line), 0);
		read_text("out", out);
		assert_string_equal(out, lines[i].want);
	}
}

static void
reports_output_that_cannot_be_written(void **state)
{
	assert_int_equal(run("list >/dev/full 2>err #"), 1);
	has(err, "No space left on device");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_up_at_the_time_limit),
		cmocka_unit_test(an_interrupt_cancels_the_call),
		cmocka_unit_test(an_interrupt_takes_back_what_was_loaded),
		cmocka_unit_test(an_ignored_interrupt_is_ignored),
		cmocka_unit_test(says_when_nobody_is_there),
		cmocka_unit_test(takes_the_socket_from_the_environment),
		cmocka_unit_test(survives_servers_that_are_none),
		cmocka_unit_test(an_answer_under_way_counts_after_all),
		cmocka_unit_test(completes_from_the_daemon),
		cmocka_unit_test(completes_in_bash),
		cmocka_unit_test(reports_output_that_cannot_be_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bpfctl-ends", tests, set_up, tear_down);
}
