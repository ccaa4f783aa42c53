/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of bpfd-xdp. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/log.h"
#include "loader/attach_hook.h"
#include "loader/handlers.h"
#include "loader/loader.h"

#define XDP_TIMEOUT_MS	11000	/* its own life is 10 s */
#define ORPHANS_MAX	16	/* dispatchers that are looked at for one link that is gone */

/* What one bpfd-xdp said. */
struct answer {
	struct xdp_chain chain;
	struct msg_xdp_list after;	/* dispatchers to look after if it said no last word */
	bool done;
};

static int
take_done(const struct msg_xdp_done *m, struct answer *a, struct msg_result *res)
{
	if (!IPC_STR_OK(m->text) || m->code > IPC_UNAUTHENTICATED || m->n_progs > a->chain.n)
		return result_set(res, IPC_INTERNAL, -EPROTO, "bpfd-xdp gave the wrong answer");
	a->done = true;
	a->chain.dispatcher_id = m->dispatcher_id;
	a->chain.mode = m->mode;
	a->chain.flags = m->flags;
	if (m->code == IPC_OK)
		return 0;
	return result_set(res, m->code, m->err < 0 ? m->err : -EIO, "%s", m->text);
}

static int
take(const struct chan_msg *m, struct answer *a, struct msg_result *res)
{
	const struct msg_xdp_step *step = m->payload;
	const struct msg_xdp_prog *prog = m->payload;

	if (m->hdr.type == IPC_XDP_STEP && a->after.n_stale < ARRAY_SIZE(a->after.stale))
		a->after.stale[a->after.n_stale++] = step->dispatcher_id;
	else if (m->hdr.type == IPC_XDP_PROG && a->chain.n < XDP_PROGS_MAX && IPC_STR_OK(prog->name))
		a->chain.progs[a->chain.n++] = *prog;
	else if (m->hdr.type == IPC_XDP_DONE)
		return take_done(m->payload, a, res);
	return 0;
}

static int
ask(struct loader *ld, enum ipc_type type, const void *payload, const int *fds, struct answer *a,
	struct msg_result *res)
{
	int64_t deadline = clock_ms() + XDP_TIMEOUT_MS;
	AUTO(chan) struct chan *ch = NULL;
	struct chan_msg m;
	int err = oneshot_ask(ld, HELPER_KIND_XDP, type, payload, fds, deadline, &ch, res);

	while (!err && !a->done) {
		err = oneshot_answer(ld, HELPER_KIND_XDP, ch, deadline, &m, res);
		if (!err) {
			err = take(&m, a, res);
			chan_drop_fds(&m);
		}
	}
	return err;
}

/* A bpfd-xdp died within a change: what it left is removed, and the chain is as it is now. */
static int
look_after(struct loader *ld, uint32_t ifindex, int netns, struct answer *a, struct msg_result *res)
{
	struct msg_xdp_list list = a->after;
	struct msg_result ignored;
	struct answer now = { .done = false };
	int err;

	list.ifindex = ifindex;
	log_warn("loader.xdp", "ifindex=%u n_stale=%u a bpfd-xdp ended in its work, this is looked after",
		ifindex, list.n_stale);
	err = ask(ld, IPC_XDP_LIST, &list, &netns, &now, &ignored);
	if (err)
		return log_err(err, "loader.xdp", "ifindex=%u %s", ifindex, ignored.text);
	a->chain = now.chain;
	return 0;
}

/* 1: the process died, and the chain is what is there now. */
static int
change(struct loader *ld, enum ipc_type type, const void *payload, const int *fds, uint32_t ifindex, int netns,
	struct answer *a, struct msg_result *res)
{
	int err = ask(ld, type, payload, fds, a, res);

	if (!err || a->done || !a->after.n_stale)
		return err;
	return look_after(ld, ifindex, netns, a, res) ? err : 1;
}

static bool
in_dispatcher(const struct obj_link *l)
{
	return strcmp(l->facts.backend, "dispatcher") == 0;
}

/* Nobody else has a program in it. */
static bool
is_ours(const struct loader *ld, const struct xdp_chain *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (!objects_prog(&ld->objects, c->progs[i].id))
			return false;
	return true;
}

