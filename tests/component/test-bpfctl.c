/* SPDX-License-Identifier: Apache-2.0 */
/* bpfctl as a process against a fake daemon: what it asks for, what it says, how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpfctl-fake.h"
#include "common/auto.h"

static char dir[] = "/tmp/bpfctl-test.XXXXXX";
static char program[PATH_MAX];
static pid_t fake;
static char out[32768], err[32768], requests[32768];

static void
read_text(const char *name, char *text)
{
	char path[600];
	FILE *f;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	if (f) {
		n = fread(text, 1, 32767, f);
		fclose(f);
	}
	text[n] = '\0';
}

static void
write_text(const char *name, const char *text)
{
	char path[600];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int
listen_at(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir, name);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

/* Starts bpfctl -s SOCKET ARGS with its output in files; args are for the shell. */
static pid_t
start(const char *socket_name, const char *args)
{
	char line[3 * PATH_MAX];
	pid_t pid;

	write_text("requests", "");
	snprintf(line, sizeof(line), "cd %s && exec %s -s %s/%s %s >%s/out 2>%s/err", dir, program,
		dir, socket_name, args, dir, dir);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", line, NULL);
		_exit(127);
	}
	return pid;
}

/* The exit status, or 1000 + the signal. */
static int
finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	read_text("out", out);
	read_text("err", err);
	read_text("requests", requests);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int
run(const char *args)
{
	return finish(start("sock", args));
}

static void
has(const char *text, const char *want)
{
	if (!strstr(text, want))
		fail_msg("\"%s\" is not in:\n%s\nstdout:\n%s\nstderr:\n%s", want, text, out, err);
}

static void
has_not(const char *text, const char *word)
{
	if (strstr(text, word))
		fail_msg("\"%s\" is in:\n%s", word, text);
}

static void
wait_for_request(const char *want)
{
	for (int i = 0; i < 500; i++) {
		read_text("requests", requests);
		if (strstr(requests, want))
			return;
		usleep(10000);
	}
	fail_msg("no \"%s\" in:\n%s", want, requests);
}

