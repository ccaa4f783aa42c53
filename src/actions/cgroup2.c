/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "actions/cgroup.h"
#include "common/auto.h"

#define KILL_MS		5000
#define FREEZE_MS	2000
#define STEP_MS		50	/* a look between notices, in case one is not sent */

int
cgroup_write(int dir, const char *name, const char *text)
{
	AUTO(fd) int fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* Waits until cgroup.events has the line. */
static int
wait_event(int dir, const char *line, int ms)
{
	AUTO(fd) int fd = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	char buf[256];

	if (fd < 0)
		return -errno;
	for (; ms > 0; ms -= STEP_MS) {
		ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

		if (n < 0)
			return errno == ENODEV ? 0 : -errno;	/* removed: nobody is in it */
		buf[n] = '\0';
		if (strstr(buf, line))
			return 0;
		poll(&p, 1, STEP_MS);
	}
	return -ETIMEDOUT;
}

int
cgroup2_kill(int dir)
{
	int err = cgroup_write(dir, "cgroup.kill", "1");

	return err ? err : wait_event(dir, "populated 0", KILL_MS);
}

int
cgroup2_freeze(int dir, bool freeze)
{
	int err = cgroup_write(dir, "cgroup.freeze", freeze ? "1" : "0");

	return err ? err : wait_event(dir, freeze ? "frozen 1" : "frozen 0", FREEZE_MS);
}
