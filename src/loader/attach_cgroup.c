/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds that are attached to a cgroup; which of a kind's hooks, the program was loaded for. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "ipc/bpfnames.h"
#include "loader/attach_hook.h"
#include "loader/attach_suffix.h"
#include "loader/oneshot.h"

#define KERNEL_WITH_ORDER (6 << 8 | 17)

/* In the order of their numbers within a kind: a kind with one hook has it first. */
static const struct hook {
	const char *kind, *name;
	uint32_t attach_type;
} hooks[] = {
	{ "cgroup_skb", "ingress", BPF_CGROUP_INET_INGRESS },
	{ "cgroup_skb", "egress", BPF_CGROUP_INET_EGRESS },
	{ "cgroup_sock", "sock_create", BPF_CGROUP_INET_SOCK_CREATE },
	{ "cgroup_sock", "post_bind4", BPF_CGROUP_INET4_POST_BIND },
	{ "cgroup_sock", "post_bind6", BPF_CGROUP_INET6_POST_BIND },
	{ "cgroup_sock", "sock_release", BPF_CGROUP_INET_SOCK_RELEASE },
	{ "cgroup_sock_addr", "bind4", BPF_CGROUP_INET4_BIND },
	{ "cgroup_sock_addr", "bind6", BPF_CGROUP_INET6_BIND },
	{ "cgroup_sock_addr", "connect4", BPF_CGROUP_INET4_CONNECT },
	{ "cgroup_sock_addr", "connect6", BPF_CGROUP_INET6_CONNECT },
	{ "cgroup_sock_addr", "sendmsg4", BPF_CGROUP_UDP4_SENDMSG },
	{ "cgroup_sock_addr", "sendmsg6", BPF_CGROUP_UDP6_SENDMSG },
	{ "cgroup_sock_addr", "recvmsg4", BPF_CGROUP_UDP4_RECVMSG },
	{ "cgroup_sock_addr", "recvmsg6", BPF_CGROUP_UDP6_RECVMSG },
	{ "cgroup_sock_addr", "getpeername4", BPF_CGROUP_INET4_GETPEERNAME },
	{ "cgroup_sock_addr", "getpeername6", BPF_CGROUP_INET6_GETPEERNAME },
	{ "cgroup_sock_addr", "getsockname4", BPF_CGROUP_INET4_GETSOCKNAME },
	{ "cgroup_sock_addr", "getsockname6", BPF_CGROUP_INET6_GETSOCKNAME },
	{ "cgroup_sock_addr", "connect_unix", COMPAT_BPF_CGROUP_UNIX_CONNECT },
	{ "cgroup_sock_addr", "sendmsg_unix", COMPAT_BPF_CGROUP_UNIX_CONNECT + 1 },
	{ "cgroup_sock_addr", "recvmsg_unix", COMPAT_BPF_CGROUP_UNIX_CONNECT + 2 },
	{ "cgroup_sock_addr", "getpeername_unix", COMPAT_BPF_CGROUP_UNIX_CONNECT + 3 },
	{ "cgroup_sock_addr", "getsockname_unix", COMPAT_BPF_CGROUP_UNIX_GETSOCKNAME },
	{ "cgroup_sockopt", "getsockopt", BPF_CGROUP_GETSOCKOPT },
	{ "cgroup_sockopt", "setsockopt", BPF_CGROUP_SETSOCKOPT },
	{ "cgroup_sysctl", "sysctl", BPF_CGROUP_SYSCTL },
	{ "cgroup_device", "device", BPF_CGROUP_DEVICE },
	{ "sock_ops", "sock_ops", BPF_CGROUP_SOCK_OPS },
	{ "lsm_cgroup", "lsm_cgroup", BPF_LSM_CGROUP },
};

const char *
attach_no_unix(uint32_t attach_type)
{
	return attach_type >= COMPAT_BPF_CGROUP_UNIX_CONNECT &&
		attach_type <= COMPAT_BPF_CGROUP_UNIX_GETSOCKNAME && attach_host()->kernel < (6 << 8 | 7) ?
		"this kernel has no hooks of unix sockets for cgroups (Linux 6.7 has)" : NULL;
}

/* A program of a kind with one hook may have been loaded without it. */
static const struct hook *
hook_of(const struct attach_in *in)
{
	const struct hook *first = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		const struct hook *h = &hooks[i];

		if (strcmp(h->kind, in->req->kind) != 0)
			continue;
		if (in->req->direction[0] ? strcmp(h->name, in->req->direction) == 0 :
					    h->attach_type == in->prog_attach_type)
			return h;
		if (!first)
			first = h;
	}
	return first;
}

bool
attach_cgroup_facts(uint32_t attach_type, struct msg_link_facts *facts)
{
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (hooks[i].attach_type == attach_type) {
			strcpy(facts->kind, hooks[i].kind);
			if (strcmp(hooks[i].kind, "cgroup_skb") == 0)
				strcpy(facts->direction, hooks[i].name);
			facts->attach_type = attach_type;
			return true;
		}
	return false;
}

int
attach_cgroup_link(int prog, int cgroup, const char *hook)
{
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (strcmp(hooks[i].name, hook) == 0)
			return compat_link_create(&(struct compat_link_create){ .prog_fd = (uint32_t)prog,
				.target = (uint32_t)cgroup, .attach_type = hooks[i].attach_type });
	return -ENOENT;
}

