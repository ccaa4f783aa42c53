/* SPDX-License-Identifier: Apache-2.0 */
/* Runs bpfd-config: the texts of configuration and rules are parsed there and nowhere else. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bpfd/loglines.h"
#include "bpfd/logout.h"
#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memfd.h"

#define CONFIG_MS 15000

const char *
confrun_file(const struct sup *s)
{
	return s->opt.config ? s->opt.config : s->paths.config;
}

int
confrun_beside(const struct sup *s, const char *name, char out[PATH_MAX])
{
	char file[PATH_MAX];
	int n;

	if (name[0] == '/') {
		n = snprintf(out, PATH_MAX, "%s", name);
	} else {
		snprintf(file, sizeof(file), "%s", confrun_file(s));
		n = snprintf(out, PATH_MAX, "%s/%s", dirname(file), name);
	}
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* "bpfd daemon" watches what the program of that name watched, until it is told what to watch. */
static int
open_defaults(const struct sup *s)
{
	static const char text[] = "[tracers]\n"
		"enabled = [\"bashreadline\", \"exec\", \"open\", \"openbreakout\", \"tcpdrop\"]\n"
		"allow_sensitive = [\"bashreadline\"]\n";
	AUTO(fd) int fd = -1;

	if (!s->opt.watch)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_sealed("bpfd-defaults", text, sizeof(text) - 1);
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* The file, or defaults when there is none and none was named. */
static int
open_file(const struct sup *s)
{
	int fd = open(confrun_file(s), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT && !s->opt.config)
		fd = open_defaults(s);
	return fd < 0 ? log_err(-errno, "config.open", "path=%s", confrun_file(s)) : fd;
}

static void
say(void *arg, enum log_level level, const char *text)
{
	logout_line("bpfd-config", *(pid_t *)arg, LOG_LVL_ERR, text);
}

/* Passes its words on until it ends. */
static int
listen_to(int log, pid_t pid)
{
	struct pollfd p = { .fd = log, .events = POLLIN };
	int64_t deadline = clock_ms() + CONFIG_MS;
	struct loglines lines = { 0 };
	char buf[4096];
	ssize_t n;

	do {
		int64_t left = deadline - clock_ms();

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return -ETIMEDOUT;
		n = read(log, buf, sizeof(buf));
		if (n > 0)
			loglines_feed(&lines, buf, (size_t)n, clock_ms(), say, &pid);
	} while (n > 0);
	loglines_end(&lines, say, &pid);
	return 0;
}

const char *
confrun_entries(const struct sup *s, char out[CONFRUN_ENTRIES])
{
	snprintf(out, CONFRUN_ENTRIES, "--list-entries=%" PRIu64, s->cfg->rules_list_entries);
	return out;
}

/* in: its standard input, of which it has its own. */
static int
begin(struct sup *s, const char *arg, int in, struct confrun *r)
{
	struct proc_start ps = { .id = PROC_CONFIG, .exe = s->exes[PROC_CONFIG], .in = in, .out = s->null, .args = { arg } };
	AUTO(fd) int out = confrun_room();
	char entries[CONFRUN_ENTRIES];
	int log[2], err;

	if (out < 0)
		return out;
	ps.channel = out;
	if (s->cfg)
		ps.args[1] = confrun_entries(s, entries);
	if (pipe2(log, O_CLOEXEC) < 0)
		return -errno;
	ps.log = log[1];
	err = proc_run(&ps, &r->pid);
	close(log[1]);
	if (err) {
		close(log[0]);
		return err;
	}
	r->log = log[0];
	r->out = TAKE_FD(out);
	return 0;
}

/* Its result, sealed, of max bytes at most. */
static int
end(struct confrun *r, size_t max)
{
	AUTO(fd) int out = TAKE_FD(r->out);
	int err = listen_to(r->log, r->pid), status = 0;

	if (err)
		kill(r->pid, SIGKILL);
	waitpid(r->pid, &status, 0);
	close(r->log);
	r->pid = 0;
	if (!err)
		err = status ? -EINVAL : confrun_seal(out, max);
	return err ? err : TAKE_FD(out);
}

int
confrun_seal(int fd, size_t max)
{
	struct stat st;

	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0 ||
	    fstat(fd, &st) < 0)
		return -errno;
	return (size_t)st.st_size > max ? -EFBIG : 0;
}

