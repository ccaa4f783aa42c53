/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/programs_op.h"
#include "api/programs_restore.h"
#include "api/store.h"
#include "api/wishes.h"
#include "common/auto.h"

/*
 * A link gets another program, priority or proceed-on set.  No intent is written before: what the
 * kernel's link and its pin say is what is, and reconciliation brings it into the store if it is not
 * there yet.  Of a persistent link it is the other way round: without the new token, which only the
 * answer brings, the change would not outlast a reboot, so the link becomes again what the row says.
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

/* What of a link an update changes. */
struct changed {
	struct group *group;
	struct msg_link_facts facts;
	struct wanted_link wanted;
	uint32_t proceed_on;
};

static void
changed_read(struct changed *c, const struct link *l)
{
	*c = (struct changed){ .group = l->group, .facts = l->facts, .proceed_on = l->proceed_on };
	if (l->wanted)
		c->wanted = *l->wanted;
}

static void
changed_undo(const struct changed *c, struct link *l)
{
	if (l->group != c->group)
		model_move_link(l, c->group);
	l->facts = c->facts;
	l->proceed_on = c->proceed_on;
	if (l->wanted)
		*l->wanted = c->wanted;
}

static void
change(struct link *l, const struct update_op *o, const struct msg_link_facts *f)
{
	l->facts.prog_id = f->prog_id;
	l->facts.gid = o->to->gid;
	if (f->priority)
		l->facts.priority = f->priority;
	l->facts.kernel_link_id = f->kernel_link_id;
	l->facts.position = f->position;
	l->proceed_on = f->proceed_on ? f->proceed_on : o->msg.proceed_on;
}

/* The client is told, and a persistent link becomes again what its row says. */
static void
fail_store(struct update_op *o, int err)
{
	struct api *api = o->op.api;

	op_fail_store(&o->op, err);
	programs_restore(api, NULL, NULL);
}

static void
change_wanted(struct wanted_link *w, const struct update_op *o, const struct msg_token *token)
{
	w->token = *token;
	w->uid = o->op.uid;
	w->flags = o->msg.flags & (ATTACH_HAS_COOKIE | ATTACH_HAS_PROCEED_ON);
	w->priority = o->msg.priority;
	w->proceed_on = o->msg.proceed_on;
}

static void
finish(struct update_op *o, struct link *l, const struct answer *a)
{
	const struct msg_link_facts *f = &a->links[0];
	struct link shown = *l;
	struct changed before;
	int err = 0;

	if (o->args.dry_run) {
		change(&shown, o, f);
		shown.group = o->to;
		if (o->op.call)
			o->reply(o->op.call, &shown);
		op_ok(&o->op);
		return;
	}
	changed_read(&before, l);
	if (l->group != o->to)
		model_move_link(l, o->to);
	change(l, o, f);
	if (l->wanted)
		change_wanted(l->wanted, o, &a->token);
	err = store_change_link(o->op.api->store, l);
	if (err && l->wanted) {
		changed_undo(&before, l);
		l->differs = true;
	}
	if (err) {
		fail_store(o, err);
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
	    a->links[0].link_id == o->args.link_id && a->links[0].prog_id == o->msg.prog_id &&
	    (a->has_token || o->args.dry_run || !(o->msg.flags & ATTACH_PERSISTENT)))
		finish(o, l, a);
	else
		op_fail_answer(&o->op, a);
}

/* The request that would attach it so. */
static void
fill(struct update_op *o, const struct link *l, const struct prog *p)
{
	struct msg_attach *m = &o->msg;
	const struct msg_link_facts *f = &l->facts;
	const struct wanted_link *w = l->wanted;

	m->link_id = f->link_id;
	m->gid = p->facts.gid;
	m->prog_id = p->facts.id;
	m->cookie = f->cookie;
	m->priority = o->args.priority ? o->args.priority : w ? w->priority : f->priority;
	m->flags |= (o->args.dry_run ? ATTACH_DRY_RUN : 0) | (w ? ATTACH_PERSISTENT | (w->flags & ATTACH_HAS_COOKIE) :
		f->cookie ? ATTACH_HAS_COOKIE : 0);
	if (!o->args.has_proceed_on && (w ? w->flags & ATTACH_HAS_PROCEED_ON : l->proceed_on)) {
		m->proceed_on = w ? w->proceed_on : l->proceed_on;
		m->flags |= ATTACH_HAS_PROCEED_ON;
	}
	/* Of one that comes back: as it was asked for, for its token. */
	memcpy(m->target, w ? w->target : f->target, sizeof(m->target));
	memcpy(m->netns, l->netns, sizeof(m->netns));
	memcpy(m->direction, w ? w->direction : f->direction, sizeof(m->direction));
	memcpy(m->mode, w ? w->mode : f->mode, sizeof(m->mode));
	memcpy(m->section, p->facts.section, sizeof(m->section));
	memcpy(m->prog_name, p->facts.name, sizeof(m->prog_name));
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
	else if (l->differs)
		op_fail(&o->op, IPC_FAILED_PRECONDITION, "an earlier change of link %llu was interrupted and could not "
			"be undone: detach it and attach the program anew", id);
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
	else if (l->wanted && !p->group->wanted)
		op_fail(&o->op, IPC_FAILED_PRECONDITION, "link %llu comes back after a reboot and program %u does not: "
			"load it with --persistent", (unsigned long long)l->facts.link_id, id);
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
