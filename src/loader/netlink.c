/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/auto.h"
#include "loader/netlink_ask.h"

#define ANSWER_BYTES	32768		/* what the kernel fills a dump's message with */

int
netlink_open(void)
{
	const struct timeval patience = { .tv_sec = 2 };
	AUTO(fd) int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (sock < 0 || setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &(int){1}, sizeof(int)) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	return TAKE_FD(sock);
}

static int
err_attr(const struct nlattr *attr, void *arg)
{
	struct netlink_err *why = arg;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(why->text, sizeof(why->text), "%s", mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

/* The extended answer follows the refused request, of which NETLINK_CAP_ACK is not asked. */
static void
explain(const struct nlmsghdr *nh, struct netlink_err *why)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nh);
	size_t at = sizeof(*e);

	if (!why || !(nh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nh->nlmsg_flags & NLM_F_CAPPED))
		at += mnl_nlmsg_get_payload_len(nh) > at ? e->msg.nlmsg_len - sizeof(e->msg) : 0;
	if (at < mnl_nlmsg_get_payload_len(nh))
		mnl_attr_parse(nh, (unsigned int)at, err_attr, why);
}

static void
take(struct netlink_answer *a, const struct nlmsghdr *nh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nh);

	if (nh->nlmsg_seq != a->seq)
		return;		/* of an earlier request that was not waited for */
	if (nh->nlmsg_type == NLMSG_DONE) {
		a->done = true;
	} else if (nh->nlmsg_type == NLMSG_ERROR) {
		a->done = true;
		if (mnl_nlmsg_get_payload_len(nh) < sizeof(*e))
			a->err = -EBADMSG;
		else if (!a->err && e->error)
			explain(nh, a->why);
		a->err = a->err ? a->err : e->error;
	} else if (a->each && !a->err) {
		a->err = a->each(nh, a->arg) == MNL_CB_ERROR ? -EBADMSG : 0;
	}
}

int
netlink_ask(int sock, struct nlmsghdr *nh, struct netlink_answer *a)
{
	static _Alignas(struct nlmsghdr) char buf[ANSWER_BYTES];
	static uint32_t seq;
	struct iovec iov = { nh, nh->nlmsg_len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	nh->nlmsg_seq = a->seq = ++seq;
	if (sendmsg(sock, &mh, MSG_NOSIGNAL) < 0)
		return -errno;
	iov = (struct iovec){ buf, sizeof(buf) };
	while (!a->done) {
		ssize_t n = recvmsg(sock, &mh, 0);
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || (mh.msg_flags & MSG_TRUNC))
			return n < 0 ? -errno : -EBADMSG;
		for (nh = (struct nlmsghdr *)buf; netlink_msg_ok(nh, left); nh = mnl_nlmsg_next(nh, &left))
			take(a, nh);
	}
	return a->err;
}

/* ---- interfaces ---- */

static int
xdp_attr(const struct nlattr *attr, void *arg)
{
	struct netlink_iface *it = arg;

	/* The last one wins: with programs in several modes any will do. */
	switch (mnl_attr_get_type(attr)) {
	case IFLA_XDP_PROG_ID:
	case IFLA_XDP_DRV_PROG_ID:
	case IFLA_XDP_SKB_PROG_ID:
	case IFLA_XDP_HW_PROG_ID:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0 && mnl_attr_get_u32(attr))
			it->xdp_prog_id = mnl_attr_get_u32(attr);
	}
	return MNL_CB_OK;
}

static int
link_attr(const struct nlattr *attr, void *arg)
{
	struct netlink_iface *it = arg;

	if (mnl_attr_get_type(attr) == IFLA_IFNAME && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(it->name, sizeof(it->name), "%s", mnl_attr_get_str(attr));
	if (mnl_attr_get_type(attr) == IFLA_NEW_NETNSID)
		it->moved = true;
	if (mnl_attr_get_type(attr) == IFLA_XDP)
		return mnl_attr_parse_nested(attr, xdp_attr, it);
	return MNL_CB_OK;
}

int
netlink_link_msg(const struct nlmsghdr *nh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nh);
	struct netlink_iface *it = arg;

	if ((nh->nlmsg_type != RTM_NEWLINK && nh->nlmsg_type != RTM_DELLINK) || mnl_nlmsg_get_payload_len(nh) < sizeof(*ifi))
		return MNL_CB_ERROR;
	it->ifindex = (uint32_t)ifi->ifi_index;
	return mnl_attr_parse(nh, sizeof(*ifi), link_attr, it);
}

static int
get_link(int sock, const char *name, uint32_t ifindex, struct netlink_iface *out)
{
	union netlink_request req;
	struct nlmsghdr *nh = mnl_nlmsg_put_header(&req);
	struct netlink_iface it = { 0 };
	struct netlink_answer a = { .each = netlink_link_msg, .arg = &it };
	struct ifinfomsg *ifi;
	int err;

	nh->nlmsg_type = RTM_GETLINK;
	nh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	ifi = mnl_nlmsg_put_extra_header(nh, sizeof(*ifi));
	ifi->ifi_index = (int)ifindex;
	if (name)
		mnl_attr_put_strz(nh, strlen(name) < sizeof(it.name) ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
	mnl_attr_put_u32(nh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	err = netlink_ask(sock, nh, &a);
	if (err)
		return err;
	*out = it;
	return 0;
}

int
netlink_iface(int sock, const char *target, struct netlink_iface *out)
{
	int err = -ENODEV;
	char *end;
	unsigned long n;

	if (target[0] && strlen(target) < 128)	/* ALTIFNAMSIZ */
		err = get_link(sock, target, 0, out);
	if (!err || target[0] < '0' || target[0] > '9')
		return err == -EINVAL ? -ENODEV : err;
	n = strtoul(target, &end, 10);
	if (*end || n == 0 || n > INT32_MAX)
		return -ENODEV;
	return get_link(sock, NULL, (uint32_t)n, out);
}

int
netlink_iface_at(int sock, uint32_t ifindex, struct netlink_iface *out)
{
	return ifindex && ifindex <= INT32_MAX ? get_link(sock, NULL, ifindex, out) : -ENODEV;
}

struct ifaces {
	void (*each)(void *arg, const struct netlink_iface *it);
	void *arg;
};

static int
iface_msg(const struct nlmsghdr *nh, void *arg)
{
	struct ifaces *all = arg;
	struct netlink_iface it = { 0 };

	if (netlink_link_msg(nh, &it) == MNL_CB_ERROR)
		return MNL_CB_ERROR;
	all->each(all->arg, &it);
	return MNL_CB_OK;
}

int
netlink_ifaces(int sock, void (*each)(void *arg, const struct netlink_iface *it), void *arg)
{
	union netlink_request req;
	struct nlmsghdr *nh = mnl_nlmsg_put_header(&req);
	struct ifaces all = { each, arg };
	struct netlink_answer a = { .each = iface_msg, .arg = &all };

	nh->nlmsg_type = RTM_GETLINK;
	nh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(nh, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(nh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return netlink_ask(sock, nh, &a);
}
