/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "common/closest.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

bool
attach_policy_allows(const struct conf_PATTERNS *p, const char *name)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (fnmatch(p->glob[i], name, 0) == 0)
			return true;
	return false;
}

static bool
policy_allows_all(const struct conf_PATTERNS *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (strcmp(p->glob[i], "*") == 0)
			return true;
	return false;
}

static void
offer(void *arg, const struct netlink_iface *it)
{
	closest_offer(arg, it->name);
}

static int
refuse_unknown(const struct attach_in *in, int sock, int err, struct msg_result *res)
{
	const char *where = in->req->netns[0] ? " in the network namespace " : "";
	struct closest near;

	if (err != -ENODEV)
		return result_set(res, IPC_INTERNAL, err, "cannot look for interface %s: %s",
			in->req->target, strerrordesc_np(-err));
	closest_init(&near, in->req->target);
	netlink_ifaces(sock, offer, &near);
	return result_set(res, IPC_NOT_FOUND, err, "there is no interface %s%s%s%s", in->req->target,
		where, in->req->netns, CLOSEST_TEXT(&near));
}

static int
find(const struct attach_in *in, int sock, struct attach_iface *it, struct msg_result *res)
{
	struct netlink_iface nl;
	int err = netlink_iface(sock, in->req->target, &nl);

	if (err)
		return refuse_unknown(in, sock, err, res);
	if (!attach_policy_allows(&in->cfg->policy_interfaces, nl.name))
		return result_set(res, IPC_PERMISSION_DENIED, -EPERM, "the policy (policy.interfaces) does "
			"not allow programs on interface %s", nl.name);
	if (in->replaces && in->replaces->ifindex != nl.ifindex)
		return result_set(res, IPC_FAILED_PRECONDITION, -ESTALE, "interface %s is not the one of link "
			"%llu any more: attach the program anew", nl.name,
			(unsigned long long)in->replaces->link_id);
	snprintf(it->target, sizeof(it->target), "%s", nl.name);
	it->ifindex = nl.ifindex;
	it->xdp_prog_id = nl.xdp_prog_id;
	it->found = true;
	return 0;
}

int
attach_iface(const struct attach_in *in, bool full, struct attach_iface *it, struct msg_result *res)
{
	struct msg_one_fd facts;
	struct msg_netns ns;
	AUTO(fd) int sock = -1;
	int err;

	*it = (struct attach_iface){ .take_sock = -1, .netns_ino = attach_host()->netns_ino };
	strcpy(it->target, in->req->target);
	if (!in->req->netns[0])
		return find(in, in->rtnl, it, res);
	it->netns_ino = 0;
	if (!full && !in->replaces && !(in->req->flags & ATTACH_DRY_RUN) && policy_allows_all(&in->cfg->policy_interfaces))
		return 0;
	strcpy(ns.netns, in->req->netns);
	err = oneshot_fd(in->ld, IPC_ONE_NETLINK, &ns, NULL, &facts, &sock, res);
	if (err)
		return err;
	it->netns_ino = facts.netns_ino;
	err = find(in, sock, it, res);
	if (!err)
		it->take_sock = TAKE_FD(sock);
	return err;
}

void
attach_iface_facts(const struct attach_iface *it, struct msg_link_facts *facts)
{
	strcpy(facts->target, it->target);
	facts->ifindex = it->ifindex;
	facts->netns_ino = it->netns_ino;
}

/* By number where it is known: a name may have changed hands since the policy was asked. */
static int
link_elsewhere(const struct attach_in *in, struct attach_iface *it, struct msg_netns_link *req,
	struct msg_result *res)
{
	struct msg_one_fd facts;
	int link, err;

	strcpy(req->netns, in->req->netns);
	if (it->found)
		snprintf(req->ifname, sizeof(req->ifname), "%u", it->ifindex);
	else if (strlen(it->target) < sizeof(req->ifname))
		strcpy(req->ifname, it->target);
	else
		return result_set(res, IPC_NOT_FOUND, -ENODEV, "there is no interface %s", it->target);
	err = oneshot_fd(in->ld, IPC_ONE_NETNS_LINK, req, &in->prog_fd, &facts, &link, res);
	if (err)
		return err;
	it->ifindex = facts.ifindex;
	it->netns_ino = facts.netns_ino;
	req->flags = facts.flags;
	return link;
}

int
attach_iface_link(const struct attach_in *in, struct attach_iface *it, uint32_t attach_type,
	uint32_t *flags, uint32_t relative_id, struct msg_result *res)
{
	struct msg_netns_link req = { .attach_type = attach_type, .flags = *flags,
		.relative_id = relative_id };
	struct compat_link_create lc = { .prog_fd = (uint32_t)in->prog_fd, .target = it->ifindex,
		.attach_type = attach_type, .flags = *flags, .arg = relative_id };
	int link;

	if (in->req->netns[0]) {
		link = link_elsewhere(in, it, &req, res);
		lc.flags = req.flags;
	} else {
		link = compat_iface_link(&lc);
	}
	if (link >= 0)
		*flags = lc.flags;
	return link;
}
