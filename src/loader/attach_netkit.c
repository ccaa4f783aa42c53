/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

/* The loopback interface is no netkit device, which a kernel without netkit does not get to say. */
static const char *
unavailable(const struct config *cfg)
{
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = 1;
	attr.query.attach_type = COMPAT_BPF_NETKIT_PRIMARY;
	err = compat_bpf(BPF_PROG_QUERY, &attr, sizeof(attr.query));
	return err == -EINVAL ? "this kernel has no netkit devices (Linux 6.7 with CONFIG_NETKIT has)" : NULL;
}

/* Both ends are attached to by the primary one, so that who has the peer cannot take them off. */
static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	bool peer = in->req->direction[0] ? strcmp(in->req->direction, "peer") == 0 :
					    in->prog_attach_type == COMPAT_BPF_NETKIT_PEER;
	int err;

	strcpy(out->facts.backend, "netkit");
	strcpy(out->facts.direction, peer ? "peer" : "primary");
	err = attach_ordered(in, out, peer ? COMPAT_BPF_NETKIT_PEER : COMPAT_BPF_NETKIT_PRIMARY, res);
	if (err && res->err == -ENXIO)
		return result_set(res, IPC_FAILED_PRECONDITION, -ENXIO, "interface %s is not a netkit device",
			in->req->target);
	if (err && res->err == -EACCES)
		return result_set(res, IPC_FAILED_PRECONDITION, -EACCES, "interface %s is the peer of a netkit "
			"pair: name the primary one, with direction peer for this end", in->req->target);
	return err;
}

const struct attach_kind attach_kind_netkit = {
	.name = "netkit",
	.target = "INTERFACE",
	.help = "packets that enter a netkit device; direction primary or peer",
	.prog_types = PROG_BIT(SCHED_CLS),
	.takes = TAKES_WISH | TAKES_TARGET | TAKES_NETNS | TAKES_DIRECTION,
	.directions = "|primary|peer",
	.unavailable = unavailable,
	.attach = attach,
};
