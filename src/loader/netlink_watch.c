/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "common/auto.h"
#include "loader/netlink.h"
#include "loader/netlink_ask.h"

#define MESSAGE_BYTES	16384
#define AT_ONCE		64
/* Some thousand changes, which wait here while the loader waits for somebody.  Used only then. */
#define QUEUE_BYTES	(4 << 20)

int
netlink_watch_open(void)
{
	const struct sockaddr_nl links = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	AUTO(fd) int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (sock < 0 || bind(sock, (const struct sockaddr *)&links, sizeof(links)) < 0)
		return -errno;
	/* With less some are lost earlier, and asked for again. */
	setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ QUEUE_BYTES }, sizeof(int));
	return TAKE_FD(sock);
}

/* That a port left a bridge (AF_BRIDGE) is no word about the interface. */
static bool
is_of_interface(const struct nlmsghdr *nh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nh);

	return (nh->nlmsg_type == RTM_NEWLINK || nh->nlmsg_type == RTM_DELLINK) &&
		mnl_nlmsg_get_payload_len(nh) >= sizeof(*ifi) && ifi->ifi_family == AF_UNSPEC && ifi->ifi_index > 0;
}

void
netlink_watch_parse(const void *buf, size_t len, netlink_watch_fn *each, void *arg)
{
	const struct nlmsghdr *nh = buf;
	int left = (int)len;

	for (; netlink_msg_ok(nh, left); nh = mnl_nlmsg_next(nh, &left)) {
		struct netlink_iface it = { 0 };

		if (is_of_interface(nh) && netlink_link_msg(nh, &it) != MNL_CB_ERROR && it.name[0])
			each(arg, &it, nh->nlmsg_type == RTM_DELLINK);
	}
}

int
netlink_watch_read(int sock, netlink_watch_fn *each, void *arg)
{
	static _Alignas(struct nlmsghdr) char buf[MESSAGE_BYTES];

	for (int i = 0; i < AT_ONCE; i++) {
		struct sockaddr_nl from = { 0 };
		struct iovec iov = { buf, sizeof(buf) };
		struct msghdr mh = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t n = recvmsg(sock, &mh, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == ENOBUFS ? -ENOBUFS : 0;
		/* Root's processes may write to it too, the kernel has number 0. */
		if (mh.msg_flags & MSG_TRUNC)
			return -ENOBUFS;
		if (from.nl_pid == 0)
			netlink_watch_parse(buf, (size_t)n, each, arg);
	}
	return 1;
}
