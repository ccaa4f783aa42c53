/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads of the tracers of the network, in a network namespace of the program's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
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

static bool
bind_any(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && !bind(fd, (struct sockaddr *)&any, sizeof(any)) && !close(fd);
}

static bool
raw_socket(void)
{
	return !close(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
}

/* Each to another port, so that each is the first. */
static bool
send_elsewhere(void)
{
	static uint16_t port = 1024;

	to.sin_port = htons(port = port == UINT16_MAX ? 1024 : port + 1);
	return sendto(listener, "", 0, 0, (struct sockaddr *)&to, sizeof(to)) == 0;
}

static bool
sender(void)
{
	if (!loopback_up())
		return false;
	listener = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return listener >= 0;
}

static bool
reset(void)
{
	const struct linger at_once = { .l_onoff = 1 };
	int from = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), at;

	if (from < 0 || connect(from, (struct sockaddr *)&to, sizeof(to)) ||
	    setsockopt(from, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)))
		return false;
	at = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	return at >= 0 && !close(from) && !close(at);
}

/* A query, to nobody. */
static bool
ask(void)
{
	static const char query[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\1a\7example\0\0\1\0\1";

	to.sin_port = htons(53);
	return sendto(listener, query, sizeof(query) - 1, 0, (struct sockaddr *)&to, sizeof(to)) == sizeof(query) - 1;
}

const struct load loads_network[] = {
	{ "bind", "socket, bind, close", 200, loopback_up, bind_any, NULL },
	{ "skbdrop", "datagram to nobody", 200, sender, send_elsewhere, end },
	{ "socket", "raw socket, close", 200, loopback_up, raw_socket, NULL },
	{ "udp", "datagram to nobody", 200, sender, send_elsewhere, end },
	{ "dns", "query to nobody", 200, sender, ask, end },
	{ "tcpretrans", "connect, accept, reset", 20, listen_there, reset, end },
	{ "tcpstate", "connect, accept, close", 20, listen_there, connect_accept, end },
	{ "tcpdrop", "connect that is refused", 50, loopback_up, refused, NULL },
	{ .tracer = NULL },
};
