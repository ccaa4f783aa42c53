/* SPDX-License-Identifier: Apache-2.0 */
/* SLOTS: what is on the hooks of interfaces, whoever put it there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "loader/attach_hook.h"
#include "loader/handlers.h"
#include "loader/slots.h"

#define INTERFACES_MAX 1024	/* that are looked at */

void
slots_tell(struct slots *all, const struct msg_slot *s)
{
	reply(all->ld, IPC_SLOT, all->seq, s, NULL);
	all->n++;
}

static uint64_t
link_on(const struct loader *ld, const struct msg_slot *s)
{
	for (size_t i = 0; i < ld->objects.n_links; i++) {
		const struct msg_link_facts *f = &ld->objects.links[i].facts;

		if (strcmp(f->kind, "xdp") == 0 && f->prog_id == s->prog.id && f->ifindex == s->ifindex &&
		    f->netns_ino == s->netns_ino && !(f->hook_flags & LINK_GONE))
			return f->link_id;
	}
	return 0;
}

static void
tell_slot(struct slots *all, struct msg_slot *s)
{
	s->link_id = link_on(all->ld, s);
	slots_tell(all, s);
}

/* A program that is in no dispatcher is the only one there. */
static void
tell_interface(struct slots *all, const char *name, uint32_t ifindex, uint64_t netns_ino, int netns)
{
	struct msg_slot s = { .netns_ino = netns_ino, .ifindex = ifindex, .kind = "xdp" };
	struct msg_result ignored;
	struct xdp_chain c;

	if (loader_xdp_list(all->ld, ifindex, netns, &c, &ignored) || !c.dispatcher_id)
		return;
	snprintf(s.interface, sizeof(s.interface), "%s", name);
	s.mode = c.mode;
	s.flags = c.flags;
	s.dispatcher_id = c.flags & XDP_CHAINED ? c.dispatcher_id : 0;
	for (size_t i = 0; i < c.n; i++) {
		s.prog = c.progs[i];
		tell_slot(all, &s);
	}
	if (!(c.flags & XDP_CHAINED)) {
		s.prog = (struct msg_xdp_prog){ .id = c.dispatcher_id };
		tell_slot(all, &s);
	}
}

static void
tell_here(void *arg, const char *name)
{
	struct slots *all = arg;
	struct netlink_iface it;

	if (netlink_iface(all->ld->rtnl, name, &it) < 0)
		return;
	if (it.xdp_prog_id)
		tell_interface(all, it.name, it.ifindex, attach_host()->netns_ino, -1);
	slots_tc(all, it.name, it.ifindex);
}

/* Of other namespaces bpfd knows those interfaces on which it has a program. */
static void
tell_elsewhere(struct slots *all)
{
	const struct obj_link *links = all->ld->objects.links;

	for (size_t i = 0; i < all->ld->objects.n_links; i++) {
		bool seen = strcmp(links[i].facts.backend, "dispatcher") != 0 || links[i].facts.netns_ino == attach_host()->netns_ino;
		struct msg_result ignored;
		AUTO(fd) int netns = -1;

		for (size_t j = 0; j < i && !seen; j++)
			seen = xdp_same_interface(&links[i], &links[j]);
		if (!seen && attach_netns_fd(all->ld, links[i].netns, links[i].facts.netns_ino, &netns,
			&ignored) == 0)
			tell_interface(all, links[i].facts.target, links[i].facts.ifindex,
				links[i].facts.netns_ino, netns);
	}
}

struct names {
	char all[INTERFACES_MAX][IPC_NAME_MAX];
	size_t n;
};

static void
keep_name(void *arg, const struct netlink_iface *it)
{
	struct names *n = arg;

	if (n->n < INTERFACES_MAX)
		snprintf(n->all[n->n++], sizeof(n->all[0]), "%s", it->name);
}

int
on_SLOTS(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_none *m, int *fds)
{
	struct slots all = { .ld = ld, .seq = h->seq };
	AUTO(mem) struct names *names = calloc(1, sizeof(*names));

	if (names)		/* first all of them: the socket answers one question at a time */
		netlink_ifaces(ld->rtnl, keep_name, names);
	for (size_t i = 0; names && i < names->n; i++)
		tell_here(&all, names->all[i]);
	tell_elsewhere(&all);
	slots_tc_end(&all);
	reply_ok(ld, h->seq, all.n);
	return 0;
}
