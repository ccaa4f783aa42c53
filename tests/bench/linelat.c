/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linelat FILE DIR COUNT PAUSE_US: opens DIR/tNANOSECONDS, which is not there, with a pause in
 * between, while it reads a tracer's lines (FILE that grows, or "-") and takes the time since the
 * open that each tells of.  Says "LINES P50_US P99_US MAX_US".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"
#include "samples.h"

#define COUNT_MAX 100000
#define LAST_MS 1500		/* what came later than that is not waited for */

static double took[COUNT_MAX];
static int n_took;

static void
generate(const char *dir, int count, useconds_t pause_us)
{
	char path[256];

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/t%llu", dir, loop_now_ns());
		open(path, O_RDONLY | O_CLOEXEC);
		usleep(pause_us);
	}
	_exit(0);
}

/* Whole lines; returns how much of buf is left over. */
static size_t
take(char *buf, size_t len, const char *mark)
{
	unsigned long long now = loop_now_ns(), then;
	char *line = buf, *end;

	while ((end = memchr(line, '\n', len - (size_t)(line - buf)))) {
		char *at;

		*end = '\0';
		at = strstr(line, mark);
		then = at ? strtoull(at + strlen(mark), NULL, 10) : 0;
		if (then && then < now && n_took < COUNT_MAX)
			took[n_took++] = (double)(now - then);
		line = end + 1;
	}
	len -= (size_t)(line - buf);
	memmove(buf, line, len);
	return len;
}

int
main(int argc, char **argv)
{
	static char buf[1 << 16], sink[4096];
	char mark[256];
	int count, fd, watch = -1;
	unsigned long long end;
	size_t len = 0;
	pid_t pid;

	if (argc != 5 || (count = atoi(argv[3])) > COUNT_MAX)
		return 2;
	snprintf(mark, sizeof(mark), "%s/t", argv[2]);
	fd = strcmp(argv[1], "-") == 0 ? STDIN_FILENO : open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (fd != STDIN_FILENO) {
		watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		inotify_add_watch(watch, argv[1], IN_MODIFY);
	}
	pid = fork();
	if (pid == 0)
		generate(argv[2], count, (useconds_t)atoi(argv[4]));
	end = loop_now_ns() + (unsigned long long)count * (unsigned long long)(atoi(argv[4]) + 300) * 1000 +
		LAST_MS * 1000000ULL;
	while (n_took < count && loop_now_ns() < end) {
		struct pollfd p = { .fd = watch >= 0 ? watch : fd, .events = POLLIN };
		ssize_t n;

		poll(&p, 1, 100);
		while (watch >= 0 && read(watch, sink, sizeof(sink)) > 0)
			;
		while ((n = read(fd, buf + len, sizeof(buf) - len)) > 0)
			len = take(buf, len + (size_t)n, mark);
		if (len == sizeof(buf) || (n == 0 && watch < 0))
			break;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	qsort(took, (size_t)n_took, sizeof(*took), samples_by_value);
	if (!n_took)
		return 1;
	printf("%d %.1f %.1f %.1f\n", n_took, took[n_took / 2] / 1e3,
		took[(size_t)n_took * 99 / 100] / 1e3, took[n_took - 1] / 1e3);
	return 0;
}
