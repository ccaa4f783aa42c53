/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

/* bpfd has such links outside the host's namespace. */
static int
is_elsewhere(void *backend, const struct msg_link_facts *l)
{
	return strcmp(l->backend, backend) == 0 && l->netns_ino != attach_host()->netns_ino;
}

static int
create(const struct attach_in *in, struct attach_iface *it, uint32_t type,
	const struct msg_link_facts *hook, struct msg_result *res)
{
	struct attach_order o = { 0 };
	uint32_t flags;
	int link;

	if (it->found)
		attach_order(in, hook, &o);
	flags = o.flags;
	link = attach_iface_link(in, it, type, &flags, o.relative_id, res);
	/* The neighbour left the hook without bpfd: somebody detached it by force. */
	if ((link == -ENOENT || link == -EINVAL) && o.relative_id) {
		flags = 0;
		link = attach_iface_link(in, it, type, &flags, 0, res);
	}
	return link;
}

int
attach_ordered(const struct attach_in *in, struct attach_out *out, uint32_t type, struct msg_result *res)
{
	struct attach_suffix suffix = { .kind = ATTACH_SUFFIX_LINK, .priority = (uint16_t)out->facts.priority,
		.stub_id = out->facts.stub_id,
		.proceed_on = out->facts.stub_id ? out->facts.proceed_on : 0 };
	char what[IPC_TARGET_MAX + 32];
	AUTO(fd) int sock = -1;
	struct attach_iface it;
	int err;

	err = attach_iface(in, loader_links_each(in->ld, is_elsewhere, out->facts.backend), &it, res);
	if (err)
		return err;
	sock = TAKE_FD(it.take_sock);
	attach_iface_facts(&it, &out->facts);
	err = it.found ? attach_check_new(in, &out->facts, res) : 0;
	if (!err && !(in->req->flags & ATTACH_DRY_RUN)) {
		out->link_fd = create(in, &it, type, &out->facts, res);
		if (out->link_fd < 0) {
			snprintf(what, sizeof(what), "interface %s %s", it.target, out->facts.direction);
			if (out->link_fd == -EEXIST || !in->req->netns[0])
				return attach_refused(res, out->link_fd, what);
			return out->link_fd;
		}
		attach_iface_facts(&it, &out->facts);
	}
	suffix.netns_ino = it.netns_ino;
	attach_suffix_write(&suffix, out->pin_suffix);
	return err;
}

int
attach_by_tcx(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct attach_in at;
	int err = attach_tc_program(in, false, out, &at, res);

	if (err)
		return err;
	strcpy(out->facts.backend, "tcx");
	return attach_ordered(&at, out, strcmp(in->req->direction, "ingress") == 0 ?
		COMPAT_BPF_TCX_INGRESS : COMPAT_BPF_TCX_EGRESS, res);
}

/* 6.6 and later know the attach type, whatever is attached there. */
const char *
attach_no_tcx(void)
{
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = 1;	/* the loopback interface's index */
	attr.query.attach_type = COMPAT_BPF_TCX_INGRESS;
	err = compat_bpf(BPF_PROG_QUERY, &attr, sizeof(attr.query));
	return err == -EINVAL ? "this kernel has no TCX (Linux 6.6 has)" : NULL;
}

static const char *
unavailable(const struct config *cfg)
{
	return attach_no_tcx();
}

const struct attach_kind attach_kind_tcx = {
	.name = "tcx",
	.target = "INTERFACE",
	.help = "packets at traffic control, by TCX; direction ingress or egress",
	.prog_types = PROG_BIT(SCHED_CLS),
	.takes = TAKES_WISH | TAKES_TARGET | TAKES_NETNS | TAKES_DIRECTION,
	.unavailable = unavailable,
	.attach = attach_by_tcx,
};