/* Each change makes another dispatcher. */
static void
remember(struct loader *ld, uint32_t ifindex, int netns, const struct xdp_chain *c)
{
	bool ours = is_ours(ld, c);
	struct stat st;

	if (fstat(netns, &st) < 0)
		return;
	for (size_t i = 0; i < ld->objects.n_links; i++) {
		struct obj_link *l = &ld->objects.links[i];

		if (!in_dispatcher(l) || l->facts.ifindex != ifindex || l->facts.netns_ino != st.st_ino)
			continue;
		l->dispatcher_id = c->flags & XDP_CHAINED ? c->dispatcher_id : 0;
		l->dispatcher_ours = ours;
	}
}

static int
remove_pins(struct loader *ld, uint32_t ifindex, uint32_t dispatcher_id)
{
	const struct msg_xdp_list m = { .ifindex = ifindex, .n_stale = 1, .stale = { dispatcher_id } };
	struct answer a = { .done = false };
	struct msg_result res;
	int err = ask(ld, IPC_XDP_LIST, &m, &ld->netns, &a, &res);

	if (err)
		log_warn("loader.xdp", "ifindex=%u dispatcher=%u text=%s", ifindex, dispatcher_id, LOG_QUOTE(res.text));
	return err;
}

void
xdp_interface_gone(struct loader *ld, const struct obj_link *l)
{
	if (in_dispatcher(l) && l->dispatcher_id)
		remove_pins(ld, l->facts.ifindex, l->dispatcher_id);
}

/* The dispatcher of an interface, of whichever namespace, that one of the loader's links is in. */
static bool
is_attached(const struct loader *ld, uint32_t dispatcher_id)
{
	for (size_t i = 0; i < ld->objects.n_links; i++) {
		const struct obj_link *l = &ld->objects.links[i];

		if (in_dispatcher(l) && !(l->facts.hook_flags & LINK_GONE) && l->dispatcher_id == dispatcher_id)
			return true;
	}
	return false;
}

/*
 * The interface, or its namespace, went while nobody watched.  libxdp's names say neither which namespace
 * a dispatcher is of nor whether it is attached: those that only have programs of bpfd's, and that none
 * of its links is in, are of no use.
 */
static void
remove_orphans(struct loader *ld, const struct obj_link *l)
{
	struct msg_xdp_find m = { .ifindex = l->facts.ifindex, .prog_id = l->facts.prog_id };
	struct msg_result ignored;

	for (int i = 0; i < ORPHANS_MAX; i++) {
		struct answer a = { .done = false };

		if (ask(ld, IPC_XDP_FIND, &m, &ld->netns, &a, &ignored) || !a.chain.dispatcher_id)
			return;
		m.behind = a.chain.dispatcher_id;
		if (is_ours(ld, &a.chain) && !is_attached(ld, m.behind) && remove_pins(ld, m.ifindex, m.behind))
			return;
	}
}

int
loader_xdp_add(struct loader *ld, const struct msg_xdp_add *m, int prog_fd, int netns, struct xdp_chain *out,
	struct msg_result *res)
{
	int fds[2] = { prog_fd, netns < 0 ? ld->netns : netns };
	struct answer a = { .done = false };
	struct bpf_prog_info info;
	const struct msg_xdp_prog *p = NULL;
	int err = change(ld, IPC_XDP_ADD, m, fds, m->ifindex, fds[1], &a, res);

	if (err == 1 && kernel_info(&ld->kernel, prog_fd, &info, sizeof(info)) == 0)
		p = xdp_chain_prog(&a.chain, info.id);
	if (err == 1)
		err = p && p->priority == m->priority && p->proceed_on == m->proceed_on ? 0 : res->err;
	if (err)
		return err;
	*out = a.chain;
	remember(ld, m->ifindex, fds[1], out);
	return 0;
}

int
loader_xdp_del(struct loader *ld, const struct msg_xdp_del *m, int netns, struct xdp_chain *out,
	struct msg_result *res)
{
	int fd = netns < 0 ? ld->netns : netns;
	struct answer a = { .done = false };
	int err = change(ld, IPC_XDP_DEL, m, &fd, m->ifindex, fd, &a, res);

