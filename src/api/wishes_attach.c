/* SPDX-License-Identifier: Apache-2.0 */
/* One attachment of a wish to one interface, or its end: a row, the loader's work, the row's end. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/programs_restore.h"
#include "api/programs_undo.h"
#include "api/store.h"
#include "api/wishes_parts.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"

/* ---- what fits ---- */

static bool
fits(const struct link *wish, const struct iface *it)
{
	return !it->gone && fnmatch(wish->wanted->target, it->name, 0) == 0;
}

static bool
is_usable(const struct link *l)
{
	const struct prog *p = programs_prog_of(l);

	return link_is_wish(l) && l->state == ROW_DONE && l->live == LIVE && l->group->state == ROW_DONE &&
		!l->group->restoring && p && p->live == LIVE && p->state == ROW_DONE;
}

static bool
is_attached(const struct link *wish, uint32_t ifindex)
{
	const struct link *l;

	TAILQ_FOREACH(l, &wish->group->links, in_group)
		if (l->wish == wish->facts.link_id && l->facts.ifindex == ifindex)
			return true;
	return false;
}

/* ---- failures ---- */

static void
fail(struct wishes *w, struct iface *it, const struct link *wish, enum ipc_code code, const char *text)
{
	struct failure *f = it ? ifaces_failed(it, wish->facts.link_id) : NULL;

	if (!f)
		return;
	/* Once with each reason, however often it is tried. */
	if (strcmp(f->text, text) != 0)
		log_warn("wish.failed", "wish=%llu interface=%s text=%s", (unsigned long long)wish->facts.link_id,
			LOG_QUOTE(it->name), LOG_QUOTE(text));
	w->failed++;
	f->code = code;
	f->tries++;
	f->at_ms = clock_ms();
	f->again = it->changes != w->changes;	/* it has changed meanwhile */
	snprintf(f->text, sizeof(f->text), "%s", text);
}

/* A failure is tried again when the interface changes, but not at the pace of its changes. */
static bool
may_try(struct wishes *w, const struct iface *it, const struct link *wish)
{
	const struct failure *f = ifaces_failure(it, wish->facts.link_id);
	int64_t left;

	if (!f)
		return true;
	if (!f->again || f->code == IPC_PERMISSION_DENIED)
		return false;
	left = f->at_ms + ifaces_rest_ms(f) - clock_ms();
	if (left <= 0)
		return true;
	wishes_again(w, left);
	return false;
}

/* ---- attach ---- */

void
wishes_drop_row(struct api *api, struct link *l)
{
	if (store_del_link(api->store, l->facts.link_id) == 0)
		model_del_link(&api->model, l);
}

static int
keep(struct wishes *w, struct link *l, struct answer *a)
{
	struct api *api = w->api;
	const struct msg_object made = { .id = l->facts.link_id, .kind = OBJECT_LINK };
	int err;

	programs_take_facts(l, &a->links[0]);
	l->wish_token = a->token;
	err = store_finish_link(api->store, l);
	if (err) {
		programs_undo_link(api, l, NULL);
		return err;
	}
	l->state = ROW_DONE;
	ctl_loader_tell(api->loader, IPC_COMMIT, &made);
	w->attached++;
	log_notice("wish.attached", "wish=%llu link=%llu program=%u interface=%s", (unsigned long long)l->wish,
		(unsigned long long)made.id, l->facts.prog_id, LOG_QUOTE(l->facts.target));
	return 0;
}

/* The row may have gone by now, with its interface; a group that is busy stays. */
static void
idle(struct wishes *w)
{
	w->busy = false;
	w->group->busy--;
	w->group = NULL;
}

static bool
is_answer(const struct wishes *w, const struct answer *a)
{
	return a->n_links == 1 && a->links[0].link_id == w->link_id && a->has_token;
}

static void
on_attached(void *arg, struct answer *a)
{
	struct wishes *w = arg;
	struct model *m = &w->api->model;
	struct link *l = model_link(m, w->link_id), *wish = model_link(m, w->wish);
	struct iface *it = idtab_get(&w->ifaces.by_index, w->ifindex);
	struct failure *f = it ? ifaces_failure(it, w->wish) : NULL;

	idle(w);
	/* Lost: the row stays an intent, and the next reconciliation undoes it. */
	if (a->lost || !l || !wish) {
		w->knowledge = IFACES_UNKNOWN;
	} else if (a->result.code == IPC_OK && is_answer(w, a)) {
		if (keep(w, l, a))
			fail(w, it, wish, IPC_UNAVAILABLE, programs_store_text(-EIO));
		else if (f)
			ifaces_forgive(it, f);
	} else if (a->result.code == IPC_OK) {
		programs_undo_link(w->api, l, NULL);
		fail(w, it, wish, IPC_INTERNAL, "bpfd-loader's answer does not fit the request");
	} else {
		wishes_drop_row(w->api, l);
		/* Not there, or by another name: its next change says so. */
		if (a->result.code != IPC_NOT_FOUND)
			fail(w, it, wish, (enum ipc_code)a->result.code, a->result.text);
		else if (it)
			ifaces_clean(&w->ifaces, it);
	}
	wishes_step(w);
}

static int
copy(struct kvs *to, const struct kvs *from)
{
	int err = 0;

	for (size_t i = 0; !err && i < from->n; i++)
		err = kvs_set(to, from->v[i].key, from->v[i].value, from->v[i].len);
	return err;
}

