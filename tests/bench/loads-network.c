/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads of the tracers of the network, in a network namespace of the program's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loads.h"

static struct sockaddr_in to = { .sin_family = AF_INET };
static int listener = -1;

static bool
loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;
	bool up;

	if (unshare(CLONE_NEWNET))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	up = fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &r);
	close(fd);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(9);		/* where nobody listens */
	return up;
}

static bool
listen_there(void)
{
	socklen_t len = sizeof(to);

	if (!loopback_up())
		return false;
	to.sin_port = 0;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return listener >= 0 && !bind(listener, (struct sockaddr *)&to, len) && !listen(listener, 8) &&
		!getsockname(listener, (struct sockaddr *)&to, &len);
}

static void
end(void)
{
	close(listener);
}

static bool
connect_accept(void)
{
	int from = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), at;

	if (from < 0 || connect(from, (struct sockaddr *)&to, sizeof(to)))
		return false;
	at = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	/* Whoever connected keeps the port for a minute if it closes first. */
	return at >= 0 && !close(at) && !close(from);
}

static bool
refused(void)
{
	int from = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (from < 0 || !connect(from, (struct sockaddr *)&to, sizeof(to)) || errno != ECONNREFUSED)
		return false;
	return !close(from);
}

const struct load loads_network[] = {
	{ "tcpstate", "connect, accept, close", 20, listen_there, connect_accept, end },
	{ "tcpdrop", "connect that is refused", 50, loopback_up, refused, NULL },
	{ .tracer = NULL },
};
