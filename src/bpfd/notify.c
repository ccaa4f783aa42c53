/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfd/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/log.h"

static int
connect_to(const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	AUTO(fd) int fd = -1;

	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(sun.sun_path))
		return -EINVAL;
	memcpy(sun.sun_path, name, len);
	if (name[0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int64_t
watchdog_interval(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	long long v = usec ? strtoll(usec, NULL, 10) : 0;

	if (pid && strtol(pid, NULL, 10) != getpid())
		return 0;
	return v > 2000 ? v / 2000 : 0;
}

void
notify_init(struct notify *n, int64_t now_ms)
{
	const char *name = getenv("NOTIFY_SOCKET");

	*n = (struct notify){ .fd = -1, .next_ms = INT64_MAX };
	if (name)
		n->fd = connect_to(name);
	if (name && n->fd < 0)
		log_err(n->fd, "notify.connect", "socket=%s", LOG_QUOTE(name));
	if (n->fd >= 0)
		n->watchdog_ms = watchdog_interval();
	if (n->watchdog_ms)
		n->next_ms = now_ms + n->watchdog_ms;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
notify_say(struct notify *n, const char *state)
{
	if (n->fd >= 0 && send(n->fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_err(-errno, "notify.send", "state=%s", LOG_QUOTE(state));
}

void
notify_tick(struct notify *n, int64_t now_ms)
{
	if (now_ms < n->next_ms)
		return;
	n->next_ms = now_ms + n->watchdog_ms;
	notify_say(n, "WATCHDOG=1");
}
