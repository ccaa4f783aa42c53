/* SPDX-License-Identifier: Apache-2.0 */
/* Runs bpfd-config: the text of the configuration is parsed there and nowhere else. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "bpfd/loglines.h"
#include "bpfd/logout.h"
#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/memfd.h"

#define CONFIG_MS 15000

static const char *
file_of(const struct sup *s)
{
	return s->opt.config ? s->opt.config : s->paths.config;
}

/* The file, or nothing when there is none and none was named. */
static int
open_file(const struct sup *s)
{
	int fd = open(file_of(s), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT && !s->opt.config)
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? log_err(-errno, "config.open", "path=%s", file_of(s)) : fd;
}

static void
say(void *arg, enum log_level level, const char *text)
{
	logout_line("bpfd-config", *(pid_t *)arg, LOG_LVL_ERR, text);
}

/* Reads both pipes to their ends.  The bytes of the result, or a negative errno. */
static ssize_t
collect(int result, int log, pid_t pid, char *out, size_t size)
{
	struct pollfd p[2] = { { .fd = result, .events = POLLIN }, { .fd = log, .events = POLLIN } };
	int64_t deadline = loop_now_ms() + CONFIG_MS;
	struct loglines lines = { 0 };
	char buf[4096];
	size_t got = 0;

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		int64_t left = deadline - loop_now_ms();
		ssize_t n;

		if (left <= 0 || poll(p, 2, (int)left) <= 0)
			return -ETIMEDOUT;
		if (p[0].fd >= 0 && p[0].revents) {
			n = read(result, out + got, size - got);
			got += n > 0 ? (size_t)n : 0;
			if (n <= 0 || got == size)
				p[0].fd = -1;
		}
		if (p[1].fd >= 0 && p[1].revents) {
			n = read(log, buf, sizeof(buf));
			if (n > 0)
				loglines_feed(&lines, buf, (size_t)n, loop_now_ms(), say, &pid);
			else
				p[1].fd = -1;
		}
	}
	loglines_end(&lines, say, &pid);
	return (ssize_t)got;
}

/* Runs it on the file.  0 with *out filled, or a negative errno; its words are logged. */
static int
run(struct sup *s, struct config *out)
{
	struct proc_start ps = { .id = PROC_CONFIG, .exe = s->exes[PROC_CONFIG], .out = s->null,
		.args = { file_of(s) } };
	int result[2], log[2], status = 0, err;
	AUTO(fd) int file = open_file(s);
	pid_t pid = 0;
	ssize_t n;

	if (file < 0)
		return file;
	if (pipe2(result, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(log, O_CLOEXEC) < 0) {
		err = -errno;
		close(result[0]);
		close(result[1]);
		return err;
	}
	ps.in = file;
	ps.log = log[1];
	ps.channel = result[1];
	err = proc_run(&ps, &pid);
	close(result[1]);
	close(log[1]);
	n = err ? err : collect(result[0], log[0], pid, (char *)out, sizeof(*out));
	close(result[0]);
	close(log[0]);
	if (err)
		return err;
	if (n < 0)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (n < 0 || status)
		return n < 0 ? (int)n : -EINVAL;
	return n == (ssize_t)sizeof(*out) ? 0 : -EINVAL;
}

int
confrun_read(struct sup *s)
{
	AUTO(mem) struct config *c = malloc(sizeof(*c));
	const char *key = "";
	int err = c ? run(s, c) : -ENOMEM, fd;

	if (!err)
		err = config_check(c, &key);
	if (err)
		return log_err(err, "config.refused", "path=%s %s", file_of(s), key ? key : "");
	if (s->opt.log_level >= 0)
		c->log_level = (uint64_t)(s->opt.log_level - LOG_LVL_ERR);
	fd = memfd_sealed("bpfd-config", c, sizeof(*c));
	if (fd < 0)
		return log_err(fd, "config.seal", "bytes=%zu", sizeof(*c));
	close_keep_errno(s->cfg_fd);
	free(s->cfg);
	s->cfg_fd = fd;
	s->cfg = TAKE_PTR(c);
	log_set_level((enum log_level)(LOG_LVL_ERR + s->cfg->log_level));
	return 0;
}

int
confrun_show(struct sup *s, const char *how)
{
	struct proc_start ps = { .id = PROC_CONFIG, .exe = s->exes[PROC_CONFIG], .out = STDOUT_FILENO,
		.log = STDERR_FILENO, .args = { how, file_of(s) } };
	AUTO(fd) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	AUTO(fd) int file = open_file(s);
	int status = 0, err;
	pid_t pid;

	if (file < 0 || null < 0)
		return EXIT_CONFIG;
	ps.in = file;
	ps.channel = null;
	err = proc_run(&ps, &pid);
	if (err)
		return log_err(err, "config.run", "name=bpfd-config"), EXIT_FAILED;
	waitpid(pid, &status, 0);
	return status ? EXIT_CONFIG : EXIT_DONE;
}
