/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"
#include "loader/slots.h"

#define HOOK_PROGS_MAX 64	/* the kernel's, for TCX */

/* bpfd's link whose program, or stub, the hook has. */
static const struct obj_link *
link_on(const struct slots *all, const struct msg_slot *s)
{
	const struct objects *t = &all->ld->objects;

	for (size_t i = 0; i < t->n_links; i++) {
		const struct msg_link_facts *f = &t->links[i].facts;

		if ((f->stub_id ? f->stub_id : f->prog_id) == s->prog.id && f->ifindex == s->ifindex &&
		    f->netns_ino == s->netns_ino && strcmp(f->backend, s->kind) == 0 &&
		    strcmp(f->direction, s->direction) == 0 && !(f->hook_flags & LINK_GONE))
			return &t->links[i];
	}
	return NULL;
}

static void
put_ours(const struct slots *all, struct msg_slot *s, const struct msg_link_facts *f)
{
	const struct obj_prog *p = objects_prog(&all->ld->objects, f->prog_id);

	s->link_id = f->link_id;
	s->prog.id = f->prog_id;
	s->prog.priority = (uint32_t)f->priority;
	s->prog.proceed_on = f->proceed_on;
	snprintf(s->prog.name, sizeof(s->prog.name), "%s", p ? p->name : "");
}

static void
keep(struct slots *all, struct msg_slot *s)
{
	const struct obj_link *l = link_on(all, s);

	if (l)
		put_ours(all, s, &l->facts);
	if (array_room(&all->tc, all->n_tc, &all->room_tc, sizeof(*s)) == 0)
		all->tc[all->n_tc++] = *s;
}

static void
by_tcx(struct slots *all, struct msg_slot s, uint32_t attach_type)
{
	uint32_t ids[HOOK_PROGS_MAX];
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = s.ifindex;
	attr.query.attach_type = attach_type;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = HOOK_PROGS_MAX;
	strcpy(s.kind, "tcx");
	if (compat_bpf(BPF_PROG_QUERY, &attr, sizeof(attr)) < 0)
		return;
	for (uint32_t i = 0; i < attr.query.prog_cnt && i < HOOK_PROGS_MAX; i++) {
		s.prog = (struct msg_xdp_prog){ .id = ids[i], .position = i };
		s.link_id = 0;
		keep(all, &s);
	}
}

struct filters {
	struct slots *all;
	struct msg_slot s;
};

static void
keep_filter(void *arg, const struct netlink_filter *f)
{
	struct filters *l = arg;
	uint32_t position = l->s.prog.position;

	if (!f->handle)
		return;
	l->s.link_id = 0;
	l->s.prog = (struct msg_xdp_prog){ .id = f->prog_id, .position = position, .priority = f->priority };
	snprintf(l->s.prog.name, sizeof(l->s.prog.name), "%s", f->name);
	keep(l->all, &l->s);
	l->s.prog.position = position + 1;
}

void
slots_tc(struct slots *all, const char *interface, uint32_t ifindex)
{
	struct msg_slot s = { .netns_ino = attach_host()->netns_ino, .ifindex = ifindex, .flags = XDP_CHAINED };

	snprintf(s.interface, sizeof(s.interface), "%s", interface);
	for (int egress = 0; egress < 2; egress++) {
		struct filters l = { all, s };

		strcpy(s.direction, egress ? "egress" : "ingress");
		by_tcx(all, s, egress ? COMPAT_BPF_TCX_EGRESS : COMPAT_BPF_TCX_INGRESS);
		l.s = s;
		strcpy(l.s.kind, "clsact");
		netlink_filters(all->ld->rtnl, ifindex, egress ? NETLINK_EGRESS : NETLINK_INGRESS, keep_filter, &l);
	}
}

/* The kernel's hooks there are asked by nobody here: what bpfd has, without positions. */
static void
elsewhere(struct slots *all)
{
	const struct objects *t = &all->ld->objects;

	for (size_t i = 0; i < t->n_links; i++) {
		const struct msg_link_facts *f = &t->links[i].facts;
		struct msg_slot s = { .netns_ino = f->netns_ino, .ifindex = f->ifindex };

		if ((strcmp(f->backend, "tcx") != 0 && strcmp(f->backend, "clsact") != 0) ||
		    f->netns_ino == attach_host()->netns_ino || (f->hook_flags & LINK_GONE))
			continue;
		snprintf(s.interface, sizeof(s.interface), "%.*s", (int)sizeof(s.interface) - 1, f->target);
		strcpy(s.kind, f->backend);
		strcpy(s.direction, f->direction);
		put_ours(all, &s, f);
		slots_tell(all, &s);
	}
}

static int
take_name(void *arg, const struct chan_msg *m)
{
	struct slots *all = arg;
	const struct msg_prog_facts *p = m->payload;

	if (m->hdr.type != IPC_ONE_PROG)
		return -EPROTO;
	for (size_t i = 0; i < all->n_tc; i++)
		if (!all->tc[i].link_id && all->tc[i].prog.id == p->id)
			snprintf(all->tc[i].prog.name, sizeof(all->tc[i].prog.name), "%.*s", (int)sizeof(p->kname) - 1,
				p->kname);
	return 0;
}

void
slots_tc_end(struct slots *all)
{
	const struct msg_kernel_list every = { 0 };
	struct msg_result ignored;
	bool foreign = false;

	for (size_t i = 0; i < all->n_tc; i++)
		foreign |= !all->tc[i].link_id && all->tc[i].prog.id;
	if (foreign)
		oneshot_each(all->ld, IPC_ONE_LIST, &every, take_name, all, &ignored);
	for (size_t i = 0; i < all->n_tc; i++)
		slots_tell(all, &all->tc[i]);
	elsewhere(all);
	free(all->tc);
}
