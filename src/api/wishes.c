/* SPDX-License-Identifier: Apache-2.0 */
#include "api/wishes.h"

#include <errno.h>
#include <stdlib.h>

#include "api/programs_restore.h"
#include "api/wishes_parts.h"
#include "common/log.h"

static void
wake(struct wishes *w, bool settled)
{
	struct waiter_list woken = TAILQ_HEAD_INITIALIZER(woken);
	struct waiter *one, *next;

	for (one = TAILQ_FIRST(&w->waiters); one; one = next) {
		next = TAILQ_NEXT(one, in);
		if (one->settled && !settled)
			continue;
		TAILQ_REMOVE(&w->waiters, one, in);
		TAILQ_INSERT_TAIL(&woken, one, in);
	}
	while ((one = TAILQ_FIRST(&woken))) {
		TAILQ_REMOVE(&woken, one, in);
		one->fn(one->arg, ctl_loader_is_ready(w->api->loader));
		free(one);
	}
}

void
wishes_again(struct wishes *w, int64_t in_ms)
{
	const struct timeval tv = { .tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000 };

	if (!evtimer_pending(&w->timer, NULL))
		event_add(&w->timer, &tv);
}

void
wishes_step(struct wishes *w)
{
	struct iface *it;

	if (w->stepping)
		return;
	w->stepping = true;
	while (!w->busy) {
		wake(w, false);
		it = w->knowledge == IFACES_KNOWN ? TAILQ_FIRST(&w->ifaces.dirty) : NULL;
		if (!it)
			break;
		if (!wishes_act_on(w, it))
			ifaces_clean(&w->ifaces, it);
	}
	if (!w->busy && w->knowledge != IFACES_ASKED)
		wake(w, true);
	w->stepping = false;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct wishes *w = arg;
	const struct failure *f;
	struct iface *it;

	TAILQ_FOREACH(it, &w->ifaces.all, in_all)
		SLIST_FOREACH(f, &it->failures, next)
			if (f->again)
				ifaces_dirty(&w->ifaces, it);
	wishes_step(w);
}

/* ---- from outside ---- */

/* Of those that were attached to what is gone by now. */
static int
note_missing(struct wishes *w)
{
	const struct group *g;
	const struct link *l;

	TAILQ_FOREACH(g, &w->api->model.groups, in_model)
		TAILQ_FOREACH(l, &g->links, in_group) {
			const struct msg_iface gone = { .ifindex = l->facts.ifindex, .flags = IFACE_GONE };

			if (l->wish && !idtab_get(&w->ifaces.by_index, gone.ifindex) && !ifaces_put(&w->ifaces, &gone))
				return -ENOMEM;
		}
	return 0;
}

static void
on_ifaces(void *arg, struct answer *a)
{
	struct wishes *w = arg;

	w->knowledge = IFACES_UNKNOWN;
	if (!a->lost && a->result.code != IPC_OK)
		log_warn("wish.ifaces", "text=%s", LOG_QUOTE(a->result.text));
	else if (!a->lost && ifaces_take_all(&w->ifaces, a->ifaces, a->n_ifaces) == 0 && note_missing(w) == 0)
		w->knowledge = IFACES_KNOWN;
	wishes_step(w);
}

static void
look(struct wishes *w)
{
	if (w->knowledge != IFACES_ASKED &&
	    ctl_loader_call(w->api->loader, IPC_IFACES_WATCH, NULL, NULL, on_ifaces, w) == 0)
		w->knowledge = IFACES_ASKED;
}

/* Rows of attachments that went with their interfaces while nobody looked.  True: there is a wish. */
static bool
sort_out(struct api *api)
{
	bool any = false;
	struct group *g;
	struct link *l, *next;

	TAILQ_FOREACH(g, &api->model.groups, in_model)
		for (l = TAILQ_FIRST(&g->links); l; l = next) {
			const struct prog *p = programs_prog_of(l);

			next = TAILQ_NEXT(l, in_group);
			if (link_is_wish(l)) {
				l->live = p && p->live == LIVE ? LIVE : LIVE_LOST;
				any = true;
			} else if (l->wish && l->state == ROW_DONE && l->live == LIVE_LOST) {
				wishes_drop_row(api, l);
			}
		}
	return any;
}

void
wishes_begin(struct api *api)
{
	if (sort_out(api))
		look(api->wishes);
	wishes_step(api->wishes);
}

static void
wait_for(struct wishes *w, bool settled, void (*fn)(void *arg, bool ready), void *arg)
{
	struct waiter *one = calloc(1, sizeof(*one));

	if (!one) {
		fn(arg, false);
		return;
	}
	*one = (struct waiter){ .w = w, .settled = settled, .fn = fn, .arg = arg };
	TAILQ_INSERT_TAIL(&w->waiters, one, in);
	wishes_step(w);
}

void
wishes_added(struct api *api, void (*fn)(void *arg, bool ready), void *arg)
{
	struct wishes *w = api->wishes;

	if (w->knowledge == IFACES_UNKNOWN)
		look(w);
	ifaces_all_dirty(&w->ifaces);
	wait_for(w, true, fn, arg);
}

static void
on_loader_ready(void *arg, bool ready)
{
	struct waiter *one = arg;
	struct wishes *w = one->w;

	TAILQ_INSERT_TAIL(&w->waiters, one, in);
	wishes_step(w);
}

void
wishes_idle(struct api *api, void (*fn)(void *arg, bool ready), void *arg)
{
	struct waiter *one = calloc(1, sizeof(*one));

	if (!one) {
		fn(arg, false);
		return;
	}
	*one = (struct waiter){ .w = api->wishes, .fn = fn, .arg = arg };
	ctl_loader_ready(api->loader, on_loader_ready, one);
}

void
wishes_iface(struct api *api, const struct msg_iface *m)
{
	struct wishes *w = api->wishes;

	if (!m->ifindex) {
		w->overruns++;
		look(w);
	} else if (!ifaces_put(&w->ifaces, m)) {
		look(w);
	}
	wishes_step(w);
}

void
wishes_failures(const struct api *api, uint64_t wish, void (*each)(void *arg, const char *name, const char *text),
	void *arg)
{
	const struct iface *it;

	TAILQ_FOREACH(it, &api->wishes->ifaces.all, in_all) {
		const struct failure *f = ifaces_failure(it, wish);

		if (f)
			each(arg, it->name, f->text);
	}
}

void
wishes_counters(const struct api *api, void (*add)(void *arg, const char *name, uint64_t value), void *arg)
{
	const struct wishes *w = api->wishes;

	add(arg, "wishes.attached", w->attached);
	add(arg, "wishes.detached", w->detached);
	add(arg, "wishes.failed", w->failed);
	add(arg, "wishes.looked_again", w->overruns);
}

int
wishes_new(struct api *api, struct wishes **out)
{
	struct wishes *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->api = api;
	ifaces_init(&w->ifaces);
	TAILQ_INIT(&w->waiters);
	evtimer_assign(&w->timer, api->base, on_timer, w);
	*out = w;
	return 0;
}

void
wishes_free(struct wishes *w)
{
	struct waiter *one;

	if (!w)
		return;
	w->stepping = true;		/* nothing begins any more */
	while ((one = TAILQ_FIRST(&w->waiters))) {
		TAILQ_REMOVE(&w->waiters, one, in);
		one->fn(one->arg, false);
		free(one);
	}
	event_del(&w->timer);
	ifaces_clear(&w->ifaces);
	free(w);
}
