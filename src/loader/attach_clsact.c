/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

/* The kernel would number filters of one priority from 1 on: these are told apart from those. */
#define HANDLE(link_id) (0x62700000 | ((uint32_t)(link_id) & 0xfffff))

/* What is on the two hooks of an interface. */
struct census {
	uint32_t prog_id;		/* sought */
	uint32_t handle;		/* and with this handle and priority; 0: any */
	uint16_t priority;
	bool found;
	size_t n;			/* filters of anybody */
};

static void
count(void *arg, const struct netlink_filter *f)
{
	struct census *c = arg;

	/* The first message of a group names the kind and priority and is no filter yet. */
	if (!f->handle)
		return;
	c->n++;
	if (f->is_bpf && f->prog_id == c->prog_id &&
	    (!c->handle || (c->handle == f->handle && c->priority == f->priority)))
		c->found = true;
}

/* bpfd made the qdisc when one of its other filters there says so. */
static int
made_qdisc(void *arg, const struct msg_link_facts *l)
{
	const struct msg_link_facts *hook = arg;

	return strcmp(l->backend, "clsact") == 0 && l->ifindex == hook->ifindex &&
		l->netns_ino == hook->netns_ino && (l->hook_flags & LINK_MADE_QDISC);
}

static int
refuse(const struct attach_in *in, const struct attach_iface *it, int err,
	const struct netlink_err *why, struct msg_result *res)
{
	char what[IPC_TARGET_MAX + 64];

	if (!why->text[0]) {
		snprintf(what, sizeof(what), "interface %s %s", it->target, in->req->direction);
		return attach_refused(res, err, what);
	}
	return result_set(res, IPC_FAILED_PRECONDITION, err, "the kernel refuses a filter of priority %d on "
		"interface %s %s: %s", in->req->priority, it->target, in->req->direction, why->text);
}

static void
prog_name(const struct attach_in *in, char *out, size_t size)
{
	struct bpf_prog_info info;

	memset(&info, 0, sizeof(info));
	if (compat_obj_info(in->prog_fd, &info, sizeof(info)) < 0 || !info.name[0])
		snprintf(out, size, "bpfd:%u", in->req->prog_id);
	else
		snprintf(out, size, "bpfd:%u:%s", in->req->prog_id, info.name);
}

static void
write_suffix(const struct attach_in *in, const struct attach_iface *it, const struct netlink_filter *f,
	struct attach_out *out)
{
	const struct attach_suffix s = { .priority = f->priority, .netns_ino = it->netns_ino,
		.ifindex = it->ifindex, .handle = f->handle,
		.prog_id = out->facts.stub_id ? out->facts.stub_id : in->req->prog_id,
		.proceed_on = out->facts.stub_id ? out->facts.proceed_on : 0,
		.egress = f->dir == NETLINK_EGRESS,
		.made_qdisc = out->facts.hook_flags & LINK_MADE_QDISC };

	attach_suffix_write(&s, out->pin_suffix);
}

/* Its pin comes before: whenever this process dies, the next one finds what it put there. */
static int
add(const struct attach_in *in, struct attach_out *out, int sock, const struct attach_iface *it,
	struct netlink_filter *f, struct msg_result *res)
{
	struct netlink_err why = { "" };
	int made = netlink_clsact_add(sock, it->ifindex, &why), err;

	if (made == -EEXIST)
		return result_set(res, IPC_FAILED_PRECONDITION, made, "interface %s has an ingress qdisc in "
			"the place of clsact: remove it (tc qdisc del dev %s ingress), or use kind tcx",
			it->target, it->target);
	if (made < 0)
		return refuse(in, it, made, &why, res);
	if (made || loader_links_each(in->ld, made_qdisc, &out->facts))
		out->facts.hook_flags |= LINK_MADE_QDISC;
	f->handle = HANDLE(in->req->link_id);
	write_suffix(in, it, f, out);
	err = loader_keep_first(in, out, res);
	if (!err) {
		err = netlink_filter_add(sock, f, in->prog_fd, &why);
		if (err) {
			loader_forget(in);
			refuse(in, it, err, &why, res);
		}
	}
	if (err && made)
		netlink_clsact_del(sock, it->ifindex);
	return err;
}