int
confrun_room(void)
{
	int fd = memfd_create("bpfd-result", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return fd < 0 ? -errno : fd;
}

int
confrun_make(struct sup *s, const char *mode, int in, size_t max)
{
	struct confrun r = { 0 };
	int err = begin(s, mode, in, &r);

	return err ? err : end(&r, max);
}

static int
begin_file(struct sup *s)
{
	AUTO(fd) int file = open_file(s);

	return file < 0 ? file : begin(s, confrun_file(s), file, &s->config_run);
}

int
confrun_begin(struct sup *s)
{
	int err = begin_file(s);

	return err ? log_err(err, "config.refused", "path=%s", confrun_file(s)) : 0;
}

void
confrun_stop(struct sup *s)
{
	struct confrun *r = &s->config_run;

	if (!r->pid)
		return;
	kill(r->pid, SIGKILL);
	close_keep_errno(end(r, 0));
}

/* 0 with *out filled, or a negative errno; its words are logged. */
static int
read_result(struct sup *s, struct config *out)
{
	int err = s->config_run.pid ? 0 : begin_file(s);
	AUTO(fd) int made = err ? err : end(&s->config_run, sizeof(*out));

	if (made < 0)
		return made;
	return pread(made, out, sizeof(*out), 0) == (ssize_t)sizeof(*out) ? 0 : -EINVAL;
}

/* Words of the command line win. */
static void
apply_options(const struct sup *s, struct config *c)
{
	if (s->opt.log_level >= 0)
		c->log_level = (uint64_t)(s->opt.log_level - LOG_LVL_ERR);
	if (s->opt.rules_dir)
		snprintf(c->rules_dir, sizeof(c->rules_dir), "%s", s->opt.rules_dir);
	if (s->opt.grpc_addr && strcmp(s->opt.grpc_addr, s->paths.sock) != 0)
		snprintf(c->socket_compat_path, sizeof(c->socket_compat_path), "%s", s->opt.grpc_addr);
}

/* The rings and tables are there already, with what is in them: their sizes stay. */
static void
keep_sizes(const struct sup *s, struct config *c)
{
	uint64_t *now[] = { &c->events_ring_bytes, &c->events_processes, &c->events_cgroups };
	const struct config *old = s->cfg;
	const uint64_t was[] = { old->events_ring_bytes, old->events_processes, old->events_cgroups };
	bool other = false;

	for (size_t i = 0; i < ARRAY_SIZE(was); i++) {
		other |= *now[i] != was[i];
		*now[i] = was[i];
	}
	if (other)
		log_notice("config.sizes", "events.ring_bytes, processes and cgroups stay until bpfd is started anew");
}

int
confrun_read(struct sup *s)
{
	AUTO(mem) struct config *c = malloc(sizeof(*c));
	const char *key = "";
	const struct config *shared;
	int err = c ? read_result(s, c) : -ENOMEM, fd;

	if (!err)
		err = config_check(c, &key);
	if (err)
		return log_err(err, "config.refused", "path=%s%s%s", confrun_file(s), key[0] ? " " : "", key);
	apply_options(s, c);
	rules_tracers(s, c);
	if (s->cfg)
		keep_sizes(s, c);
	fd = memfd_sealed("bpfd-config", c, sizeof(*c));
	if (fd < 0)
		return log_err(fd, "config.seal", "bytes=%zu", sizeof(*c));
	err = config_receive(fd, &shared);
	if (err) {
		close(fd);
		return log_err(err, "config.refused", "path=%s after options and tracers", confrun_file(s));
	}
	close_keep_errno(s->cfg_fd);
	config_free(s->cfg);
	s->cfg_fd = fd;
	s->cfg = shared;
	log_set_level((enum log_level)(LOG_LVL_ERR + s->cfg->log_level));
	return 0;
}

int
confrun_show(struct sup *s, const char *how)
{
	struct proc_start ps = { .id = PROC_CONFIG, .exe = s->exes[PROC_CONFIG], .out = STDOUT_FILENO,
		.log = STDERR_FILENO, .args = { how, confrun_file(s) } };
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
