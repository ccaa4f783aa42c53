/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "ipc/bpfnames.h"
#include "loader/attach_hook.h"

struct names {
	const char *kind, *backend, *target, *direction;
};

static void
put(struct msg_link_facts *facts, const struct names *n)
{
	snprintf(facts->kind, sizeof(facts->kind), "%s", n->kind);
	snprintf(facts->backend, sizeof(facts->backend), "%s", n->backend);
	snprintf(facts->target, sizeof(facts->target), "%s", n->target);
	snprintf(facts->direction, sizeof(facts->direction), "%s", n->direction ? n->direction : "");
}

/* The interface's name: "" in another namespace, or when it is gone. */
static void
put_iface(struct msg_link_facts *facts, int rtnl, uint32_t ifindex)
{
	struct netlink_iface it;
	char number[16];

	facts->ifindex = ifindex;
	if (facts->netns_ino && facts->netns_ino != attach_host()->netns_ino)
		return;
	snprintf(number, sizeof(number), "%u", ifindex);
	if (rtnl >= 0 && ifindex && netlink_iface(rtnl, number, &it) == 0 && it.ifindex == ifindex)
		snprintf(facts->target, sizeof(facts->target), "%s", it.name);
}

/* As attach_iter.c words them. */
static void
iter_params(const struct compat_link_info *info, char *name, size_t size)
{
	static const char *const orders[] = { "", " self", " descendants-pre", " descendants-post",
		" ancestors" };
	size_t len = strlen(name);

	if (strcmp(name, "cgroup") == 0 && info->iter.cgroup_id > 1 && info->iter.order < ARRAY_SIZE(orders))
		snprintf(name + len, size - len, " cgroup=%" PRIu64 "%s", info->iter.cgroup_id,
			orders[info->iter.order]);
	else if (strcmp(name, "cgroup") == 0 && info->iter.order < ARRAY_SIZE(orders))
		snprintf(name + len, size - len, "%s", orders[info->iter.order]);
	else if (strncmp(name, "task", 4) == 0 && (info->iter.pid || info->iter.tid))
		snprintf(name + len, size - len, " %s=%u", info->iter.tid ? "tid" : "pid",
			info->iter.tid ? info->iter.tid : info->iter.pid);
	else if (info->iter.map_id && strncmp(name, "task", 4) != 0)
		snprintf(name + len, size - len, " map=%u", info->iter.map_id);
}

static bool
is_on_iface(const struct compat_link_info *info)
{
	return info->type == BPF_LINK_TYPE_XDP || info->type == COMPAT_BPF_LINK_TYPE_TCX ||
		info->type == COMPAT_BPF_LINK_TYPE_NETKIT;
}

/* What the kernel detached with its object keeps its type, and has 0 in the object's place. */
static bool
is_gone(const struct compat_link_info *info)
{
	return (is_on_iface(info) && !info->xdp.ifindex) ||
		(info->type == BPF_LINK_TYPE_CGROUP && !info->cgroup.id) ||
		(info->type == BPF_LINK_TYPE_NETNS && !info->netns.ino) ||
		(info->type == COMPAT_BPF_LINK_TYPE_SOCKMAP && !info->sockmap.map_id);
}

bool
attach_can_go(uint32_t kernel_link_type)
{
	const struct compat_link_info info = { .type = kernel_link_type };

	return is_gone(&info);
}

bool
attach_link_gone(int link_fd)
{
	struct compat_link_info info;

	memset(&info, 0, sizeof(info));
	return compat_obj_info(link_fd, &info, sizeof(info)) >= 0 && is_gone(&info);
}

int
attach_link_describe(const struct compat_link_info *info, const char *known, uint32_t prog_type, int rtnl,
	struct msg_link_facts *facts)
{
	char name[IPC_TARGET_MAX];
	char kept[sizeof(facts->kind)];
	struct names n = { "unknown", "link", name, "" };

