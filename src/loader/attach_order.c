/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/bpf_compat.h"
#include "loader/attach_hook.h"

struct neighbours {
	const struct msg_link_facts *hook;
	uint64_t but;				/* a link that leaves */
	struct msg_link_facts before, after;	/* kernel_link_id 0: none */
};

static int
compare(void *arg, const struct msg_link_facts *l)
{
	struct neighbours *n = arg;
	const struct msg_link_facts *h = n->hook;

	if (l->link_id == n->but || strcmp(l->backend, h->backend) != 0 || l->ifindex != h->ifindex ||
	    l->netns_ino != h->netns_ino || l->object_id != h->object_id ||
	    l->attach_type != h->attach_type || strcmp(l->direction, h->direction) != 0 ||
	    (l->hook_flags & LINK_GONE))
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

void
attach_order(const struct attach_in *in, const struct msg_link_facts *hook, struct attach_order *out)
{
	struct neighbours n = { .hook = hook, .but = in->replaces ? in->replaces->link_id : 0 };

	*out = (struct attach_order){ 0 };
	loader_links_each(in->ld, compare, &n);
	if (n.before.kernel_link_id) {
		out->flags = COMPAT_BPF_F_AFTER | COMPAT_BPF_F_LINK | COMPAT_BPF_F_ID;
		out->relative_id = n.before.kernel_link_id;
	} else if (n.after.kernel_link_id) {
		out->flags = COMPAT_BPF_F_BEFORE | COMPAT_BPF_F_LINK | COMPAT_BPF_F_ID;
		out->relative_id = n.after.kernel_link_id;
	}
}