/* The filter that is there gets another program: its pin comes before, what it was goes afterwards. */
static int
replace(const struct attach_in *in, struct attach_out *out, int sock, const struct attach_iface *it,
	struct netlink_filter *f, struct msg_result *res)
{
	struct netlink_err why = { "" };
	int err = loader_keep_first(in, out, res);

	if (err)
		return err;
	err = netlink_filter_replace(sock, f, in->prog_fd, &why);
	if (!err)
		return 0;
	loader_forget(in);
	return refuse(in, it, err, &why, res);
}

int
attach_by_clsact(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct netlink_filter f = { .priority = (uint16_t)out->facts.priority,
		.dir = strcmp(in->req->direction, "ingress") ? NETLINK_EGRESS : NETLINK_INGRESS };
	struct census there = { .prog_id = in->req->prog_id };
	struct attach_suffix was;
	AUTO(fd) int take_sock = -1;
	struct attach_iface it;
	struct attach_in at;
	int err = attach_iface(in, true, &it, res), sock;

	if (err)
		return err;
	take_sock = TAKE_FD(it.take_sock);
	sock = take_sock >= 0 ? take_sock : in->rtnl;
	strcpy(out->facts.backend, "clsact");
	attach_iface_facts(&it, &out->facts);
	f.ifindex = it.ifindex;
	netlink_filters(sock, it.ifindex, f.dir, count, &there);
	if (there.found && (!in->replaces || in->replaces->prog_id != in->req->prog_id))
		return result_set(res, IPC_ALREADY_EXISTS, -EEXIST, "program %u is attached to %s %s already",
			in->req->prog_id, it.target, in->req->direction);
	err = attach_check_new(in, &out->facts, res);
	if (!err)
		err = attach_tc_program(in, true, out, &at, res);
	if (err || (in->req->flags & ATTACH_DRY_RUN))
		return err;
	prog_name(in, f.name, sizeof(f.name));
	if (in->replaces && attach_suffix_read(in->replaces_suffix, &was) == 0 && was.priority == f.priority) {
		f.handle = was.handle;
		out->facts.hook_flags |= was.made_qdisc ? LINK_MADE_QDISC : 0;
		write_suffix(in, &it, &f, out);
		return replace(&at, out, sock, &it, &f, res);
	}
	return add(&at, out, sock, &it, &f, res);
}

/* A socket in the namespace that spec names, if that is the one with this inode: 1; 0: it is not. */
static int
enter_one(struct loader *ld, const char *spec, uint64_t ino, int *sock, struct msg_result *res)
{
	struct msg_one_fd facts;
	struct msg_netns ns;
	int err;

	snprintf(ns.netns, sizeof(ns.netns), "%s", spec);
	err = oneshot_fd(ld, IPC_ONE_NETLINK, &ns, NULL, &facts, sock, res);
	if (err)
		return res->code == IPC_NOT_FOUND || res->code == IPC_INVALID_ARGUMENT ? 0 : err;
	if (facts.netns_ino == ino)
		return 1;
	close(TAKE_FD(*sock));
	return 0;
}

int
attach_netns_enter(struct loader *ld, const char *netns, uint64_t ino, int *sock, struct msg_result *res)
{
	char spec[32];
	int there = netns[0] ? enter_one(ld, netns, ino, sock, res) : 0;

	if (there)
		return there;
	snprintf(spec, sizeof(spec), "ino:%" PRIu64, ino);
	return enter_one(ld, spec, ino, sock, res);
}