	strcpy(kept, facts->kind);
	snprintf(name, sizeof(name), "%s", known);
	if (info->type == BPF_LINK_TYPE_RAW_TRACEPOINT) {
		n.kind = prog_type == BPF_PROG_TYPE_TRACING ? "tp_btf" : "raw_tracepoint";
		facts->cookie = info->raw_tracepoint.cookie;
	} else if (info->type == BPF_LINK_TYPE_PERF_EVENT) {
		/* Before Linux 6.6 only the pin's name tells what else it may be. */
		n.kind = facts->kind[0] ? kept : "tracepoint";
		if (info->perf_event.type == COMPAT_PERF_EVENT_TRACEPOINT)
			facts->cookie = info->perf_event.cookie;
	} else if (info->type == BPF_LINK_TYPE_TRACING) {
		n.kind = bpf_prog_kind_name(prog_type, info->tracing.attach_type);
		facts->cookie = info->tracing.cookie;
		attach_btf_name(info->tracing.attach_type, info->tracing.target_btf_id, name);
	} else if (info->type == BPF_LINK_TYPE_ITER) {
		n.kind = "iter";
		iter_params(info, name, sizeof(name));
	} else if (info->type == BPF_LINK_TYPE_STRUCT_OPS) {
		n.kind = "struct_ops";
		facts->object_id = info->struct_ops.map_id;
	} else if (info->type == BPF_LINK_TYPE_NETNS) {
		n.kind = info->netns.attach_type == BPF_SK_LOOKUP ? "sk_lookup" : "flow_dissector";
		facts->netns_ino = info->netns.ino;
	} else if (info->type == COMPAT_BPF_LINK_TYPE_NETFILTER) {
		n.kind = "netfilter";
		attach_netfilter_target(info->netfilter.family, info->netfilter.hook, name);
	} else if (info->type == COMPAT_BPF_LINK_TYPE_NETKIT) {
		n = (struct names){ "netkit", "netkit", name,
			info->tcx.attach_type == COMPAT_BPF_NETKIT_PEER ? "peer" : "primary" };
	} else if (info->type == BPF_LINK_TYPE_KPROBE_MULTI) {
		n.kind = "kprobe_multi";
	} else if (info->type == COMPAT_BPF_LINK_TYPE_UPROBE_MULTI) {
		n.kind = strcmp(kept, "usdt") == 0 ? kept : "uprobe_multi";
	} else if (info->type == BPF_LINK_TYPE_XDP) {
		n.kind = "xdp";
	} else if (info->type == COMPAT_BPF_LINK_TYPE_TCX) {
		n = (struct names){ "tcx", "tcx", name,
			info->tcx.attach_type == COMPAT_BPF_TCX_INGRESS ? "ingress" : "egress" };
		if (!facts->stub_id)
			facts->proceed_on = ATTACH_TCX_GOES_ON;
	}
	facts->hook_flags |= is_gone(info) ? LINK_GONE : 0;
	facts->kernel_link_id = info->id;
	facts->kernel_link_type = info->type;
	if (info->prog_id)
		facts->prog_id = info->prog_id;
	put(facts, &n);
	if (info->type == BPF_LINK_TYPE_CGROUP) {
		attach_cgroup_facts(info->cgroup.attach_type, facts);
		facts->object_id = info->cgroup.id;
	}
	if (info->type == COMPAT_BPF_LINK_TYPE_SOCKMAP) {
		strcpy(facts->backend, "sockmap");
		attach_sockmap_facts(info->sockmap.attach_type, facts);
		facts->object_id = info->sockmap.map_id;
	}
	if (is_on_iface(info))
		put_iface(facts, rtnl, info->xdp.ifindex);
	return 0;
}

int
attach_link_info(int link_fd, uint32_t prog_type, int rtnl, struct msg_link_facts *facts)
{
	struct compat_link_info info;
	char name[IPC_TARGET_MAX];
	int err = compat_link_ask(link_fd, &info, name, sizeof(name));

	return err < 0 ? err : attach_link_describe(&info, name, prog_type, rtnl, facts);
}

int
attach_suffix_facts(const char *pin_suffix, int rtnl, struct msg_link_facts *facts)
{
	struct attach_suffix s;

	if (!pin_suffix[0])
		return 0;
	if (attach_suffix_read(pin_suffix, &s) < 0)
		return -EINVAL;
	if (s.kind == ATTACH_SUFFIX_HASH) {
		snprintf(facts->kind, sizeof(facts->kind), "%s", s.name);
		facts->hook = s.hook;
		facts->spec_first = s.spec_first;
		facts->n_specs = s.n_specs;
		return 0;
	}
	facts->priority = s.priority;
	if (s.kind == ATTACH_SUFFIX_OPS) {
		facts->prog_id = s.prog_id;
		return 0;
	}
	if (s.kind == ATTACH_SUFFIX_SOCKET) {
		put(facts, &(struct names){ "socket_filter", "socket", "", "" });
		snprintf(facts->target, sizeof(facts->target), "pid:%u/fd:%u", s.pid, s.fd);
		facts->prog_id = s.prog_id;
		facts->object_id = s.cookie;
		return 1;
	}
	facts->netns_ino = s.netns_ino;
	/* The other one looked in the host's namespace, where the number may mean another. */
	if (facts->ifindex && s.netns_ino != attach_host()->netns_ino)
		facts->target[0] = '\0';
	if (s.kind == ATTACH_SUFFIX_LINK) {
		strcpy(facts->mode, s.mode == 'n' ? "native" : s.mode == 's' ? "skb" : "");
		facts->proceed_on = s.proceed_on;
		facts->stub_id = s.stub_id;
		return 0;
	}
	facts->prog_id = s.prog_id;
	if (s.kind == ATTACH_SUFFIX_MAP) {
		put(facts, &(struct names){ "sk_skb", "sockmap", "", "" });
		attach_sockmap_facts(s.attach_type, facts);
		facts->object_id = s.map_id;
		return 1;
	}
	if (s.kind == ATTACH_SUFFIX_DISPATCHER)
		put(facts, &(struct names){ "xdp", "dispatcher", "", NULL });
	else
		put(facts, &(struct names){ "tc", "clsact", "", s.egress ? "egress" : "ingress" });
	facts->proceed_on = s.proceed_on;
	if (s.kind == ATTACH_SUFFIX_FILTER && s.proceed_on)
		facts->stub_id = s.prog_id;
	else if (s.kind == ATTACH_SUFFIX_FILTER)
		facts->proceed_on = ATTACH_CLSACT_GOES_ON;
	put_iface(facts, rtnl, s.ifindex);
	facts->hook_flags = s.made_qdisc ? LINK_MADE_QDISC : 0;
	return 1;
}
