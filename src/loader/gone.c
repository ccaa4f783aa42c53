/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel took off by itself, with the interface, cgroup or namespace that it was on. */
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"
#include "loader/attach.h"
#include "loader/attach_suffix.h"
#include "loader/handlers.h"
#include "loader/loader.h"

bool
link_is_gone(struct loader *ld, struct obj_link *l)
{
	AUTO(fd) int fd = -1;

	if (l->facts.hook_flags & LINK_GONE)
		return true;
	if (l->linkless)
		return attach_suffix_gone(ld, l->suffix, l->netns, ld->rtnl);
	if (!attach_can_go(l->facts.kernel_link_type))
		return false;
	fd = objects_open_link(&ld->objects, l);
	return fd >= 0 && attach_link_gone(fd);
}

void
link_sweep(struct loader *ld, uint32_t seq, struct obj_link *l, bool tell)
{
	struct msg_result res = { 0 };

	l->facts.hook_flags |= LINK_GONE;
	l->facts.position = 0;
	if (tell)
		reply(ld, IPC_LINK_FACTS, seq, &l->facts, NULL);
	/* What cannot be taken away now is gone still, and asked for again. */
	if (release_link(ld, l, NULL, &res))
		log_warn("loader.sweep", "link=%llu text=%s", (unsigned long long)l->facts.link_id, LOG_QUOTE(res.text));
}

/* Once for each: the next look finds it swept. */
static void
say_detached(const struct obj_link *l)
{
	if (!l->linkless && !(l->facts.hook_flags & LINK_GONE))
		log_warn("link.detached", "link=%llu kind=%s target=%s somebody else has detached it, or what it was on is gone",
			(unsigned long long)l->facts.link_id, l->facts.kind, LOG_QUOTE(l->facts.target));
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
links_sweep(struct loader *ld, uint32_t seq, bool tell)
{
	uint32_t n = 0;

	xdp_look(ld);
	for (size_t i = ld->objects.n_links; i-- > 0;)
		if (i < ld->objects.n_links && ld->objects.links[i].replacing)
			finish_change(ld, &ld->objects.links[i]);
	for (size_t i = ld->objects.n_links; i-- > 0;) {
		struct obj_link *l = i < ld->objects.n_links ? &ld->objects.links[i] : NULL;

		/* One that a change has two pins of is looked after by its detach. */
		if (!l || l->replacing || objects_replacing(&ld->objects, l->facts.link_id) || !link_is_gone(ld, l))
			continue;
		say_detached(l);
		link_sweep(ld, seq, l, tell);
		n++;
	}
	return n;
}

#define LOOK_MS 5000

int
links_timeout_ms(const struct loader *ld)
{
	int64_t left = ld->links_look_ms - clock_ms();

	for (size_t i = 0; i < ld->objects.n_links; i++)
		if (attach_can_go(ld->objects.links[i].facts.kernel_link_type))
			return left < 0 ? 0 : (int)left;
	return -1;
}

/*
 * What the kernel says of an interface or a cgroup that goes comes by itself; that somebody else has
 * detached a link (LINK_DETACH, by its number) nobody says.
 */
void
links_look(struct loader *ld)
{
	if (links_timeout_ms(ld) != 0)
		return;
	ld->links_look_ms = clock_ms() + LOOK_MS;
	for (size_t i = ld->objects.n_links; i-- > 0;) {
		struct obj_link *l = i < ld->objects.n_links ? &ld->objects.links[i] : NULL;

		if (!l || l->linkless || l->replacing || objects_replacing(&ld->objects, l->facts.link_id) ||
		    !attach_can_go(l->facts.kernel_link_type) || !link_is_gone(ld, l))
			continue;
		say_detached(l);
		link_sweep(ld, 0, l, true);
	}
}

int
on_LINKS_GONE(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_none *m,
	int *fds)
{
	uint32_t n = links_sweep(ld, h->seq, true);

	for (size_t i = 0; i < ld->objects.n_links; i++) {
		if (!ld->objects.links[i].facts.position)
			continue;
		reply(ld, IPC_LINK_FACTS, h->seq, &ld->objects.links[i].facts, NULL);
		n++;
	}
	reply_ok(ld, h->seq, n);
	return 0;
}