static int
create(const struct attach_in *in, int cgroup, const struct msg_link_facts *facts)
{
	struct compat_link_create lc = { .prog_fd = (uint32_t)in->prog_fd, .target = (uint32_t)cgroup,
		.attach_type = facts->attach_type };
	struct attach_order o = { 0 };
	int link;

	if (attach_host()->kernel >= KERNEL_WITH_ORDER)
		attach_order(in, facts, &o);
	lc.flags = o.flags;
	lc.arg = o.relative_id;
	link = compat_link_create(&lc);
	/* The neighbour left the hook without bpfd: somebody detached it by force. */
	if (o.relative_id && (link == -ENOENT || link == -EINVAL)) {
		lc.flags = 0;
		lc.arg = 0;
		link = compat_link_create(&lc);
	}
	return link;
}

static int
refuse(const struct hook *h, const struct msg_link_facts *facts, int err, struct msg_result *res)
{
	char what[IPC_TARGET_MAX + 48];

	if (err == -EPERM)
		return result_set(res, IPC_FAILED_PRECONDITION, err, "the kernel refuses another program at %s "
			"of the cgroup %s: one that admits no others (attached without BPF_F_ALLOW_MULTI) is "
			"there or above; bpftool cgroup tree shows it", h->name, facts->target);
	snprintf(what, sizeof(what), "%s of the cgroup %s", h->name, facts->target);
	return attach_refused(res, err, what);
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct attach_suffix suffix = { .kind = ATTACH_SUFFIX_LINK, .priority = (uint16_t)out->facts.priority };
	const struct hook *h = hook_of(in);
	AUTO(fd) int dir = -1;
	struct attach_cgroup cg;
	int err = attach_cgroup(in, in->req->target, &cg, res);

	if (err)
		return err;
	dir = TAKE_FD(cg.take_fd);
	strcpy(out->facts.target, cg.path);
	out->facts.object_id = cg.id;
	attach_cgroup_facts(h->attach_type, &out->facts);
	err = attach_check_new(in, &out->facts, res);
	if (err || (in->req->flags & ATTACH_DRY_RUN))
		return err;
	out->link_fd = create(in, dir, &out->facts);
	if (out->link_fd < 0)
		return refuse(h, &out->facts, out->link_fd, res);
	attach_suffix_write(&suffix, out->pin_suffix);
	return 0;
}

static const char *
unavailable(const struct config *cfg)
{
	return attach_no_cgroup2();
}

static const char *
lsm_unavailable(const struct config *cfg)
{
	const char *why = attach_no_trampolines();

	if (!why)
		why = attach_no_bpf_lsm();
	if (!why && attach_host()->kernel < (6 << 8 | 0))
		why = "this kernel has no hooks of security modules for cgroups (Linux 6.0 has)";
	return why ? why : attach_no_cgroup2();
}

/* Which hook of security modules, the program was loaded for; for the host's it is of kind lsm. */
static int
lsm_attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	if (in->prog_attach_type == BPF_LSM_CGROUP)
		return attach(in, out, res);
	return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "program %u was loaded as %s, not as "
		"lsm_cgroup", in->req->prog_id, bpf_prog_kind_name(in->prog_type, in->prog_attach_type));
}

const struct attach_kind attach_kind_lsm_cgroup = {
	.name = "lsm_cgroup",
	.target = "CGROUP",
	.help = "a hook of security modules, for a cgroup: may refuse an act",
	.prog_types = PROG_BIT(LSM),
	.takes = TAKES_TARGET,
	.unavailable = lsm_unavailable,
	.attach = lsm_attach,
};

#define CGROUP_KIND(NAME, TYPE, HELP, ...) \
	const struct attach_kind attach_kind_##NAME = { .name = #NAME, .target = "CGROUP", .help = HELP, \
		.prog_types = PROG_BIT(TYPE), .unavailable = unavailable, .attach = attach, __VA_ARGS__ }

CGROUP_KIND(cgroup_skb, CGROUP_SKB, "packets of a cgroup's sockets; direction ingress or egress",
	.takes = TAKES_TARGET | TAKES_DIRECTION, .directions = "|ingress|egress");
CGROUP_KIND(cgroup_sock, CGROUP_SOCK, "a cgroup's sockets as they are made, released, bound",
	.takes = TAKES_TARGET);
CGROUP_KIND(cgroup_sock_addr, CGROUP_SOCK_ADDR, "addresses that a cgroup binds, connects to, sends to, asks for",
	.takes = TAKES_TARGET);
CGROUP_KIND(cgroup_sockopt, CGROUP_SOCKOPT, "getsockopt and setsockopt of a cgroup",
	.takes = TAKES_TARGET);
CGROUP_KIND(cgroup_sysctl, CGROUP_SYSCTL, "sysctls that a cgroup reads and writes",
	.takes = TAKES_TARGET);
CGROUP_KIND(cgroup_device, CGROUP_DEVICE, "devices that a cgroup opens and makes",
	.takes = TAKES_TARGET);
CGROUP_KIND(sock_ops, SOCK_OPS, "what happens to a cgroup's TCP connections",
	.takes = TAKES_TARGET);
