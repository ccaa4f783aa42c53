/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/programs_op.h"
#include "api/store.h"
#include "api/wishes.h"
#include "common/auto.h"
#include "common/log.h"

#define DRY_RUN_LINK	(1ULL << 62)

struct attach_op {
	struct op op;
	struct attach_args args;
	struct link *link;		/* ours until it is in the model */
	struct group *group;		/* busy meanwhile */
	void (*reply)(struct call *call, const struct link *l);
};

static void
attach_free(void *arg)
{
	struct attach_op *o = arg;

	kvs_clear(&o->args.metadata);
	link_free(o->link);
	if (o->group)
		o->group->busy--;
	free(o);
}

static void
drop_intent(struct attach_op *o)
{
	struct api *api = o->op.api;
	struct link *l = model_link(&api->model, o->args.msg.link_id);

	if (l && store_del_link(api->store, l->facts.link_id) == 0)
		model_del_link(&api->model, l);
}

void
programs_take_facts(struct link *l, const struct msg_link_facts *f)
{
	struct msg_link_facts asked = l->facts;

	l->facts = *f;
	l->facts.gid = asked.gid;
	memcpy(l->facts.kind, asked.kind, sizeof(asked.kind));
	if (asked.direction[0])
		memcpy(l->facts.direction, asked.direction, sizeof(asked.direction));
	if (!f->target[0])
		memcpy(l->facts.target, asked.target, sizeof(asked.target));
	l->facts.priority = asked.priority;
	l->facts.cookie = asked.cookie;
	if (f->proceed_on)
		l->proceed_on = f->proceed_on;
	l->live = LIVE;
	l->attached_ns = programs_now_ns();
}

/* The interfaces that are there have been tried. */
static void
on_settled(void *arg, bool ready)
{
	struct attach_op *o = arg;
	const struct link *l = model_link(&o->op.api->model, o->args.msg.link_id);

	if (o->op.call && l) {
		o->reply(o->op.call, l);
		op_ok(&o->op);
	} else {
		op_fail(&o->op, IPC_ABORTED, "link %llu was detached meanwhile",
			(unsigned long long)o->args.msg.link_id);
	}
}

static void
settle(struct attach_op *o)
{
	/* Others may work on the group while interfaces are attached to. */
	o->group->busy--;
	o->group = NULL;
	wishes_added(o->op.api, on_settled, o);
}

/* Where a dry run of a wish would attach to, and where not. */
static int
take_fits(struct link *l, const struct answer *a)
{
	static const char refused[] = "the policy (policy.interfaces) does not allow programs on it";
	int err = 0;

	for (size_t i = 0; !err && i < a->n_ifaces; i++) {
		bool no = a->ifaces[i].flags & IFACE_REFUSED;

		err = kvs_set(&l->fits, a->ifaces[i].name, no ? refused : "", no ? sizeof(refused) - 1 : 0);
	}
	return err;
}

static void
finish(struct attach_op *o, struct link *l, const struct answer *a)
{
	struct api *api = o->op.api;
	struct msg_object made = { .id = l->facts.link_id, .kind = OBJECT_LINK };
	int err = 0;

	programs_take_facts(l, &a->links[0]);
	if (o->args.dry_run) {
		l->facts.link_id = 0;
		if (take_fits(l, a)) {
			op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
			return;
		}
	} else if (!o->op.call) {
		programs_undo_link(api, l, NULL);
		op_fail(&o->op, IPC_CANCELLED, "cancelled");
		return;
	} else {
		err = store_finish_link(api->store, l);
	}
	if (err) {
		programs_undo_link(api, l, NULL);
		op_fail_store(&o->op, err);
		return;
	}
	if (!o->args.dry_run) {
		l->state = ROW_DONE;
		ctl_loader_tell(api->loader, IPC_COMMIT, &made);
		op_what(&o->op, "link=%llu program=%u kind=%s target=%s%s", (unsigned long long)made.id,
			l->facts.prog_id, l->facts.kind, LOG_QUOTE(l->facts.target),
			link_is_wish(l) ? " future=1" : "");
	}
	if (link_is_wish(l) && !o->args.dry_run) {
		settle(o);
		return;
	}
	if (o->op.call)
		o->reply(o->op.call, l);
	op_ok(&o->op);
}

static void
on_attached(void *arg, struct answer *a)
{
	struct attach_op *o = arg;
	uint64_t id = o->args.msg.link_id;
	struct link *l = o->args.dry_run ? o->link : model_link(&o->op.api->model, id);

	if (!a->lost && a->result.code == IPC_OK && a->n_links == 1 && a->links[0].link_id == id &&
	    a->links[0].prog_id == o->args.prog_id && l && (!l->wanted || a->has_token || o->args.dry_run)) {
		if (l->wanted && a->has_token)
			l->wanted->token = a->token;
		finish(o, l, a);
		return;
	}
	/* Lost: the row stays an intent, and the next reconciliation undoes it. */
	if (!a->lost && a->result.code != IPC_OK)
		drop_intent(o);
	else if (!a->lost && !o->args.dry_run)
		programs_undo_link(o->op.api, l, NULL);
	op_fail_answer(&o->op, a);
}

static int
take_options(struct link *l, const char options[IPC_OPTIONS_MAX])
{
	char name[IPC_OPTION_NAME_MAX];
	const char *value;
	size_t at = 0;
	int err = 0;

	while (!err && options_each(options, &at, name, &value))
		err = kvs_set(&l->options, name, value, strlen(value));
	return err;
}

