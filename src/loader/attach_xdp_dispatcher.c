/* SPDX-License-Identifier: Apache-2.0 */
/* XDP programs in libxdp's dispatcher: bpfd-xdp puts them there and takes them out. */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "loader/attach_hook.h"
#include "loader/attach_suffix.h"
#include "loader/oneshot.h"

#define DEFAULT_PROCEED_ON	(1u << XDP_PASS)

const struct msg_xdp_prog *
xdp_chain_prog(const struct xdp_chain *c, uint32_t prog_id)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->progs[i].id == prog_id)
			return &c->progs[i];
	return NULL;
}

/* The namespace that spec names, if it is the one with this inode; -ESRCH: it is gone. */
static int
open_one(struct loader *ld, const char *spec, uint64_t ino, int *fd, struct msg_result *res)
{
	AUTO(fd) int found = -1;
	struct msg_one_fd facts;
	struct msg_netns ns;
	int err;

	snprintf(ns.netns, sizeof(ns.netns), "%s", spec);
	err = oneshot_fd(ld, IPC_ONE_NETNS, &ns, NULL, &facts, &found, res);
	if (err)
		return res->code == IPC_NOT_FOUND || res->code == IPC_INVALID_ARGUMENT ? -ESRCH : err;
	if (facts.netns_ino != ino)
		return -ESRCH;
	*fd = TAKE_FD(found);
	return 0;
}

/* By name first, which is quicker; another may have that name by now. */
int
attach_netns_fd(struct loader *ld, const char *spec, uint64_t ino, int *fd, struct msg_result *res)
{
	char by_ino[32];
	int err;

	*fd = -1;
	if (ino == attach_host()->netns_ino)
		return 0;
	err = spec[0] ? open_one(ld, spec, ino, fd, res) : -ESRCH;
	if (err != -ESRCH)
		return err;
	snprintf(by_ino, sizeof(by_ino), "ino:%" PRIu64, ino);
	return open_one(ld, by_ino, ino, fd, res);
}

static int
gone(const struct attach_in *in, struct msg_result *res)
{
	return result_set(res, IPC_NOT_FOUND, -ESRCH, "the network namespace %s has just gone away",
		in->req->netns);
}

/* What an attach would be told: nothing is changed. */
static int
dry_run(const struct attach_in *in, const struct attach_iface *it, int netns, struct msg_result *res)
{
	struct xdp_chain c;
	int err = loader_xdp_list(in->ld, it->ifindex, netns, &c, res);

	if (err)
		return err;
	if (c.dispatcher_id && !(c.flags & XDP_CHAINED))
		return result_set(res, IPC_FAILED_PRECONDITION, -EBUSY, "interface %s has XDP program %u, which "
			"was not attached by way of libxdp and so cannot share it; detach it first", it->target,
			c.dispatcher_id);
	if (in->replaces)
		return 0;
	if (xdp_chain_prog(&c, in->req->prog_id))
		return result_set(res, IPC_ALREADY_EXISTS, -EEXIST, "program %u is attached to interface %s "
			"already", in->req->prog_id, it->target);
	if (c.n == XDP_PROGS_MAX)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOSPC, "interface %s has %d XDP programs, which "
			"is as many as libxdp's dispatcher takes; detach one first", it->target, XDP_PROGS_MAX);
	return 0;
}

static void
put_place(const struct xdp_chain *c, uint32_t prog_id, struct msg_link_facts *facts)
{
	const struct msg_xdp_prog *p = xdp_chain_prog(c, prog_id);

	strcpy(facts->mode, c->mode == XDP_SKB ? "skb" : "native");
	facts->position = p ? (int32_t)p->position + 1 : 0;
}

static int
add(const struct attach_in *in, struct attach_out *out, int netns, struct msg_result *res)
{
	const char *mode = in->req->mode;
	const struct msg_xdp_add req = { .ifindex = out->facts.ifindex,
		.mode = mode[0] == 'n' ? XDP_NATIVE : mode[0] == 's' ? XDP_SKB : XDP_ANY,
		.priority = (uint32_t)out->facts.priority, .proceed_on = out->facts.proceed_on,
		.replace_id = in->replaces ? in->replaces->prog_id : 0 };
	struct xdp_chain chain;
	int err = loader_keep_first(in, out, res);

	if (err)
		return err;
	err = loader_xdp_add(in->ld, &req, in->prog_fd, netns, &chain, res);
	if (err) {
		loader_forget(in);
		return err;
	}
	put_place(&chain, in->req->prog_id, &out->facts);
	return 0;
}

int
attach_by_dispatcher(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct attach_suffix suffix = { .kind = ATTACH_SUFFIX_DISPATCHER,
		.priority = (uint16_t)out->facts.priority,
		.prog_id = in->req->prog_id, .proceed_on = in->req->flags & ATTACH_HAS_PROCEED_ON ?
			in->req->proceed_on & XDP_PROCEED_MASK : DEFAULT_PROCEED_ON };
	AUTO(fd) int netns = -1;
	struct attach_iface it;
	int err = attach_iface(in, true, &it, res);

	if (err)
		return err;
	close_keep_errno(it.take_sock);
	strcpy(out->facts.backend, "dispatcher");
	attach_iface_facts(&it, &out->facts);
	out->facts.proceed_on = suffix.proceed_on;
	err = attach_netns_fd(in->ld, in->req->netns, it.netns_ino, &netns, res);
	if (err)
		return err == -ESRCH ? gone(in, res) : err;
	if (in->req->flags & ATTACH_DRY_RUN)
		return dry_run(in, &it, netns, res);
	suffix.ifindex = it.ifindex;
	suffix.netns_ino = it.netns_ino;
	attach_suffix_write(&suffix, out->pin_suffix);
	return add(in, out, netns, res);
}

int
detach_from_dispatcher(struct loader *ld, const struct attach_suffix *s, const char *netns,
	struct msg_result *res)
{
	const struct msg_xdp_del req = { .ifindex = s->ifindex, .prog_id = s->prog_id };
	struct xdp_chain chain;
	AUTO(fd) int fd = -1;
	int err = attach_netns_fd(ld, netns, s->netns_ino, &fd, res);

	if (err == -ESRCH)
		return 0;		/* and its interfaces with it */
	return err ? err : loader_xdp_del(ld, &req, fd, &chain, res);
}
