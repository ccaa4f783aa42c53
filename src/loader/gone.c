/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came off without bpfd: by the kernel, with the interface, cgroup or namespace that it was on, or by
 * somebody else, who detached the link by its number, removed its pin, or took the program out of its chain.
 */
#include <errno.h>

#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"
#include "loader/attach_hook.h"
#include "loader/attach_suffix.h"
#include "loader/handlers.h"
#include "loader/loader.h"
#include "loader/tracers_parts.h"

#define BY_OTHERS (LINK_DETACHED | LINK_UNPINNED | LINK_UNCHAINED)

bool
link_is_gone(struct loader *ld, struct obj_link *l)
{
	AUTO(fd) int fd = -1;

	if (l->facts.hook_flags & LINK_GONE)
		return true;
	if (l->linkless)
		return attach_suffix_gone(ld, l->suffix, l->netns, ld->rtnl);
	fd = objects_open_link(&ld->objects, l);
	return fd == -ENOENT || (fd >= 0 && attach_can_go(l->facts.kernel_link_type) && attach_link_gone(fd));
}

static bool
has_iface(struct loader *ld, const struct obj_link *l)
{
	struct msg_result ignored = { 0 };
	struct netlink_iface it;
	AUTO(fd) int sock = -1;

	if (l->facts.netns_ino == attach_host()->netns_ino)
		return netlink_iface_at(ld->rtnl, l->facts.ifindex, &it) == 0;
	return attach_netns_enter(ld, l->netns, l->facts.netns_ino, &sock, &ignored) == 1 &&
		netlink_iface_at(sock, l->facts.ifindex, &it) == 0;
}

static bool
has_cgroup(struct loader *ld, const struct obj_link *l)
{
	const struct attach_in in = { .ld = ld, .cfg = ld->cfg };
	struct msg_result ignored = { 0 };
	struct attach_cgroup it = { .take_fd = -1 };
	int err = attach_cgroup(&in, l->facts.target, &it, &ignored);

	close_keep_errno(it.take_fd);
	return !err && it.id == l->facts.object_id;
}

/* Whether what a link was on that is gone is there still: then it was somebody who took it off. */
static bool
has_target(struct loader *ld, const struct obj_link *l)
{
	struct msg_result ignored = { 0 };
	AUTO(fd) int netns = -1;

	if (l->facts.ifindex)
		return has_iface(ld, l);
	if (l->facts.kernel_link_type == BPF_LINK_TYPE_CGROUP)
		return has_cgroup(ld, l);
	if (l->facts.kernel_link_type == BPF_LINK_TYPE_NETNS)
		return attach_netns_fd(ld, l->netns, l->facts.netns_ino, &netns, &ignored) == 0;
	return true;
}

/* How it came off, in its flags and in the log. */
static void
explain(struct loader *ld, struct obj_link *l)
{
	uint32_t *flags = &l->facts.hook_flags;
	AUTO(fd) int pin = objects_open_link(&ld->objects, l);

	if (pin == -ENOENT)
		*flags |= LINK_UNPINNED;
	else if (!has_target(ld, l))
		*flags &= ~(uint32_t)BY_OTHERS;
	else if (!(*flags & BY_OTHERS))
		*flags |= LINK_DETACHED;
	log_warn("link.detached", "link=%llu kind=%s target=%s %s", (unsigned long long)l->facts.link_id,
		l->facts.kind, LOG_QUOTE(l->facts.target), *flags & LINK_UNPINNED ? "somebody else has removed its pin" :
		*flags & LINK_UNCHAINED ? "somebody else has taken it out of the chain" :
		*flags & LINK_DETACHED ? "somebody else has detached it" : "what it was on is gone");
}

