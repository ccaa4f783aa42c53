/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds that are attached to a network namespace as a whole: sk_lookup, flow_dissector. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

int
attach_netns(const struct attach_in *in, struct attach_netns *it, struct msg_result *res)
{
	struct msg_one_fd facts;
	struct msg_netns ns;
	int err;

	*it = (struct attach_netns){ .fd = attach_host()->netns, .take_fd = -1,
		.ino = attach_host()->netns_ino };
	if (!in->req->netns[0])
		return 0;
	strcpy(ns.netns, in->req->netns);
	err = oneshot_fd(in->ld, IPC_ONE_NETNS, &ns, NULL, &facts, &it->take_fd, res);
	if (err) {
		it->take_fd = -1;
		return err;
	}
	it->fd = it->take_fd;
	it->ino = facts.netns_ino;
	return 0;
}

static int
refuse(const struct attach_in *in, int err, struct msg_result *res)
{
	/* It is one for all namespaces, or one for each that has one. */
	if (strcmp(in->req->kind, "flow_dissector") == 0 && (err == -EEXIST || err == -E2BIG || err == -EBUSY))
		return result_set(res, IPC_FAILED_PRECONDITION, -EBUSY, "there is a flow dissector already, in "
			"that network namespace or in the initial one, whose is for all: bpftool net shows it");
	return attach_refused(res, err, in->req->netns[0] ? in->req->netns : "the host's network namespace");
}

static int
attach_to(const struct attach_in *in, struct attach_out *out, uint32_t type, struct msg_result *res)
{
	struct compat_link_create lc = { .prog_fd = (uint32_t)in->prog_fd, .attach_type = type };
	AUTO(fd) int fd = -1;
	struct attach_netns ns;
	int err;

	if (in->req->target[0])
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "attach kind %s takes no target (%s): "
			"--netns names another network namespace than the host's", in->req->kind,
			in->req->target);
	err = attach_netns(in, &ns, res);
	if (err)
		return err;
	fd = TAKE_FD(ns.take_fd);
	out->facts.netns_ino = ns.ino;
	err = attach_check_new(in, &out->facts, res);
	if (err || (in->req->flags & ATTACH_DRY_RUN))
		return err;
	lc.target = (uint32_t)ns.fd;
	out->link_fd = compat_link_create(&lc);
	return out->link_fd < 0 ? refuse(in, out->link_fd, res) : 0;
}

static int
attach_sk_lookup(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	return attach_to(in, out, BPF_SK_LOOKUP, res);
}

static int
attach_flow_dissector(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	return attach_to(in, out, BPF_FLOW_DISSECTOR, res);
}

const struct attach_kind attach_kind_sk_lookup = {
	.name = "sk_lookup",
	.target = "",
	.help = "which socket of a network namespace gets a packet",
	.prog_types = PROG_BIT(SK_LOOKUP),
	.takes = TAKES_NETNS,
	.attach = attach_sk_lookup,
};

const struct attach_kind attach_kind_flow_dissector = {
	.name = "flow_dissector",
	.target = "",
	.help = "how a network namespace reads the headers of packets",
	.prog_types = PROG_BIT(FLOW_DISSECTOR),
	.takes = TAKES_NETNS,
	.attach = attach_flow_dissector,
};
