/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BPFCTL_RUN_H
#define BPFD_TESTS_BPFCTL_RUN_H

/* bpfctl as a process, what it says and what it asks the fake daemon for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpfctl-fake.h"
#include "common/auto.h"

static char dir[] = "/tmp/bpfctl-test.XXXXXX";
static char program[PATH_MAX];
static pid_t fake;
static char out[32768], err[32768], requests[32768];

static inline void
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

static inline void
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

static inline int
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
static inline pid_t
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
static inline int
finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	read_text("out", out);
	read_text("err", err);
	read_text("requests", requests);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static inline int
run(const char *args)
{
	return finish(start("sock", args));
}

static inline void
has(const char *text, const char *want)
{
	if (!strstr(text, want))
		fail_msg("\"%s\" is not in:\n%s\nstdout:\n%s\nstderr:\n%s", want, text, out, err);
}

static inline void
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

static inline int
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

static inline int
tear_down(void **state)
{
	char line[600];

	kill(fake, SIGKILL);
	waitpid(fake, NULL, 0);
	snprintf(line, sizeof(line), "rm -r %s", dir);
	return system(line);
}

#endif
