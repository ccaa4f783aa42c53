/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bpfd/logout.h"
#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/clock.h"

#define READS_MAX 16	/* reads of one pipe in a round, so that a talker does not hold up others */

static void
pass_line(void *arg, enum log_level level, const char *text)
{
	struct task *t = arg;

	logout_line(t->name, t->pid, level, text);
}

/* False: the pipe is at its end. */
static bool
read_log(struct task *t)
{
	char buf[4096];

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = read(t->log.fd, buf, sizeof(buf));

		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
		loglines_feed(&t->lines, buf, (size_t)n, clock_ms(), pass_line, t);
	}
	return true;
}

static void
drop_source(struct sup *s, struct loop_source *src)
{
	loop_remove(s->loop, src);
	close_keep_errno(TAKE_FD(src->fd));
}

static void
on_log(void *arg)
{
	struct task *t = arg;

	if (!read_log(t))
		drop_source(t->sup, &t->log);
}

static void
on_exit_of(void *arg)
{
	struct task *t = arg;
	int status = 0;

	if (waitpid(t->pid, &status, WNOHANG) != t->pid)
		return;
	if (t->log.fd >= 0) {
		read_log(t);
		drop_source(t->sup, &t->log);
	}
	loglines_end(&t->lines, pass_line, t);
	drop_source(t->sup, &t->exit);
	t->pid = 0;
	t->ended(t, status);
}

/* A process that nobody could watch must not go on. */
static int
watch(struct task *t, int take_log)
{
	int err;

	t->log = (struct loop_source){ take_log, on_log, t };
	t->exit = (struct loop_source){ (int)syscall(SYS_pidfd_open, t->pid, 0), on_exit_of, t };
	err = t->exit.fd < 0 ? -errno : loop_add(t->sup->loop, &t->exit);
	if (!err)
		err = loop_add(t->sup->loop, &t->log);
	if (!err)
		return 0;
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	drop_source(t->sup, &t->exit);
	drop_source(t->sup, &t->log);
	t->pid = 0;
	return err;
}

int
task_start(struct task *t, struct proc_start *s)
{
	int pipefd[2], err;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return -errno;
	/* Only this end: a child that logs faster than we read waits for it. */
	fcntl(pipefd[0], F_SETFL, O_NONBLOCK);
	s->in = s->in ? s->in : t->sup->null;
	s->out = t->sup->null;
	s->log = pipefd[1];
	s->exe = t->sup->exes[s->id];
	t->name = proc_infos[s->id].name;
	t->lines = (struct loglines){ 0 };
	err = proc_run(s, &t->pid);
	close(pipefd[1]);
	if (err) {
		close(pipefd[0]);
		return err;
	}
	t->started_ms = clock_ms();
	t->started_boot_ns = clock_ns(CLOCK_BOOTTIME);
	return watch(t, pipefd[0]);
}

void
task_kill(struct task *t)
{
	if (t->pid && syscall(SYS_pidfd_send_signal, t->exit.fd, SIGKILL, NULL, 0) < 0)
		log_err(-errno, "child.kill", "name=%s pid=%d", t->name, (int)t->pid);
}
