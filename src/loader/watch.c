/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces of the host's namespace, as the kernel tells of them: attachments follow them in the
 * loader's tables, and the API hears what it matches wishes with.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "loader/attach_hook.h"
#include "loader/handlers.h"
#include "loader/loader.h"

static bool
is_on(const struct obj_link *l, uint32_t ifindex)
{
	return ifindex && l->facts.ifindex == ifindex && l->facts.netns_ino == attach_host()->netns_ino &&
		!l->replacing;
}

/* What became of one that is not here any more, as far as somebody has said. */
enum left { LEFT_SOMEHOW, LEFT_FOR_GOOD };

/* One that left for another namespace keeps its programs, but for filters. */
static void
left(struct loader *ld, uint32_t ifindex, enum left how)
{
	for (size_t i = ld->objects.n_links; i-- > 0;) {
		struct obj_link *l = i < ld->objects.n_links ? &ld->objects.links[i] : NULL;

		if (!l || !is_on(l, ifindex) || (l->facts.hook_flags & LINK_ELSEWHERE))
			continue;
		/* No kernel link tells of a dispatcher.  One that others have programs in goes along with them. */
		if (link_is_gone(ld, l) || (strcmp(l->facts.backend, "dispatcher") == 0 &&
					    (how == LEFT_FOR_GOOD || l->dispatcher_ours))) {
			xdp_interface_gone(ld, l);
			link_sweep(ld, 0, l);
			continue;
		}
		l->facts.hook_flags |= LINK_ELSEWHERE;
		reply(ld, IPC_LINK_FACTS, 0, &l->facts, NULL);
	}
}

static void
is_here(struct loader *ld, const struct netlink_iface *it)
{
	for (size_t i = 0; i < ld->objects.n_links; i++) {
		struct obj_link *l = &ld->objects.links[i];

		if (!is_on(l, it->ifindex) || (l->facts.hook_flags & LINK_ELSEWHERE) ||
		    strcmp(l->facts.target, it->name) == 0)
			continue;
		snprintf(l->facts.target, sizeof(l->facts.target), "%s", it->name);
		reply(ld, IPC_LINK_FACTS, 0, &l->facts, NULL);
	}
}

static void
tell(struct loader *ld, uint32_t seq, const struct netlink_iface *it, uint32_t flags)
{
	struct msg_iface m = { .ifindex = it->ifindex, .flags = flags };

	if (!ld->watching)
		return;
	memcpy(m.name, it->name, sizeof(m.name));
	reply(ld, IPC_IFACE, seq, &m, NULL);
}

static void
on_change(void *arg, const struct netlink_iface *it, bool gone)
{
	struct loader *ld = arg;

	if (gone)
		left(ld, it->ifindex, it->moved ? LEFT_SOMEHOW : LEFT_FOR_GOOD);
	else
		is_here(ld, it);
	tell(ld, 0, it, gone ? IFACE_GONE : 0);
}

/* More came than the socket holds: what there is now is looked at instead. */
static void
look_again(struct loader *ld)
{
	const struct netlink_iface none = { 0 };

	log_notice("loader.ifaces", "some changes of interfaces were not seen: all are looked at");
	for (size_t i = ld->objects.n_links; i-- > 0;) {
		struct netlink_iface it = { 0 };
		uint32_t ifindex;

		if (i >= ld->objects.n_links || !is_on(&ld->objects.links[i], ld->objects.links[i].facts.ifindex))
			continue;
		ifindex = ld->objects.links[i].facts.ifindex;
		if (netlink_iface_at(ld->rtnl, ifindex, &it) == -ENODEV)
			left(ld, ifindex, LEFT_SOMEHOW);
		else if (it.ifindex)
			is_here(ld, &it);
	}
	tell(ld, 0, &none, 0);
}

void
watch_read(struct loader *ld)
{
	if (netlink_watch_read(ld->watch, on_change, ld) == -ENOBUFS)
		look_again(ld);
}

struct asked {
	struct loader *ld;
	uint32_t seq, n;
};

static void
tell_asked(void *arg, const struct netlink_iface *it)
{
	struct asked *a = arg;

	tell(a->ld, a->seq, it, 0);
	a->n++;
}

int
on_IFACES_WATCH(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	struct asked a = { ld, h->seq, 0 };
	struct msg_result res;
	int err;

	ld->watching = true;
	err = netlink_ifaces(ld->rtnl, tell_asked, &a);
	if (!err) {
		reply_ok(ld, h->seq, a.n);
		return 0;
	}
	result_set(&res, IPC_INTERNAL, err, "cannot look for interfaces: %s", strerrordesc_np(-err));
	res.n_items = a.n;
	reply_result(ld, h->seq, &res);
	return 0;
}
