/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_NETLINK_ASK_H
#define BPFD_LOADER_NETLINK_ASK_H

#include <libmnl/libmnl.h>
#include <stdbool.h>

#include "loader/netlink.h"

/* One request and its answers; for netlink*.c. */
union netlink_request {
	struct nlmsghdr nh;
	char room[1024];
};

struct netlink_answer {
	int (*each)(const struct nlmsghdr *nh, void *arg);	/* MNL_CB_OK or _ERROR; may be NULL */
	void *arg;
	struct netlink_err *why;		/* may be NULL */
	uint32_t seq;				/* netlink_ask()'s */
	bool done;
	int err;
};

/*
 * Sends nh, which asks for an acknowledgement or a dump, and gives each message of the answer to
 * a->each until its end.  0, what the kernel answered, or -EBADMSG for an answer that is none.
 */
int	netlink_ask(int sock, struct nlmsghdr *nh, struct netlink_answer *a);

/*
 * mnl_nlmsg_ok() takes a length of 2 GiB and more for a negative one, which is no more than any.  And libmnl
 * lets the last attribute reach into the padding of its message: that must be there, as it is in the kernel's.
 */
static inline bool
netlink_msg_ok(const struct nlmsghdr *nh, int left)
{
	return left >= (int)sizeof(*nh) && nh->nlmsg_len >= sizeof(*nh) && nh->nlmsg_len <= (uint32_t)left &&
		MNL_ALIGN(nh->nlmsg_len) <= (uint32_t)left;
}

/* RTM_NEWLINK or RTM_DELLINK into a struct netlink_iface.  MNL_CB_OK or _ERROR. */
int	netlink_link_msg(const struct nlmsghdr *nh, void *iface);

#endif
