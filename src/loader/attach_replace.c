/* SPDX-License-Identifier: Apache-2.0 */
/* Another program in the kernel's link, on the kinds of hooks that can: packets see one or the other. */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"

#define KERNEL_WITH_CGROUP_ORDER (6 << 8 | 17)

int
attach_replace(int link_fd, uint32_t link_type, int prog_fd, int old_fd)
{
	static const uint32_t types[] = {
		BPF_LINK_TYPE_CGROUP, BPF_LINK_TYPE_NETNS, BPF_LINK_TYPE_XDP, COMPAT_BPF_LINK_TYPE_TCX,
		COMPAT_BPF_LINK_TYPE_NETKIT, COMPAT_BPF_LINK_TYPE_SOCKMAP,
	};
	union bpf_attr attr;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i] != link_type)
			continue;
		if (link_fd < 0)
			return 0;
		memset(&attr, 0, sizeof(attr));
		attr.link_update.link_fd = (uint32_t)link_fd;
		attr.link_update.new_prog_fd = (uint32_t)prog_fd;
		attr.link_update.flags = old_fd < 0 ? 0 : BPF_F_REPLACE;
		attr.link_update.old_prog_fd = old_fd < 0 ? 0 : (uint32_t)old_fd;
		return compat_bpf(BPF_LINK_UPDATE, &attr, sizeof(attr.link_update));
	}
	return -EOPNOTSUPP;
}

bool
attach_has_order(const struct msg_link_facts *link)
{
	if (link->kernel_link_type == BPF_LINK_TYPE_CGROUP)
		return attach_host()->kernel >= KERNEL_WITH_CGROUP_ORDER;
	return link->kernel_link_type == COMPAT_BPF_LINK_TYPE_TCX ||
		link->kernel_link_type == COMPAT_BPF_LINK_TYPE_NETKIT;
}
