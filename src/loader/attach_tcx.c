/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/attach_suffix.h"
#include "loader/oneshot.h"

/* bpfd's own programs on the hook that stand next to a new one: lower priority first, equal ones
 * as they came.  Other tools' programs stay where they are. */
struct neighbours {
	const struct msg_link_facts *hook;
	struct msg_link_facts before, after;	/* kernel_link_id 0: none */
	bool elsewhere;				/* bpfd has TCX links outside the host's namespace */
};

static int
compare(void *arg, const struct msg_link_facts *l)
{
	struct neighbours *n = arg;
	const struct msg_link_facts *h = n->hook;

	if (strcmp(l->backend, "tcx") != 0)
		return 0;
	n->elsewhere |= l->netns_ino != attach_host()->netns_ino;
	if (l->ifindex != h->ifindex || l->netns_ino != h->netns_ino ||
	    strcmp(l->direction, h->direction) != 0)
		return 0;
	if (l->priority <= h->priority) {
		if (!n->before.kernel_link_id || l->priority > n->before.priority ||
		    (l->priority == n->before.priority && l->link_id > n->before.link_id))
			n->before = *l;
	} else if (!n->after.kernel_link_id || l->priority < n->after.priority ||
		   (l->priority == n->after.priority && l->link_id < n->after.link_id)) {
		n->after = *l;
	}
	return 0;
}

static int
create(const struct attach_in *in, struct attach_iface *it, const struct msg_link_facts *hook,
	struct msg_result *res)
{
	uint32_t type = strcmp(hook->direction, "ingress") == 0 ? COMPAT_BPF_TCX_INGRESS :
								  COMPAT_BPF_TCX_EGRESS;
	struct neighbours n = { .hook = hook };
	uint32_t flags = 0, relative = 0;
	int link;

	if (it->found)
		loader_links_each(in->ld, compare, &n);
	if (n.before.kernel_link_id) {
		flags = COMPAT_BPF_F_AFTER | COMPAT_BPF_F_LINK | COMPAT_BPF_F_ID;
		relative = n.before.kernel_link_id;
	} else if (n.after.kernel_link_id) {
		flags = COMPAT_BPF_F_BEFORE | COMPAT_BPF_F_LINK | COMPAT_BPF_F_ID;
		relative = n.after.kernel_link_id;
	}
	link = attach_iface_link(in, it, type, &flags, relative, res);
	/* The neighbour left the hook without bpfd: somebody detached it by force. */
	if ((link == -ENOENT || link == -EINVAL) && relative) {
		flags = 0;
		link = attach_iface_link(in, it, type, &flags, 0, res);
	}
	return link;
}

int
attach_by_tcx(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct attach_suffix suffix = { .is_link = true, .priority = (uint16_t)out->facts.priority };
	struct neighbours n = { .hook = &out->facts };
	char what[IPC_TARGET_MAX + 32];
	AUTO(fd) int sock = -1;
	struct attach_iface it;
	int err;

	strcpy(out->facts.backend, "tcx");
	loader_links_each(in->ld, compare, &n);
	err = attach_iface(in, n.elsewhere, &it, res);
	if (err)
		return err;
	sock = TAKE_FD(it.take_sock);
	attach_iface_facts(&it, &out->facts);
	err = it.found ? attach_check_new(in, &out->facts, res) : 0;
	if (!err && !(in->req->flags & ATTACH_DRY_RUN)) {
		out->link_fd = create(in, &it, &out->facts, res);
		if (out->link_fd < 0) {
			snprintf(what, sizeof(what), "interface %s %s", it.target, in->req->direction);
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
	.takes = TAKES_TARGET | TAKES_NETNS | TAKES_DIRECTION,
	.unavailable = unavailable,
	.attach = attach_by_tcx,
};
