/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/bpf_compat.h"
#include "oneshot/netns.h"

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_NETNS
#include "oneshot/sandbox.def"
};

/* Enters the namespace; the capabilities in then are what is left. */
static int
enter(struct oneshot *o, const char *spec, uint64_t then, uint64_t *ino)
{
	AUTO(fd) int ns = -1;
	int err;

	if (!ipc_str_ok(spec, IPC_TARGET_MAX))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "the network namespace is not text");
	ns = netns_open(o, spec, ino);
	if (ns < 0)
		return ns;
	err = one_keep_caps(CAP_BIT(SYS_ADMIN) | then);
	if (!err && setns(ns, CLONE_NEWNET) < 0)
		err = -errno;
	if (!err)
		err = one_keep_caps(then);
	if (err)
		return one_refuse(o, IPC_FAILED_PRECONDITION, err, "cannot enter the network namespace %s: %s",
			spec, strerrordesc_np(-err));
	return 0;
}

static int
run_netlink(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_netns *req = payload;
	const struct timeval patience = { .tv_sec = 2 };
	struct msg_one_fd facts = { 0 };
	AUTO(fd) int sock = -1;
	int err = enter(o, req->netns, CAP_BIT(NET_ADMIN), &facts.netns_ino);

	if (err)
		return err;
	/* The kernel asks the opener for NET_ADMIN too, not only who sends. */
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (sock < 0 ||
	    setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &(int){1}, sizeof(int)) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return one_refuse(o, IPC_INTERNAL, -errno, "netlink socket: %m");
	err = one_keep_caps(0);
	return err ? err : one_answer(o, sock, &facts);
}

static int
run_link(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_netns_link *req = payload;
	struct compat_link_create lc = { .prog_fd = (uint32_t)fds[0],
		.attach_type = req->attach_type, .flags = req->flags };
	struct msg_one_fd facts = { 0 };
	AUTO(fd) int link = -1;
	int ifindex, err;

	if (req->attach_type != BPF_XDP && req->attach_type != COMPAT_BPF_TCX_INGRESS &&
	    req->attach_type != COMPAT_BPF_TCX_EGRESS && req->attach_type != COMPAT_BPF_NETKIT_PRIMARY &&
	    req->attach_type != COMPAT_BPF_NETKIT_PEER)
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "not an attach type of interfaces");
	if (!IPC_STR_OK(req->ifname))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "the interface is not text");
	err = enter(o, req->netns, 0, &facts.netns_ino);
	if (err)
		return err;
	ifindex = netns_ifindex(o, req->ifname);
	if (ifindex < 0)
		return ifindex;
	lc.target = facts.ifindex = (uint32_t)ifindex;
	lc.arg = req->relative_id;
	link = compat_iface_link(&lc);
	if (link < 0)
		return one_refuse(o, IPC_FAILED_PRECONDITION, link, "the kernel refuses the link: %s",
			strerrordesc_np(-link));
	facts.flags = lc.flags;
	return one_answer(o, link, &facts);
}

/* Who has the descriptor can attach to the namespace, and needs SYS_ADMIN to enter it. */
static int
run_netns(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_netns *req = payload;
	struct msg_one_fd facts = { 0 };
	AUTO(fd) int ns = -1;
	int err;

	if (!IPC_STR_OK(req->netns))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "the network namespace is not text");
	ns = netns_open(o, req->netns, &facts.netns_ino);
	if (ns < 0)
		return ns;
	err = one_keep_caps(0);
	return err ? err : one_answer(o, ns, &facts);
}

static int
run_filter(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_netns_filter *req = payload;
	const struct compat_netfilter_link nl = { .prog_fd = (uint32_t)fds[0],
		.attach_type = COMPAT_BPF_NETFILTER, .family = req->family, .hook = req->hook,
		.priority = req->priority, .flags = req->flags };
	struct msg_one_fd facts = { 0 };
	AUTO(fd) int link = -1;
	int err = enter(o, req->netns, 0, &facts.netns_ino);

	if (err)
		return err;
	link = compat_netfilter_link(&nl);
	/* The loader has the words for it, as for a hook of its own namespace. */
	if (link < 0)
		return one_refuse(o, IPC_FAILED_PRECONDITION, link, "the kernel refuses the link");
	return one_answer(o, link, &facts);
}

const struct one_op op_ONE_NETNS = {
	.caps = CAP_BIT(DAC_READ_SEARCH) | CAP_BIT(SYS_PTRACE),
	ONE_RULES_FIELDS,
	.run = run_netns,
};

const struct one_op op_ONE_NETNS_FILTER = {
	.caps = CAP_BIT(SYS_ADMIN) | CAP_BIT(DAC_READ_SEARCH) | CAP_BIT(SYS_PTRACE),
	ONE_RULES_FIELDS,
	.run = run_filter,
};

const struct one_op op_ONE_NETLINK = {
	.caps = CAP_BIT(SYS_ADMIN) | CAP_BIT(NET_ADMIN) | CAP_BIT(DAC_READ_SEARCH) | CAP_BIT(SYS_PTRACE),
	ONE_RULES_FIELDS,
	.run = run_netlink,
};

const struct one_op op_ONE_NETNS_LINK = {
	.caps = CAP_BIT(SYS_ADMIN) | CAP_BIT(DAC_READ_SEARCH) | CAP_BIT(SYS_PTRACE),
	ONE_RULES_FIELDS,
	.run = run_link,
};