/* The row of the attachment to one interface, in the model. */
static struct link *
new_row(struct wishes *w, const struct link *wish, const struct iface *it)
{
	struct api *api = w->api;
	AUTO(link) struct link *l = calloc(1, sizeof(*l));
	struct link *added = l;

	if (!l)
		return NULL;
	l->facts = (struct msg_link_facts){ .gid = wish->facts.gid, .prog_id = wish->facts.prog_id,
		.cookie = wish->facts.cookie, .priority = wish->facts.priority, .ifindex = it->ifindex };
	memcpy(l->facts.kind, wish->facts.kind, sizeof(l->facts.kind));
	memcpy(l->facts.target, it->name, sizeof(it->name));
	memcpy(l->facts.direction, wish->wanted->direction, sizeof(l->facts.direction));
	memcpy(l->facts.mode, wish->wanted->mode, sizeof(l->facts.mode));
	l->proceed_on = wish->proceed_on;
	l->wish = wish->facts.link_id;
	if (copy(&l->metadata, &wish->metadata) || copy(&l->options, &wish->options) ||
	    store_add_link(api->store, l))
		return NULL;
	if (model_add_link(&api->model, wish->group, l)) {
		store_del_link(api->store, l->facts.link_id);
		return NULL;
	}
	l = NULL;
	return added;
}

static int
ask(struct wishes *w, enum ipc_type type, const struct link *wish, const struct link *l, uint32_t ifindex,
	answer_fn *done)
{
	const struct prog *p = programs_prog_of(wish);
	AUTO(mem) struct msg_wish *m = calloc(1, sizeof(*m));
	int err = !m || !p ? -ENOMEM : 0;

	if (err)
		return err;
	programs_wanted_attach(wish, p, &m->attach);
	m->token = wish->wanted->token;
	m->uid = wish->wanted->uid;
	m->link_id = l->facts.link_id;
	m->link_token = l->wish_token;
	m->ifindex = ifindex;
	err = ctl_loader_call(w->api->loader, type, m, NULL, done, w);
	if (err)
		return err;
	w->busy = true;
	w->wish = wish->facts.link_id;
	w->link_id = l->facts.link_id;
	w->ifindex = ifindex;
	w->group = l->group;
	w->group->busy++;
	return 0;
}

/* True: its answer comes. */
static bool
attach(struct wishes *w, const struct link *wish, struct iface *it)
{
	const struct api *api = w->api;
	struct link *l;
	char text[96];
	int err;

	w->changes = it->changes;
	if (api->model.n_links >= api->cfg->limits_total_links) {
		snprintf(text, sizeof(text), "bpfd keeps %zu links and limits.total_links = %llu", api->model.n_links,
			(unsigned long long)api->cfg->limits_total_links);
		fail(w, it, wish, IPC_RESOURCE_EXHAUSTED, text);
		return false;
	}
	l = new_row(w, wish, it);
	if (!l) {
		fail(w, it, wish, IPC_UNAVAILABLE, programs_store_text(-EIO));
		return false;
	}
	err = ask(w, IPC_WISH_ATTACH, wish, l, it->ifindex, on_attached);
	if (!err)
		return true;
	wishes_drop_row(w->api, l);
	if (err != -ENOTCONN)
		fail(w, it, wish, IPC_UNAVAILABLE, strerrordesc_np(-err));
	return false;
}

/* ---- detach ---- */

static void
on_detached(void *arg, struct answer *a)
{
	struct wishes *w = arg;
	struct link *l = model_link(&w->api->model, w->link_id);
	struct iface *it = idtab_get(&w->ifaces.by_index, w->ifindex);

	idle(w);
	if (a->lost) {
		w->knowledge = IFACES_UNKNOWN;
	} else if (l && (a->result.code == IPC_OK || a->result.code == IPC_NOT_FOUND)) {
		w->detached++;
		log_notice("wish.detached", "wish=%llu link=%llu interface=%s", (unsigned long long)w->wish,
			(unsigned long long)w->link_id, LOG_QUOTE(l->facts.target));
		wishes_drop_row(w->api, l);
	} else {
		/* It fits by what the loader sees: a change that says so is on its way. */
		log_warn("wish.stays", "link=%llu text=%s", (unsigned long long)w->link_id, LOG_QUOTE(a->result.text));
		if (it)
			ifaces_clean(&w->ifaces, it);
	}
	wishes_step(w);
}

/* True: its answer comes. */
static bool
detach(struct wishes *w, const struct link *l, const struct iface *it)
{
	const struct link *wish = model_link(&w->api->model, l->wish);

	if (l->state != ROW_DONE || l->live != LIVE || !wish || wish->state != ROW_DONE || fits(wish, it))
		return false;
	return ask(w, IPC_WISH_DETACH, wish, l, it->ifindex, on_detached) == 0;
}

bool
wishes_act_on(struct wishes *w, struct iface *it)
{
	const struct group *g;
	const struct link *l;

	TAILQ_FOREACH(g, &w->api->model.groups, in_model)
		TAILQ_FOREACH(l, &g->links, in_group)
			if (l->wish && l->facts.ifindex == it->ifindex && detach(w, l, it))
				return true;
	TAILQ_FOREACH(g, &w->api->model.groups, in_model)
		TAILQ_FOREACH(l, &g->links, in_group)
			if (is_usable(l) && fits(l, it) && !is_attached(l, it->ifindex) && may_try(w, it, l) &&
			    attach(w, l, it))
				return true;
	return false;
}