static struct link *
new_link(struct attach_args *a, uint64_t gid)
{
	const struct msg_attach *m = &a->msg;
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->facts = (struct msg_link_facts){ .gid = gid, .prog_id = a->prog_id, .cookie = m->cookie,
		.priority = m->priority };
	memcpy(l->facts.kind, m->kind, sizeof(m->kind));
	memcpy(l->facts.target, m->target, sizeof(m->target));
	memcpy(l->facts.direction, m->direction, sizeof(m->direction));
	memcpy(l->facts.mode, m->mode, sizeof(m->mode));
	memcpy(l->netns, m->netns, sizeof(m->netns));
	l->proceed_on = m->proceed_on;
	l->metadata = a->metadata;
	a->metadata = (struct kvs){ 0 };
	if (take_options(l, m->options)) {
		link_free(l);
		return NULL;
	}
	return l;
}

/* What is asked for again after a reboot; the token comes with the answer. */
static int
take_wanted(struct link *l, const struct msg_attach *m, uid_t uid)
{
	struct wanted_link *w = l->wanted = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->uid = uid;
	w->flags = m->flags & (ATTACH_HAS_COOKIE | ATTACH_HAS_PROCEED_ON | ATTACH_FUTURE);
	w->priority = m->priority;
	w->proceed_on = m->proceed_on;
	memcpy(w->target, m->target, sizeof(w->target));
	memcpy(w->direction, m->direction, sizeof(w->direction));
	memcpy(w->mode, m->mode, sizeof(w->mode));
	memcpy(w->options, m->options, sizeof(w->options));
	return 0;
}

static int
add_intent(struct attach_op *o)
{
	struct api *api = o->op.api;
	int err = store_add_link(api->store, o->link);

	if (err)
		return err;
	err = model_add_link(&api->model, o->group, o->link);
	if (err)
		store_del_link(api->store, o->link->facts.link_id);
	else
		o->args.msg.link_id = TAKE_PTR(o->link)->facts.link_id;
	return err;
}

static void
send_attach(struct attach_op *o)
{
	struct api *api = o->op.api;
	struct msg_attach *m = &o->args.msg;
	const struct prog *p = model_prog(&api->model, o->args.prog_id);
	int sock = call_peer(o->op.call)->sock, err = 0;

	m->gid = o->group->gid;
	m->prog_id = o->args.prog_id;
	if (p) {
		memcpy(m->section, p->facts.section, sizeof(m->section));
		memcpy(m->prog_name, p->facts.name, sizeof(m->prog_name));
	}
	if (o->group->wanted && !o->args.dry_run)
		m->flags |= ATTACH_PERSISTENT;
	if (m->flags & (ATTACH_PERSISTENT | ATTACH_FUTURE))
		err = take_wanted(o->link, m, o->op.uid);
	if (err) {
		op_fail_errno(&o->op, err);
		return;
	}
	if (o->args.dry_run) {
		m->link_id = o->link->facts.link_id = DRY_RUN_LINK + ++api->dry_runs;
		m->flags |= ATTACH_DRY_RUN;
	} else {
		err = add_intent(o);
	}
	if (err) {
		op_fail_store(&o->op, err);
		return;
	}
	err = ctl_loader_call(api->loader, IPC_ATTACH, m, &sock, on_attached, o);
	if (err) {
		drop_intent(o);
		op_fail_errno(&o->op, err);
	}
}

/* A wish like this one, or NULL. */
static const struct link *
wished_already(const struct prog *p, const struct msg_attach *m)
{
	const struct link *l;

	TAILQ_FOREACH(l, &p->group->links, in_group)
		if (link_is_wish(l) && l->facts.prog_id == p->facts.id && strcmp(l->facts.kind, m->kind) == 0 &&
		    strcmp(l->facts.target, m->target) == 0 && strcmp(l->wanted->direction, m->direction) == 0)
			return l;
	return NULL;
}

static void
on_ready(void *arg, bool ready)
{
	struct attach_op *o = arg;
	struct api *api = o->op.api;
	const struct link *same;
	struct prog *p;

	if (!ready || !o->op.call) {
		op_fail_away(&o->op);
		return;
	}
	p = model_prog(&api->model, o->args.prog_id);
	if (!p || p->state != ROW_DONE || p->group->state != ROW_DONE || p->group->orphan) {
		op_fail(&o->op, IPC_NOT_FOUND, "bpfd has no program %u", o->args.prog_id);
		return;
	}
	if (api->model.n_links >= api->cfg->limits_total_links) {
		op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "bpfd keeps %zu links and limits.total_links = "
			"%llu", api->model.n_links, (unsigned long long)api->cfg->limits_total_links);
		return;
	}
	same = o->args.msg.flags & ATTACH_FUTURE ? wished_already(p, &o->args.msg) : NULL;
	if (same) {
		op_fail(&o->op, IPC_ALREADY_EXISTS, "program %u is attached to every %s that comes already: link %llu",
			o->args.prog_id, o->args.msg.target, (unsigned long long)same->facts.link_id);
		return;
	}
	o->group = p->group;
	o->group->busy++;
	o->link = new_link(&o->args, p->facts.gid);
	if (!o->link)
		op_fail(&o->op, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
	else
		send_attach(o);
}

void
programs_attach(struct call *call, struct attach_args *take,
	void (*reply)(struct call *call, const struct link *l))
{
	struct attach_op *o = calloc(1, sizeof(*o));

	if (!o) {
		kvs_clear(&take->metadata);
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	o->args = *take;
	take->metadata = (struct kvs){ 0 };
	o->reply = reply;
	op_start(&o->op, call, attach_free);
	op_what(&o->op, "program=%u kind=%s target=%s%s%s", o->args.prog_id, LOG_QUOTE(o->args.msg.kind),
		LOG_QUOTE(o->args.msg.target), o->args.msg.flags & ATTACH_FUTURE ? " future=1" : "",
		o->args.dry_run ? " dry_run=1" : "");
	ctl_loader_ready(o->op.api->loader, on_ready, o);
}