static int
set_up(void **state)
{
	const char *build = getenv("BPFD_BUILD");
	char path[600];
	int fd, log_fd;

	if (!realpath(build ? build : ".", program))
		return -1;
	strncat(program, "/bpfctl", sizeof(program) - strlen(program) - 1);
	unsetenv("BPFD_HOST");
	setenv("NO_COLOR", "1", 1);
	if (access(program, X_OK) < 0 || !mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/requests", dir);
	log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	fd = listen_at("sock");
	fake = fork();
	if (fake == 0)
		fake_serve(fd, log_fd);
	close(fd);
	close(log_fd);
	write_text("object", "object");
	return fake > 0 ? 0 : -1;
}

static int
tear_down(void **state)
{
	char line[600];

	kill(fake, SIGKILL);
	waitpid(fake, NULL, 0);
	snprintf(line, sizeof(line), "rm -r %s", dir);
	return system(line);
}

static void
lists_programs_links_and_maps(void **state)
{
	assert_int_equal(run("list"), 0);
	has(out, "ID  NAME   TYPE");
	has(out, "12  beta   xdp");
	has(requests, "List all=0 type= metadata=0");
	assert_int_equal(run("list programs --all --type xdp -l a=b -l c=d -o json"), 0);
	has(requests, "List all=1 type=xdp metadata=2");
	has(out, "\"name\": \"alpha\"");
	assert_int_equal(run("list links -l owner=me -o kv"), 0);
	has(out, "links.0.id=7");
	has_not(out, "links.1");
	assert_int_equal(run("list maps --type hash --no-headers"), 0);
	assert_memory_equal(out, "42 ", 3);
	assert_int_equal(run("list maps -l a=b"), 2);
	assert_int_equal(run("list links --all"), 2);
}

static void
gets_one(void **state)
{
	assert_int_equal(run("get program alpha"), 0);
	has(out, "tracepoint");
	assert_int_equal(run("get link 7 -o yaml"), 0);
	has(out, "link:\n  id: 7");
	assert_int_equal(run("get map 41"), 0);
	has(out, "hits");
	assert_int_equal(run("get map 43"), 3);
	assert_int_equal(run("get link alpha"), 2);
	assert_int_equal(run("get thing 1"), 2);
}

static void
shows_status_and_version(void **state)
{
	assert_int_equal(run("status -o wide"), 0);
	has(out, "INTERFACE");
	has(out, "api.requests");
	assert_int_equal(run("version -o json"), 0);
	has(out, "\"bpfctl\": ");
	has(out, "\"version\": \"9.9.9\"");
}

static void
loads(void **state)
{
	assert_int_equal(run("load object --program f --program g:xdp --global a=0102 --metadata k=v "
			     "--map-owner 9 -o json"), 0);
	has(requests, "Load 6 bytes, 2 programs, 1 globals, 1 metadata, owner 9\n");
	has(out, "\"group\": 5");
	assert_int_equal(run("load object --dry-run"), 0);
	has(requests, "dry run");
	assert_int_equal(run("-q load object"), 0);
	assert_string_equal(out, "");
}

static void
loads_and_attaches(void **state)
{
	assert_int_equal(run("load object --attach tracepoint:a/b,cookie=3 --attach "
			     "xdp:lo,priority=9,mode=skb,netns=pid:1"), 0);
	has(requests, "Attach 21 tracepoint:a/b priority=0 direction= mode= netns= cookie=3");
	has(requests, "Attach 22 xdp:lo priority=9 direction= mode=skb netns=pid:1");
	has(out, "31    tracepoint  a/b");
	has_not(requests, "Unload");
	assert_int_equal(run("load object -o kv --attach xdp:lo --attach tracepoint:a/b --attach "
			     "tracepoint:c/d"), 0);
	has(out, "programs.0.links.0=31\n");
	has(out, "programs.0.links.1=31\n");
	has(out, "programs.1.links.0=31\n");
	has_not(out, "programs.1.links.1=");
	assert_int_equal(run("load object --dry-run --attach xdp:lo"), 0);
	has_not(requests, "Attach");
}

static void
takes_back_what_cannot_be_attached(void **state)
{
	assert_int_equal(run("load object --attach xdp:lo --attach error:6,program=alpha"), 6);
	has(requests, "Unload group=5\n");
	has(err, "attach error:6: the fake says 6");
	has(err, "unloaded again");
	assert_int_equal(run("load object --attach kprobe:f"), 2);
	has(err, "alpha (tracepoint), beta (xdp)");
	has(requests, "Unload group=5\n");
	write_text("sticky", "sticky");
	assert_int_equal(run("load sticky --attach error:6,program=beta"), 7);
	has(err, "bpfctl unload --group 66");
}

static void
refuses_files_before_it_asks(void **state)
{
	char path[600];

	write_text("empty", "");
	assert_int_equal(run("load empty"), 1);
	assert_int_equal(run("load ."), 1);
	assert_int_equal(run("load /dev/null"), 1);
	assert_int_equal(run("load nothing"), 3);
	assert_int_equal(run("load object --global a=1"), 2);
	assert_int_equal(run("load object --attach xdp:lo,priority=0"), 2);
	snprintf(path, sizeof(path), "%s/big", dir);
	write_text("big", "x");
	assert_int_equal(truncate(path, (2 << 20) + 1), 0);
	assert_int_equal(run("load big"), 1);
	has(err, "bpfd takes objects up to 2097152");
	has_not(requests, "Load");
	assert_int_equal(truncate(path, 2 << 20), 0);
	if (run("load big"))
		fail_msg("%s", err);
	has(requests, "Load 2097152 bytes");
}

static void
prints_the_verifiers_log(void **state)
{
	write_text("verifier", "verifier");
	assert_int_equal(run("load verifier"), 1);
	has(err, "bpfctl: load: the verifier refused f\n0: (b7) r0 = 1\n\\x1b[31m1: (95) exit\nR0 leaks\n");
	assert_int_equal(run("-q load verifier"), 1);
	has_not(err, "R0 leaks");
}

static void
fetches_the_whole_of_a_long_log(void **state)
{
	write_text("long", "verifier long");
	assert_int_equal(run("load long"), 1);
	has(err, "refused f\nfirst line\n0: (b7) r0 = 1\n\\x1b[31m1: (95) exit\nR0 leaks\n");
	assert_int_equal(run("load long --dry-run"), 1);
	has(err, "first line\n");
	assert_int_equal(run("-q load long"), 1);
	has_not(err, "R0 leaks");
}

static void
prints_the_end_of_a_log_that_is_gone(void **state)
{
	write_text("gone", "verifier gone");
	assert_int_equal(run("load gone"), 1);
	has(err, "refused f\n0: (b7) r0 = 1\n\\x1b[31m1: (95) exit\nR0 leaks\n");
}

static void
attaches(void **state)
{
	assert_int_equal(run("attach beta tc lo --direction egress --priority 7 --netns /run/netns/x "
			     "--cookie 0x10 --proceed-on pass,drop --proceed-on pipe --metadata a=b "
			     "--dry-run"), 0);
	has(requests, "Attach 12 tc:lo priority=7 direction=egress mode= netns=/run/netns/x cookie=16 "
		      "proceed=3 dry run");
	assert_int_equal(run("attach 77 tp_btf"), 0);
	has(requests, "Attach 77 tp_btf: ");
	has_not(requests, "List");
	assert_int_equal(run("attach 12 xdp lo --priority -5"), 2);
}

static void
asks_which_of_several_is_meant(void **state)
{
	assert_int_equal(run("attach twin tc lo"), 2);
	has(err, "13 (tc, group 2), 14 (tc, group 3)");
	assert_int_equal(run("unload nobody"), 3);
	has(err, "\"nobody\"");
}

static void
tries_every_argument(void **state)
{
	assert_int_equal(run("detach 7 905 8"), 7);
	has(requests, "Detach 7\nDetach 905\nDetach 8\n");
	has(err, "bpfctl: detach 905: the fake says 5");
	assert_int_equal(run("detach 905 906"), 3);
	assert_int_equal(run("detach x 7 -o json"), 7);
	has(out, "\"result\": \"failed\"");
	assert_int_equal(run("detach 7 8"), 0);
	assert_int_equal(run("unload alpha 907 --group 5"), 7);
	has(requests, "Unload program=11\nUnload program=907\nUnload group=5\n");
	assert_int_equal(run("unload --group 5 --dry-run"), 0);
	has(out, "would be unloaded");
	assert_int_equal(run("unload"), 2);
}

static void
every_code_has_its_exit_status(void **state)
{
	static const int statuses[] = { 0, 1, 1, 1, 124, 3, 6, 5, 1, 1, 6, 1, 1, 1, 4, 1, 5 };

	for (int code = 1; code <= 16; code++) {
		char args[64], want[64];

		snprintf(args, sizeof(args), "get link %d", 900 + code);
		snprintf(want, sizeof(want), "bpfctl: get link: the fake says %d\n", code);
		assert_int_equal(run(args), statuses[code]);
		has(err, want);
		assert_string_equal(out, "");
	}
}

static void
escapes_the_daemons_words(void **state)
{
	write_text("error", "error 3");
	assert_int_equal(run("load error"), 1);
	has(err, "the fake\\x1b says 3");
}

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

static void
gives_rules_and_says_what_is_odd(void **state)
{
	write_text("shadow.toml", "good");
	write_text("bad.toml", "bad");
	assert_int_equal(run("rule create --replace shadow.toml"), 0);
	has(requests, "CreateRule file=shadow.toml replace=1 dry_run=0 text=good");
	has(out, "NAME    TRACER     SEVERITY  MODE     ACTIONS  ORIGIN  STATE");
	has(out, "shadow  open,exec  high      observe  log      api     active");
	has(err, "shadow.toml:2:5: warning: read as\\x1b[31m something else [W001]");
	assert_int_equal(run("rule create bad.toml"), 1);
	has(err, "bad.toml:1:1: it is bad");
	assert_int_equal(run("rule create shadow.toml bad.toml no.toml"), 7);
	assert_int_equal(run("rule create no.toml"), 3);
	assert_int_equal(run("rule create"), 2);
	assert_int_equal(run("rule cr"), 2);
}

static void
lists_gets_explains_and_removes_rules(void **state)
{
	assert_int_equal(run("rule ls --tracer open"), 0);
	has(requests, "ListRules tracer=open");
	has(out, "a_rule_with_a_long_name  open");
	assert_int_equal(run("rule get shadow -o json"), 0);
	has(out, "\"text\": \"a = 1\\n\"");
	assert_int_equal(run("rule get other"), 3);
	assert_int_equal(run("rule explain shadow"), 0);
	assert_string_equal(out, "what it\\x1b does\n");
	assert_int_equal(run("rule rm shadow"), 0);
	assert_string_equal(out, "shadow\n");
	assert_int_equal(run("rule rm other"), 1);
	has(err, "there is no rule other");
	assert_int_equal(run("rule rm shadow other"), 7);
}

static void
checks_rules_without_a_daemon(void **state)
{
	write_text("good.toml", "version = 2\nname = \"x\"\ntracer = \"open\"\n");
	write_text("wrong.toml", "version = 2\nname = \"x\"\ntracer = \"opnn\"\n");
	assert_int_equal(run("-s /nowhere rule check good.toml"), 2);	/* -s twice */
	assert_int_equal(finish(start("nobody", "rule check good.toml")), 0);
	assert_string_equal(out, "");
	assert_int_equal(finish(start("nobody", "rule check wrong.toml")), 1);
	has(out, "wrong.toml:3:");
	has(out, ": error: ");
	assert_int_equal(finish(start("nobody", "rule check good.toml wrong.toml -o json")), 7);
	has(out, "\"line\": 3");
	assert_int_equal(finish(start("nobody", "rule explain good.toml")), 0);
	has(out, "events of: open");
}

static void
traces_until_it_is_told_to_end(void **state)
{
	pid_t pid;

	assert_int_equal(run("trace --tracer exit --no-headers --filter 'path prefix /etc/' "
		"--filter uid=0 --filter 'exe in /bin/a,/bin/b'"), 0);
	assert_string_equal(out, "one\ntwo\\x1b[31m\nthree\n");
	has(err, "2 events were lost here");
	has(err, "3 events, 2 lost");
	has(requests, "Events tracers=1 filters=3 rules_only=0 defaults=0 format=table");
	has(requests, "filter path prefix 1 /etc/");
	has(requests, "filter uid  1 0");
	has(requests, "filter exe in 2 /bin/a");
	assert_int_equal(run("trace --count 2 --format seed -q"), 0);
	assert_string_equal(out, "one\ntwo\\x1b[31m\n");
	assert_string_equal(err, "");
	assert_int_equal(run("trace --duration 0.3 --rule-only -o json"), 0);
	has(requests, "rules_only=1 defaults=0 format=json");
	assert_int_equal(run("trace --filter path"), 2);
	assert_int_equal(run("trace --count x"), 2);
	pid = start("sock", "trace --format seed");
	wait_for_request("Events");
	usleep(100000);
	kill(pid, SIGINT);
	assert_int_equal(finish(pid), 0);
	has(err, "3 events, 2 lost");
	wait_for_request("Events cancelled");
}

static void
shows_tracers_and_counters_of_events(void **state)
{
	assert_int_equal(run("tracers"), 0);
	has(out, "open    on      config,rule shadow  12");
	assert_int_equal(run("tracers open"), 0);
	has(out, "path");
	assert_int_equal(run("tracers opens"), 3);
	assert_int_equal(run("stats"), 0);
	has(out, "streams.lost  2");
}

static void
speaks_as_the_first_bpfd_did(void **state)
{
	write_text("shadow.toml", "good");
	assert_int_equal(run("seed-create shadow.toml"), 0);
	assert_string_equal(out, "shadow\n");
	assert_int_equal(run("seed-ls"), 0);
	assert_string_equal(out, "NAME                      TRACER\n"
		"shadow                    open\n"
		"shadow                    exec\n"
		"a_rule_with_a_long_name   open\n");
	assert_int_equal(run("seed-rm shadow"), 0);
	assert_string_equal(out, "shadow\n");
	assert_int_equal(run("seed-rm other"), 1);
	assert_int_equal(run("seed-version"), 0);
	has(out, "bpfd:\n version     : v");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_programs_links_and_maps),
		cmocka_unit_test(gets_one),
		cmocka_unit_test(shows_status_and_version),
		cmocka_unit_test(loads),
		cmocka_unit_test(loads_and_attaches),
		cmocka_unit_test(takes_back_what_cannot_be_attached),
		cmocka_unit_test(refuses_files_before_it_asks),
		cmocka_unit_test(prints_the_verifiers_log),
		cmocka_unit_test(fetches_the_whole_of_a_long_log),
		cmocka_unit_test(prints_the_end_of_a_log_that_is_gone),
		cmocka_unit_test(attaches),
		cmocka_unit_test(asks_which_of_several_is_meant),
		cmocka_unit_test(tries_every_argument),
		cmocka_unit_test(every_code_has_its_exit_status),
		cmocka_unit_test(escapes_the_daemons_words),
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
		cmocka_unit_test(gives_rules_and_says_what_is_odd),
		cmocka_unit_test(lists_gets_explains_and_removes_rules),
		cmocka_unit_test(checks_rules_without_a_daemon),
		cmocka_unit_test(traces_until_it_is_told_to_end),
		cmocka_unit_test(shows_tracers_and_counters_of_events),
		cmocka_unit_test(speaks_as_the_first_bpfd_did),
		cmocka_unit_test(reports_output_that_cannot_be_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bpfctl", tests, set_up, tear_down);
}
