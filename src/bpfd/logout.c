/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfd/logout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/auto.h"

#define FACILITY_DAEMON	(3 << 3)
#define DEV_LOG		"/dev/log"

/* The log is the one thing that every part of a process shares. */
static struct {
	const char *who;
	bool levels;		/* "<N>" before each line */
	int syslog;		/* socket, or -1 */
} out = { .syslog = -1 };

static int
connect_syslog(int fd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = DEV_LOG };

	return connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
}

static void
to_syslog(const char *who, pid_t pid, enum log_level level, const char *text)
{
	char line[2200], stamp[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int n;

	if (localtime_r(&now, &tm))
		strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm);
	n = snprintf(line, sizeof(line), "<%d>%s %s[%d]: %s", FACILITY_DAEMON | (int)level, stamp, who,
		(int)pid, text);
	if (n >= (int)sizeof(line))
		n = sizeof(line) - 1;
	/* A syslog daemon that was restarted has a new socket; one that is slow loses lines. */
	if (send(out.syslog, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN &&
	    connect_syslog(out.syslog) == 0)
		send(out.syslog, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
to_stderr(const char *who, pid_t pid, enum log_level level, const char *text)
{
	char line[4400];
	char prefix[8] = "";
	int n;

	if (out.levels)
		snprintf(prefix, sizeof(prefix), "<%d>", (int)level);
	n = snprintf(line, sizeof(line), "%s%s[%d]: %s\n", prefix, who, (int)pid, text);
	if (n >= (int)sizeof(line)) {
		n = sizeof(line);
		line[n - 1] = '\n';
	}
	/* Nobody reads it any more: the work goes on. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

void
logout_line(const char *who, pid_t pid, enum log_level level, const char *text)
{
	if (out.syslog >= 0)
		to_syslog(who, pid, level, text);
	else
		to_stderr(who, pid, level, text);
}

static void
own_line(void *arg, enum log_level level, const char *line)
{
	logout_line(out.who, getpid(), level, line);
}

void
logout_init(const char *who)
{
	out.who = who;
	out.levels = getenv("JOURNAL_STREAM") != NULL;
	log_set_sink(own_line, NULL);
}

int
logout_syslog(void)
{
	AUTO(fd) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = connect_syslog(fd);
	if (err && err != -ECONNREFUSED && err != -ENOENT)
		return err;
	tzset();
	out.syslog = TAKE_FD(fd);
	return err;
}
