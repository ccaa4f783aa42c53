/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_NETLINK_H
#define BPFD_LOADER_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What bpfd asks rtnetlink(7).  sock: a NETLINK_ROUTE socket, of the namespace that is meant, from
 * netlink_open() or a oneshot; borrowed.  Every call waits for its answer; -EAGAIN: none came
 * within the socket's receive timeout.
 */
int	netlink_open(void);			/* a descriptor, the caller's; -errno */

/* The kernel's own words for the last refusal on this socket, for one call: "" when it had none. */
struct netlink_err { char text[160]; };

struct netlink_iface {
	char name[16];
	uint32_t ifindex;
	uint32_t xdp_prog_id;			/* 0: no XDP program */
	bool moved;				/* of one that is gone: to another namespace */
};

/* By name (or alternative name), else by number when it is one.  -ENODEV. */
int	netlink_iface(int sock, const char *target, struct netlink_iface *out);
/* The same by number alone. */
int	netlink_iface_at(int sock, uint32_t ifindex, struct netlink_iface *out);
/* Calls each() for every interface. */
int	netlink_ifaces(int sock, void (*each)(void *arg, const struct netlink_iface *it), void *arg);

/*
 * A socket that is told what becomes of interfaces.  netlink_watch_read() calls each() for some of
 * the changes that wait there, in their order, a few for one that came, changed or got another name.
 * 1: there may be more; 0: that was all; -ENOBUFS: some were lost, what there is is to be looked at anew.
 */
int	netlink_watch_open(void);		/* a descriptor, the caller's; -errno */
typedef void netlink_watch_fn(void *arg, const struct netlink_iface *it, bool gone);
int	netlink_watch_read(int sock, netlink_watch_fn *each, void *arg);
/* What it does with the bytes of one message of the kernel's. */
void	netlink_watch_parse(const void *buf, size_t len, netlink_watch_fn *each, void *arg);

/* ---- clsact ---- */
enum netlink_dir { NETLINK_INGRESS, NETLINK_EGRESS };

/* Makes the clsact qdisc: 1; 0: there was one.  -EEXIST: there is a qdisc of another kind. */
int	netlink_clsact_add(int sock, uint32_t ifindex, struct netlink_err *why);
/* Removes it; gone already is success. */
int	netlink_clsact_del(int sock, uint32_t ifindex);

struct netlink_filter {
	uint32_t ifindex;
	enum netlink_dir dir;
	uint16_t priority;
	uint32_t handle;			/* 0: netlink_filter_add() fills it */
	uint32_t prog_id;			/* not used by netlink_filter_add() */
	bool is_bpf;				/* of kind bpf; not used by netlink_filter_add() */
	char name[64];				/* for people, in tc(8); of another kind, that */
};

/* Adds the program in direct-action mode. */
int	netlink_filter_add(int sock, struct netlink_filter *f, int prog_fd, struct netlink_err *why);
/* The same in the place of the filter with f's priority and handle: no packet sees neither. */
int	netlink_filter_replace(int sock, struct netlink_filter *f, int prog_fd, struct netlink_err *why);
/* -ENOENT: not there. */
int	netlink_filter_del(int sock, const struct netlink_filter *f);
/* Calls each() for every filter there, of anybody; -ENODEV, -EINVAL: there is no such hook. */
int	netlink_filters(int sock, uint32_t ifindex, enum netlink_dir dir,
		void (*each)(void *arg, const struct netlink_filter *f), void *arg);

#endif