void
link_sweep(struct loader *ld, uint32_t seq, struct obj_link *l)
{
	struct msg_result res = { 0 };

	l->facts.hook_flags |= LINK_GONE;
	l->facts.position = 0;
	reply(ld, IPC_LINK_FACTS, seq, &l->facts, NULL);
	/* What cannot be taken away now is gone still, and asked for again. */
	if (release_link(ld, l, NULL, &res))
		log_warn("loader.sweep", "link=%llu text=%s", (unsigned long long)l->facts.link_id, LOG_QUOTE(res.text));
}

/* Each that is gone, and that quickly can be asked about, or all. */
static uint32_t
sweep(struct loader *ld, uint32_t seq, bool all)
{
	uint32_t n = 0;

	for (size_t i = ld->objects.n_links; i-- > 0;) {
		struct obj_link *l = i < ld->objects.n_links ? &ld->objects.links[i] : NULL;

		/* A filter elsewhere costs a process.  One that a change has two pins of is looked after by its detach. */
		if (!l || l->replacing || (!all && l->linkless && l->facts.netns_ino != attach_host()->netns_ino) ||
		    !link_is_gone(ld, l) || objects_replacing(&ld->objects, l->facts.link_id))
			continue;
		explain(ld, l);
		link_sweep(ld, seq, l);
		n++;
	}
	return n;
}

static bool
is_filter(const struct obj_link *l)
{
	struct attach_suffix s;

	return attach_suffix_read(l->suffix, &s) == 0 && s.kind == ATTACH_SUFFIX_FILTER;
}

/*
 * The loader ended when a filter's successor was there and it was still: nobody was told that the change
 * is done, nor that it is not.  It is, unless the successor did not come.
 */
static void
finish_change(struct loader *ld, struct obj_link *new)
{
	struct obj_link *old = objects_link(&ld->objects, new->facts.link_id);
	const uint64_t link_id = new->facts.link_id;
	struct msg_result res = { 0 };

	if (!old || !is_filter(old) || !is_filter(new))
		return;
	if (release_one(ld, link_is_gone(ld, new) ? new : old, NULL, &res)) {
		log_warn("loader.change", "link=%llu text=%s", (unsigned long long)link_id, LOG_QUOTE(res.text));
		return;
	}
	log_notice("loader.leftover", "link=%llu a change that did not finish", (unsigned long long)link_id);
	new = objects_replacing(&ld->objects, link_id);
	if (new)
		new->replacing = false;
}

uint32_t
links_sweep(struct loader *ld, uint32_t seq)
{
	xdp_look(ld);
	for (size_t i = ld->objects.n_links; i-- > 0;)
		if (i < ld->objects.n_links && ld->objects.links[i].replacing)
			finish_change(ld, &ld->objects.links[i]);
	return sweep(ld, seq, true);
}

#define LOOK_MS 4000	/* with the look itself it is noticed within 5 s */

int
links_timeout_ms(const struct loader *ld)
{
	int64_t left = ld->links_look_ms - clock_ms();

	/* Who would hear of it, and have it attached again? */
	if (!ld->api || chan_phase(ld->api) != PHASE_RUN || (!ld->objects.n_links && !tracers_any(ld)))
		return -1;
	return left < 0 ? 0 : (int)left;
}

/*
 * What the kernel says of an interface or a cgroup that goes comes by itself; that somebody else has
 * detached a link (LINK_DETACH, by its number), or removed a pin, nobody says.
 */
void
links_look(struct loader *ld)
{
	if (links_timeout_ms(ld) != 0)
		return;
	ld->links_look_ms = clock_ms() + LOOK_MS;
	xdp_look_again(ld);
	sweep(ld, 0, false);
	tracers_look(ld);
}

int
on_LINKS_GONE(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	uint32_t n = links_sweep(ld, h->seq);

	for (size_t i = 0; i < ld->objects.n_links; i++) {
		if (!ld->objects.links[i].facts.position)
			continue;
		reply(ld, IPC_LINK_FACTS, h->seq, &ld->objects.links[i].facts, NULL);
		n++;
	}
	reply_ok(ld, h->seq, n);
	return 0;
}
