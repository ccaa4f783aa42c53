/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "loader/attach_hook.h"
#include "loader/attach_suffix.h"
#include "loader/oneshot.h"

static int
mode_flags(const char *mode, uint32_t *flags, struct msg_result *res)
{
	if (strcmp(mode, "hw") == 0)
		return result_set(res, IPC_FAILED_PRECONDITION, -EOPNOTSUPP, "mode hw needs a program that "
			"was loaded for the network card, and bpfd loads programs for the host: use native "
			"or skb");
	if (strcmp(mode, "native") != 0 && strcmp(mode, "skb") != 0 && mode[0])
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "there is no XDP mode %s: use native, "
			"skb, or none for native and else skb", mode);
	*flags = mode[0] == 'n' ? XDP_FLAGS_DRV_MODE : mode[0] == 's' ? XDP_FLAGS_SKB_MODE : 0;
	return 0;
}

static int
refuse_occupied(const struct attach_in *in, const struct attach_iface *it, struct msg_result *res)
{
	const char *why = attach_host()->lockdown ?
		"this kernel's lockdown refuses freplace, by which programs share an interface" :
		"this one was not loaded for that (its function must be int NAME(struct xdp_md *), with BTF)";
	char id[32] = "";

	if (it->xdp_prog_id == in->req->prog_id)
		return result_set(res, IPC_ALREADY_EXISTS, -EEXIST, "program %u is attached to interface %s "
			"already", it->xdp_prog_id, it->target);
	if (it->xdp_prog_id)
		snprintf(id, sizeof(id), " (program %u)", it->xdp_prog_id);
	return result_set(res, IPC_FAILED_PRECONDITION, -EBUSY, "interface %s already has an XDP program%s, "
		"and %s; detach it first", it->target, id, why);
}

/* The oneshot saw that the interface is taken; who has it is asked here. */
static int
refuse(const struct attach_in *in, struct attach_iface *it, int err, struct msg_result *res)
{
	struct attach_iface now;
	struct msg_result ignored;
	char what[IPC_TARGET_MAX + 16];

	if (err == -EBUSY || err == -EEXIST) {
		if (attach_iface(in, true, &now, &ignored) == 0) {
			*it = now;
			close_keep_errno(now.take_sock);
		}
		return refuse_occupied(in, it, res);
	}
	if (in->req->netns[0] && err != -EOPNOTSUPP && err != -EINVAL)
		return err;
	snprintf(what, sizeof(what), "interface %s", it->target);
	if (err == -EOPNOTSUPP && in->req->mode[0] == 'n')
		return result_set(res, IPC_FAILED_PRECONDITION, err, "the driver of %s has no native XDP, or "
			"not in its present state: use mode skb", what);
	return attach_refused(res, err, what);
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct attach_suffix suffix = { .kind = ATTACH_SUFFIX_LINK, .priority = (uint16_t)out->facts.priority };
	AUTO(fd) int sock = -1;
	struct attach_iface it;
	uint32_t flags;
	int err = mode_flags(in->req->mode, &flags, res);

	if (!err && in->chained)
		return attach_by_dispatcher(in, out, res);
	if (!err)
		err = attach_iface(in, false, &it, res);
	if (err)
		return err;
	sock = TAKE_FD(it.take_sock);
	if (it.found && it.xdp_prog_id)
		return refuse_occupied(in, &it, res);
	if (!(in->req->flags & ATTACH_DRY_RUN)) {
		out->link_fd = attach_iface_link(in, &it, BPF_XDP, &flags, 0, res);
		if (out->link_fd < 0)
			return refuse(in, &it, out->link_fd, res);
		strcpy(out->facts.mode, flags & XDP_FLAGS_DRV_MODE ? "native" : "skb");
	}
	attach_iface_facts(&it, &out->facts);
	suffix.netns_ino = it.netns_ino;
	suffix.mode = out->facts.mode[0];
	attach_suffix_write(&suffix, out->pin_suffix);
	return 0;
}

const struct attach_kind attach_kind_xdp = {
	.name = "xdp",
	.target = "INTERFACE",
	.help = "packets as they arrive; modes native and skb",
	.prog_types = PROG_BIT(XDP),
	.takes = TAKES_WISH | TAKES_TARGET | TAKES_NETNS | TAKES_MODE,
	.attach = attach,
};
