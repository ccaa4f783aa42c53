/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attachments to interfaces that are still to come.  The API keeps what was asked for, with the token
 * that was given for it, and says when an interface fits.  Whether it does is decided here, by what
 * the kernel says of the interface: who lies about interfaces gains nothing.
 */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/log.h"
#include "loader/attach_hook.h"
#include "loader/authorise.h"
#include "loader/handlers.h"
#include "loader/loader.h"
#include "loader/oneshot.h"
#include "loader/token.h"

#define PATTERN_MAX 63

static bool
fits(const struct msg_attach *m, const char *name)
{
	return fnmatch(m->target, name, 0) == 0;
}

static int
check_pattern(const struct msg_attach *m, struct msg_result *res)
{
	if (strlen(m->target) > PATTERN_MAX || strchr(m->target, '/'))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "no interface can ever be named %s", m->target);
	if (m->netns[0] && !(m->flags & ATTACH_DRY_RUN))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "interfaces that come are watched for in the "
			"host's network namespace only, not in %s", m->netns);
	return 0;
}

/* ---- a new one ---- */

struct census {
	struct loader *ld;
	const struct msg_attach *m;
	uint32_t seq, n;
};

static void
tell_fitting(void *arg, const struct netlink_iface *it)
{
	struct census *c = arg;
	struct msg_iface m = { .ifindex = it->ifindex };

	if (!fits(c->m, it->name))
		return;
	if (!attach_policy_allows(&c->ld->cfg->policy_interfaces, it->name))
		m.flags = IFACE_REFUSED;
	memcpy(m.name, it->name, sizeof(m.name));
	reply(c->ld, IPC_IFACE, c->seq, &m, NULL);
	c->n++;
}

/* Those that fit now, of the namespace that is meant. */
static int
tell_all(struct census *c, struct msg_result *res)
{
	struct msg_one_fd facts;
	struct msg_netns ns;
	AUTO(fd) int sock = -1;
	int err;

	if (c->m->netns[0]) {
		strcpy(ns.netns, c->m->netns);
		err = oneshot_fd(c->ld, IPC_ONE_NETLINK, &ns, NULL, &facts, &sock, res);
		if (err)
			return err;
	}
	err = netlink_ifaces(sock >= 0 ? sock : c->ld->rtnl, tell_fitting, c);
	return err ? result_set(res, IPC_INTERNAL, err, "cannot look for interfaces: %s", strerrordesc_np(-err)) : 0;
}

void
wish_new(struct loader *ld, uint32_t seq, const struct msg_attach *m, const struct attach_who *who)
{
	struct census c = { .ld = ld, .m = m, .seq = seq };
	struct attach_in in = { .prog_fd = -1 };
	struct msg_link_facts facts;
	struct msg_result res = { 0 };
	int err = links_check(ld, m, &res);

	if (!err)
		err = links_open_program(ld, m, &in, &res);
	if (!err) {
		in.who = who;
		err = attach_wish(&in, &facts, &res);
		close_keep_errno(in.prog_fd);
	}
	if (!err)
		err = check_pattern(m, &res);
	if (!err && (m->flags & ATTACH_DRY_RUN))
		err = tell_all(&c, &res);
	res.n_items = c.n;
	if (err) {
		reply_result(ld, seq, &res);
		return;
	}
	facts.link_id = m->link_id;
	facts.gid = in.gid;
	reply(ld, IPC_LINK_FACTS, seq, &facts, NULL);
	reply_ok(ld, seq, c.n + 1);
}

/* ---- interfaces come and go ---- */

static int
check_wish(struct loader *ld, const struct msg_wish *m, struct msg_result *res)
{
	struct msg_token token;

	token_attach(&m->attach, m->uid, &token);
	if (!(m->attach.flags & ATTACH_FUTURE) || !token_same(&token, &m->token))
		return authorise_token(ld, "attach", m->attach.link_id, res);
	return 0;
}

int
on_WISH_ATTACH(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_wish *m, int *fds)
{
	const struct attach_who who = { .client = -1, .uid = m->uid };
	struct msg_attach req = m->attach;
	struct netlink_iface it;
	struct msg_token token;
	struct msg_result res = { 0 };
	int err = links_check_token(ld, &req, &res);

	if (!err)
		err = check_wish(ld, m, &res);
	if (!err && netlink_iface_at(ld->rtnl, m->ifindex, &it) < 0)
		err = result_set(&res, IPC_NOT_FOUND, -ENODEV, "there is no interface %u any more", m->ifindex);
	if (!err && !fits(&req, it.name))
		err = result_set(&res, IPC_NOT_FOUND, -ESTALE, "interface %s does not fit %s", it.name, req.target);
	if (err) {
		reply_result(ld, h->seq, &res);
		return 0;
	}
	token_wish_link(req.link_id, m->link_id, &token);
	reply(ld, IPC_TOKEN, h->seq, &token, NULL);
	req.link_id = m->link_id;
	req.flags &= ~(uint32_t)(ATTACH_FUTURE | ATTACH_DRY_RUN);
	strcpy(req.target, it.name);
	links_attach(ld, h->seq, &req, NULL, &who);
	return 0;
}

/* Nobody's client asks for it: only what a wish brought leaves, and only where it has no business. */
static int
check_left(struct loader *ld, const struct msg_wish *m, const struct obj_link *l, struct msg_result *res)
{
	struct netlink_iface it = { 0 };
	struct msg_token token;
	int err;

	token_wish_link(m->attach.link_id, m->link_id, &token);
	if (!token_same(&token, &m->link_token))
		return authorise_token(ld, "detach", m->link_id, res);
	if (l->facts.hook_flags & (LINK_GONE | LINK_ELSEWHERE))
		return 0;
	err = netlink_iface_at(ld->rtnl, l->facts.ifindex, &it);
	if (err == -ENODEV || (!err && !fits(&m->attach, it.name)))
		return 0;
	return result_set(res, IPC_FAILED_PRECONDITION, err ? err : -EBUSY, "interface %s still fits %s",
		l->facts.target, m->attach.target);
}

int
on_WISH_DETACH(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_wish *m, int *fds)
{
	struct obj_link *l = objects_link(&ld->objects, m->link_id);
	struct msg_result res = { 0 };
	int err = check_wish(ld, m, &res);

	if (!err && !IPC_STR_OK(m->attach.target))
		err = result_set(&res, IPC_INVALID_ARGUMENT, -EINVAL, "malformed detach request");
	if (!err && !l)
		err = result_set(&res, IPC_NOT_FOUND, -ENOENT, "there is no link %" PRIu64, m->link_id);
	if (!err)
		err = check_left(ld, m, l, &res);
	if (!err) {
		log_info("loader.request", "what=detach link=%" PRIu64 " wish=%" PRIu64, m->link_id, m->attach.link_id);
		err = release_link(ld, l, NULL, &res);
	}
	reply_done(ld, h->seq, err, &res);
	return 0;
}
