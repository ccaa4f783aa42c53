/* SPDX-License-Identifier: Apache-2.0 */
/* KERNEL_LIST: every program of the kernel, whose links and holders other processes look for. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/bpf_compat.h"
#include "common/clock.h"
#include "loader/attach.h"
#include "loader/facts.h"
#include "loader/handlers.h"
#include "loader/loader.h"

#define STATS_IDLE_MS 10000

struct listing {
	struct loader *ld;
	uint32_t seq, n;
};

static int
list_prog(struct listing *list, const struct msg_prog_facts *p)
{
	const struct obj_prog *ours = objects_prog(&list->ld->objects, p->id);
	struct msg_prog_facts facts = *p;
	const char *tracer;

	facts.gid = 0;
	facts.flags &= ~(uint32_t)PROG_MANAGED;
	if (ours) {
		facts.gid = ours->gid;
		facts.attach_type = ours->attach_type;
		facts.type = facts_prog_type(facts.type, ours->attach_type);
		facts.flags |= PROG_MANAGED;
		snprintf(facts.name, sizeof(facts.name), "%s", ours->name);
		snprintf(facts.section, sizeof(facts.section), "%s", ours->section);
	}
	tracer = tracers_of_program(list->ld, p->id);
	if (tracer)
		snprintf(facts.section, sizeof(facts.section), "bpfd's tracer %s", tracer);
	for (size_t i = 0; i < list->ld->objects.n_links; i++)
		if (list->ld->objects.links[i].facts.stub_id == p->id)
			snprintf(facts.section, sizeof(facts.section), "bpfd's part of link %" PRIu64,
				list->ld->objects.links[i].facts.link_id);
	reply(list->ld, IPC_PROG, list->seq, &facts, NULL);
	return 0;
}

/* The numbers of bpfd's own links are the store's; they are listed with those. */
static int
list_link(struct listing *list, const struct msg_link_seen *m)
{
	const struct objects *t = &list->ld->objects;
	struct msg_link_facts facts = { 0 };
	struct compat_link_info info;

	memcpy(&info, m->info, sizeof(info));
	if (!memchr(m->name, 0, sizeof(m->name)))
		return -EPROTO;
	attach_link_describe(&info, m->name, m->prog_type, list->ld->rtnl, &facts);
	for (size_t i = 0; i < t->n_links; i++)
		if (t->links[i].facts.kernel_link_id == facts.kernel_link_id)
			facts.link_id = t->links[i].facts.link_id;
	reply(list->ld, IPC_LINK_FACTS, list->seq, &facts, NULL);
	return 0;
}

static int
list_one(void *arg, const struct chan_msg *m)
{
	struct listing *list = arg;
	int err = 0;

	if (m->hdr.type == IPC_ONE_PROG)
		err = list_prog(list, m->payload);
	else if (m->hdr.type == IPC_ONE_LINK)
		err = list_link(list, m->payload);
	else if (m->hdr.type == IPC_ONE_HOLDER)
		reply(list->ld, IPC_HOLDER, list->seq, m->payload, NULL);
	else
		err = -EPROTO;
	list->n++;
	return err ? err : list->ld->api_gone ? -EPIPE : 0;
}

/* Only while somebody asks: counting costs every run of every program. */
static int
hold_stats(struct loader *ld, struct msg_result *res)
{
	struct msg_one_fd facts;
	int err = 0;

	if (ld->stats_fd < 0)
		err = oneshot_fd(ld, IPC_ONE_STATS, NULL, NULL, &facts, &ld->stats_fd, res);
	ld->stats_until_ms = clock_ms() + STATS_IDLE_MS;
	return err;
}

int
listing_timeout_ms(const struct loader *ld)
{
	int64_t left = ld->stats_until_ms - clock_ms();

	return ld->stats_fd < 0 ? -1 : left < 0 ? 0 : (int)left;
}

void
listing_expire(struct loader *ld)
{
	if (listing_timeout_ms(ld) == 0)
		close_keep_errno(TAKE_FD(ld->stats_fd));
}

int
on_KERNEL_LIST(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_kernel_list *m, int *fds)
{
	struct listing list = { ld, h->seq, 0 };
	struct msg_result res = { 0 }, owners = { 0 };
	int err = m->flags & KERNEL_STATS ? hold_stats(ld, &res) : 0;

	if (!err)
		err = oneshot_each(ld, IPC_ONE_LIST, m, list_one, &list, &res);
	/* Whose they are is worth a part of the answer, not all of it. */
	if (!err && (m->flags & KERNEL_OWNERS)) {
		oneshot_each(ld, IPC_ONE_PINS, NULL, list_one, &list, &owners);
		oneshot_each(ld, IPC_ONE_HOLDERS, NULL, list_one, &list, &owners);
	}
	res.n_items = list.n;
	if (err)
		reply_result(ld, h->seq, &res);
	else
		reply_ok(ld, h->seq, list.n);
	return 0;
}