	if (err == 1)
		err = xdp_chain_prog(&a.chain, m->prog_id) ? res->err : 0;
	if (err)
		return err;
	*out = a.chain;
	remember(ld, m->ifindex, fd, out);
	return 0;
}

int
loader_xdp_list(struct loader *ld, uint32_t ifindex, int netns, struct xdp_chain *out, struct msg_result *res)
{
	const struct msg_xdp_list m = { .ifindex = ifindex };
	int fd = netns < 0 ? ld->netns : netns;
	struct answer a = { .done = false };
	int err = ask(ld, IPC_XDP_LIST, &m, &fd, &a, res);

	if (err)
		return err;
	*out = a.chain;
	remember(ld, ifindex, fd, out);
	return 0;
}

bool
xdp_same_interface(const struct obj_link *a, const struct obj_link *b)
{
	return in_dispatcher(a) && in_dispatcher(b) && a->facts.ifindex == b->facts.ifindex &&
		a->facts.netns_ino == b->facts.netns_ino;
}

static void
compare(struct obj_link *l, const struct xdp_chain *c)
{
	const struct msg_xdp_prog *p = xdp_chain_prog(c, l->facts.prog_id);

	l->facts.position = p ? (int32_t)p->position + 1 : 0;
	if (!p)
		l->facts.hook_flags |= LINK_GONE | LINK_UNCHAINED;
	else
		strcpy(l->facts.mode, c->mode == XDP_SKB ? "skb" : "native");
}

/* What cannot be read now stays as it was. */
static void
look_at(struct loader *ld, const struct obj_link *at)
{
	struct xdp_chain chain = { .n = 0 };
	struct msg_result ignored;
	AUTO(fd) int netns = -1;
	int err = attach_netns_fd(ld, at->netns, at->facts.netns_ino, &netns, &ignored);

	if (!err)
		err = loader_xdp_list(ld, at->facts.ifindex, netns, &chain, &ignored);
	if (err && err != -ESRCH)
		return;
	for (size_t i = 0; i < ld->objects.n_links; i++)
		if (xdp_same_interface(&ld->objects.links[i], at))
			compare(&ld->objects.links[i], &chain);
}

/* Another program on the interface means another dispatcher: somebody changed the chain. */
void
xdp_look_again(struct loader *ld)
{
	for (size_t i = 0; i < ld->objects.n_links; i++) {
		struct obj_link *l = &ld->objects.links[i];
		struct netlink_iface it;

		if (!in_dispatcher(l) || (l->facts.hook_flags & (LINK_GONE | LINK_ELSEWHERE)) ||
		    l->facts.netns_ino != attach_host()->netns_ino ||
		    netlink_iface_at(ld->rtnl, l->facts.ifindex, &it) < 0 || it.xdp_prog_id == l->xdp_seen)
			continue;
		look_at(ld, l);
		l->xdp_seen = it.xdp_prog_id;
	}
}

void
xdp_look(struct loader *ld)
{
	const struct obj_link *all = ld->objects.links;

	for (size_t i = 0; i < ld->objects.n_links; i++) {
		bool seen = !in_dispatcher(&all[i]) || (all[i].facts.hook_flags & LINK_GONE);

		for (size_t j = 0; j < i && !seen; j++)
			seen = xdp_same_interface(&all[i], &all[j]) && !(all[j].facts.hook_flags & LINK_GONE);
		if (!seen)
			look_at(ld, &all[i]);
	}
	for (size_t i = 0; i < ld->objects.n_links; i++)
		if (in_dispatcher(&all[i]) && (all[i].facts.hook_flags & LINK_GONE))
			remove_orphans(ld, &all[i]);
}

/* A bpfd-xdp's words are taken above, never here. */
int
on_XDP_STEP(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_xdp_step *m, int *fds)
{
	return -EPROTO;
}

int
on_XDP_PROG(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_xdp_prog *m, int *fds)
{
	return -EPROTO;
}

int
on_XDP_DONE(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_xdp_done *m, int *fds)
{
	return -EPROTO;
}
