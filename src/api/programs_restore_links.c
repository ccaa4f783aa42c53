/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/programs_restore_step.h"
#include "api/programs_undo.h"
#include "api/store.h"
#include "api/wishes.h"
#include "common/auto.h"
#include "common/log.h"

struct prog *
programs_prog_of(const struct link *l)
{
	struct prog *p;

	TAILQ_FOREACH(p, &l->group->progs, in_group)
		if (p->facts.id == l->facts.prog_id)
			return p;
	return NULL;
}

static void
unmark_link(struct restore *r, struct link *l)
{
	if (store_set_link(r->api->store, l->facts.link_id, ROW_DONE) == 0)
		l->restoring = false;
}

static const char *
not_back(const struct link *l)
{
	return l->differs ? "an interrupted change was not undone" : "not attached again";
}

/* One that is attached, though not as its row says, is left so: something is better than nothing. */
static void
undo(struct restore *r, struct link *l)
{
	if (l->differs)
		restore_step(r);
	else if (programs_undo_link(r->api, l, restore_undone))
		restore_end(r, false);
}

static void
link_is_back(struct restore *r, struct link *l, const struct msg_link_facts *f)
{
	const struct msg_object made = { .id = l->facts.link_id, .kind = OBJECT_LINK };
	struct msg_link_facts row = l->facts;

	l->facts = *f;
	l->facts.gid = row.gid;
	l->facts.priority = row.priority;
	l->facts.cookie = row.cookie;
	memcpy(l->facts.kind, row.kind, sizeof(row.kind));
	memcpy(l->facts.direction, row.direction, sizeof(row.direction));
	if (!f->target[0])
		memcpy(l->facts.target, row.target, sizeof(row.target));
	if (f->proceed_on)
		l->proceed_on = f->proceed_on;
	if (!l->differs)
		l->attached_ns = programs_now_ns();
	if (store_restored_link(r->api->store, l)) {
		restore_failed(r, &l->reason, "link", l->facts.link_id, "%s", programs_store_text(-EIO));
		undo(r, l);
		return;
	}
	l->restoring = l->differs = false;
	l->live = LIVE;
	restore_worked(&l->reason);
	r->n_links++;
	ctl_loader_tell(r->api->loader, IPC_COMMIT, &made);
	log_notice("restore.link", "link=%llu program=%u kind=%s target=%s", (unsigned long long)made.id,
		l->facts.prog_id, l->facts.kind, LOG_QUOTE(l->facts.target));
	restore_step(r);
}

static void
on_attached(void *arg, struct answer *a)
{
	struct restore *r = arg;
	struct link *l = model_link(&r->api->model, r->link_id);

	if (a->lost || !l) {
		if (l)
			l->group->busy--;
		restore_end(r, false);
		return;
	}
	l->group->busy--;
	if (a->result.code == IPC_OK && a->n_links == 1 && a->links[0].link_id == r->link_id &&
	    a->links[0].prog_id == l->facts.prog_id) {
		link_is_back(r, l, &a->links[0]);
		return;
	}
	restore_failed(r, &l->reason, "link", r->link_id, "%s: %s", not_back(l), a->result.code == IPC_OK ?
		"bpfd-loader's answer does not fit the request" : a->result.text);
	if (a->result.code == IPC_OK) {
		undo(r, l);
		return;
	}
	unmark_link(r, l);
	restore_step(r);
}

void
programs_wanted_attach(const struct link *l, const struct prog *p, struct msg_attach *at)
{
	at->link_id = l->facts.link_id;
	at->gid = l->facts.gid;
	at->cookie = l->facts.cookie;
	at->prog_id = p->facts.id;
	at->flags = l->wanted->flags;
	at->priority = l->wanted->priority;
	at->proceed_on = l->wanted->proceed_on;
	memcpy(at->kind, l->facts.kind, sizeof(at->kind));
	memcpy(at->target, l->wanted->target, sizeof(at->target));
	memcpy(at->netns, l->netns, sizeof(at->netns));
	memcpy(at->direction, l->wanted->direction, sizeof(at->direction));
	memcpy(at->mode, l->wanted->mode, sizeof(at->mode));
	memcpy(at->options, l->wanted->options, sizeof(at->options));
	memcpy(at->section, p->facts.section, sizeof(at->section));
	memcpy(at->prog_name, p->facts.name, sizeof(at->prog_name));
}

/* 0: its answer comes; else it stays lost. */
static int
send_link(struct restore *r, struct link *l, const struct prog *p)
{
	AUTO(mem) struct msg_restore_attach *m = calloc(1, sizeof(*m));
	int err = m ? 0 : -ENOMEM;

	/* The mark would have the next reconciliation take off what is attached. */
	if (!err && !l->differs)
		err = store_set_link(r->api->store, l->facts.link_id, ROW_RESTORING);
	if (!err) {
		l->restoring = !l->differs;
		m->token = l->wanted->token;
		m->uid = l->wanted->uid;
		programs_wanted_attach(l, p, &m->attach);
		err = ctl_loader_call(r->api->loader, IPC_RESTORE_ATTACH, m, NULL, on_attached, r);
		if (err)
			unmark_link(r, l);
		else
			l->group->busy++;
	}
	if (err)
		restore_failed(r, &l->reason, "link", l->facts.link_id, "%s: %s", not_back(l), strerrordesc_np(-err));
	return err;
}

static bool
is_to_do(const struct link *l)
{
	return l->wanted && !link_is_wish(l) && l->state == ROW_DONE && !l->restoring &&
	       (l->live == LIVE_LOST || (l->live == LIVE && l->differs));
}

int
restore_next_link(struct restore *r, const struct group *g)
{
	struct link *l;

	TAILQ_FOREACH(l, &g->links, in_group) {
		const struct prog *p = programs_prog_of(l);

		if (l->facts.link_id <= r->link_id || !is_to_do(l) || !p || p->live != LIVE)
			continue;
		r->link_id = l->facts.link_id;
		if (send_link(r, l, p) == 0)
			return 1;
	}
	return 0;
}

int
restore_link(struct restore *r, struct link *l)
{
	const struct prog *p = programs_prog_of(l);

	if (!is_to_do(l) || !p || p->live != LIVE)
		return -ESRCH;
	r->link_id = l->facts.link_id;
	return send_link(r, l, p);
}