static int
del(int sock, const struct attach_suffix *s, struct msg_result *res)
{
	struct netlink_filter f = { .ifindex = s->ifindex, .priority = s->priority, .handle = s->handle,
		.dir = s->egress ? NETLINK_EGRESS : NETLINK_INGRESS };
	struct census c = { .prog_id = s->prog_id, .handle = s->handle, .priority = s->priority };
	struct census left = { 0 };
	int err = netlink_filters(sock, s->ifindex, f.dir, count, &c);

	/* Somebody else's filter may have its number by now, as may another interface. */
	if (!err && c.found)
		err = netlink_filter_del(sock, &f);
	if (err == -ENOENT || err == -ENODEV || err == -EINVAL)
		err = 0;
	if (err)
		return result_set(res, IPC_INTERNAL, err, "cannot remove the filter: %s", strerrordesc_np(-err));
	if (!c.found || !s->made_qdisc ||
	    netlink_filters(sock, s->ifindex, NETLINK_INGRESS, count, &left) < 0 ||
	    netlink_filters(sock, s->ifindex, NETLINK_EGRESS, count, &left) < 0 || left.n)
		return 0;
	err = netlink_clsact_del(sock, s->ifindex);
	if (err)
		return result_set(res, IPC_INTERNAL, err, "cannot remove the clsact qdisc: %s",
			strerrordesc_np(-err));
	return 0;
}

static int
filter_there(int sock, const struct attach_suffix *s)
{
	struct census c = { .prog_id = s->prog_id, .handle = s->handle, .priority = s->priority };
	int err = netlink_filters(sock, s->ifindex, s->egress ? NETLINK_EGRESS : NETLINK_INGRESS, count, &c);

	return err && err != -ENODEV && err != -EINVAL && err != -ENOENT ? -1 : c.found;
}

int
attach_suffix_there(const char *pin_suffix, int rtnl)
{
	struct attach_suffix s;

	if (attach_suffix_read(pin_suffix, &s) < 0 || s.kind != ATTACH_SUFFIX_FILTER ||
	    s.netns_ino != attach_host()->netns_ino)
		return -1;
	return filter_there(rtnl, &s);
}

bool
attach_suffix_gone(struct loader *ld, const char *pin_suffix, const char *netns, int rtnl)
{
	struct msg_result ignored = { 0 };
	struct attach_suffix s;
	AUTO(fd) int sock = -1;
	int there;

	if (attach_suffix_read(pin_suffix, &s) < 0 || s.kind != ATTACH_SUFFIX_FILTER)
		return false;
	if (s.netns_ino == attach_host()->netns_ino)
		return filter_there(rtnl, &s) == 0;
	there = attach_netns_enter(ld, netns, s.netns_ino, &sock, &ignored);
	return there == 0 || (there > 0 && filter_there(sock, &s) == 0);
}

int
attach_detach_suffix(struct loader *ld, const struct config *cfg, int rtnl, const char *pin_suffix,
	const char *netns, struct msg_result *res)
{
	AUTO(fd) int sock = -1;
	struct attach_suffix s;
	int there;

	if (attach_suffix_read(pin_suffix, &s) < 0 || s.kind == ATTACH_SUFFIX_LINK ||
	    s.kind == ATTACH_SUFFIX_OPS)
		return result_set(res, IPC_DATA_LOSS, -EINVAL, "the pin's name does not say what to detach");
	if (s.kind == ATTACH_SUFFIX_MAP)
		return attach_sockmap_detach(ld, &s, res);
	if (s.kind == ATTACH_SUFFIX_DISPATCHER)
		return detach_from_dispatcher(ld, &s, netns, res);
	if (s.kind == ATTACH_SUFFIX_SOCKET)
		return attach_socket_off(ld, &s, res);
	if (s.netns_ino == attach_host()->netns_ino)
		return del(rtnl, &s, res);
	there = attach_netns_enter(ld, netns, s.netns_ino, &sock, res);
	return there <= 0 ? there : del(sock, &s, res);
}
