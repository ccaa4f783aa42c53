/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/programs_op.h"
#include "api/store.h"
#include "api/wishes.h"
#include "common/auto.h"

/*
 * A link gets another program, priority or proceed-on set.  No intent is written before: what the
 * kernel's link and its pin say is what is, and reconciliation brings it into the store if it is not
 * there yet.
 */
struct update_op {
	struct op op;
	struct update_args args;
	struct msg_attach msg;		/* the link as it is to be */
	struct group *from, *to;	/* busy meanwhile; NULL: not yet */
	void (*reply)(struct call *call, const struct link *l);
};

static void
update_free(void *arg)
{
	struct update_op *o = arg;

	if (o->from)
		o->from->busy--;
	if (o->to)
		o->to->busy--;
	free(o);
}

static void
change(struct link *l, const struct update_op *o, const struct msg_link_facts *f)
{
	l->facts.prog_id = f->prog_id;
	l->facts.gid = o->to->gid;
	l->facts.priority = f->priority;
	l->facts.kernel_link_id = f->kernel_link_id;
	l->facts.position = f->position;
	l->proceed_on = f->proceed_on ? f->proceed_on : o->msg.proceed_on;
}

static void
finish(struct update_op *o, struct link *l, const struct msg_link_facts *f)
{
	struct link shown = *l;
	int err = 0;

	if (o->args.dry_run) {
		change(&shown, o, f);
		shown.group = o->to;
		if (o->op.call)
			o->reply(o->op.call, &shown);
		op_ok(&o->op);
		return;
	}
	if (l->group != o->to)
		model_move_link(l, o->to);
	change(l, o, f);
	err = store_change_link(o->op.api->store, l);
	if (err) {
		op_fail_store(&o->op, err);
		return;
	}
	if (o->op.call)
		o->reply(o->op.call, l);
	op_ok(&o->op);
}

static void
on_updated(void *arg, struct answer *a)
{
	struct update_op *o = arg;
	struct link *l = model_link(&o->op.api->model, o->args.link_id);

	if (l && !a->lost && a->result.code == IPC_OK && a->n_links == 1 &&
	    a->links[0].link_id == o->args.link_id && a->links[0].prog_id == o->msg.prog_id)
		finish(o, l, &a->links[0]);
	else
		op_fail_answer(&o->op, a);
}

/* The request that would attach it so. */
static void
fill(struct update_op *o, const struct link *l, const struct prog *p)
{
	struct msg_attach *m = &o->msg;
	const struct msg_link_facts *f = &l->facts;

	m->link_id = f->link_id;
	m->gid = p->facts.gid;
	m->prog_id = p->facts.id;
	m->cookie = f->cookie;
	m->priority = o->args.priority ? o->args.priority : f->priority;
	m->flags |= (o->args.dry_run ? ATTACH_DRY_RUN : 0) | (f->cookie ? ATTACH_HAS_COOKIE : 0);
	if (!o->args.has_proceed_on && l->proceed_on) {
		m->proceed_on = l->proceed_on;
		m->flags |= ATTACH_HAS_PROCEED_ON;
	}
	memcpy(m->target, f->target, sizeof(m->target));
	memcpy(m->netns, l->netns, sizeof(m->netns));
	memcpy(m->direction, f->direction, sizeof(m->direction));
	memcpy(m->mode, f->mode, sizeof(m->mode));
	for (size_t i = 0; i < l->options.n; i++)
		options_add(m->options, l->options.v[i].key, (const char *)l->options.v[i].value);
}

/* The link, if it may be changed now; else the operation is over. */
static struct link *
changeable(struct update_op *o)
{
	unsigned long long id = o->args.link_id;
	struct link *l = model_link(&o->op.api->model, o->args.link_id);

	if (!l || l->state != ROW_DONE || l->group->state != ROW_DONE)
		op_fail(&o->op, IPC_NOT_FOUND, "bpfd has no link %llu", id);
	else if (l->live != LIVE)
		op_fail(&o->op, IPC_FAILED_PRECONDITION, "link %llu is not attached any more, or not known to "
			"the store: detach it and attach the program anew", id);
	else if (link_is_wish(l) || l->wish)
		op_fail(&o->op, IPC_FAILED_PRECONDITION, "link %llu %s, and so is not changed: attach the other program "
			"beside it, then detach it", id, l->wish ? "came by another that attaches to every interface that fits" :
			"attaches to every interface that fits");
	else if (l->wanted)
		op_fail(&o->op, IPC_FAILED_PRECONDITION, "link %llu comes back after a reboot as it was attached, "
			"and so is not changed: attach the other program beside it, then detach it", id);
	else
		return l;
	return NULL;
}

static struct prog *
program_of(struct update_op *o, const struct link *l)
{
	uint32_t id = o->args.prog_id ? o->args.prog_id : l->facts.prog_id;
	struct prog *p = model_prog(&o->op.api->model, id);

	if (!p || p->state != ROW_DONE || p->group->state != ROW_DONE || p->group->orphan)
		op_fail(&o->op, IPC_NOT_FOUND, "bpfd has no program %u", id);
	else if (l->group->busy || p->group->busy)
		op_fail(&o->op, IPC_ABORTED, "another request is working on group %llu: try again",
			(unsigned long long)(l->group->busy ? l->group : p->group)->gid);
	else
		return p;
	return NULL;
}

static void
on_ready(void *arg, bool ready)
{
	struct update_op *o = arg;
	struct link *l;
	struct prog *p;
	int sock, err;

	if (!ready || !o->op.call) {
		op_fail_away(&o->op);
		return;
	}
	l = changeable(o);
	p = l ? program_of(o, l) : NULL;
	if (!p)
		return;
	memcpy(o->msg.kind, l->facts.kind, sizeof(o->msg.kind));
	if (o->args.has_proceed_on && !o->args.proceed_on(o->op.call, o->args.request, &o->msg)) {
		o->op.call = NULL;	/* it has its error, and the audit its line */
		update_free(o);
		return;
	}
	o->from = l->group;
	o->to = p->group;
	o->from->busy++;
	o->to->busy++;
	fill(o, l, p);
	sock = call_peer(o->op.call)->sock;
	err = ctl_loader_call(o->op.api->loader, IPC_LINK_UPDATE, &o->msg, &sock, on_updated, o);
	if (err)
		op_fail_errno(&o->op, err);
}

void
programs_update(struct call *call, const struct update_args *a,
	void (*reply)(struct call *call, const struct link *l))
{
	struct update_op *o = calloc(1, sizeof(*o));

	if (!o) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	o->args = *a;
	o->reply = reply;
	op_start(&o->op, call, update_free);
	op_what(&o->op, "link=%llu program=%u priority=%d%s", (unsigned long long)a->link_id, a->prog_id,
		a->priority, a->dry_run ? " dry_run=1" : "");
	wishes_idle(o->op.api, on_ready, o);
}
