/* SPDX-License-Identifier: Apache-2.0 */
#include "api/own.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "api/ctl_enricher.h"
#include "api/programs_restore.h"
#include "common/clock.h"
#include "common/log.h"

#define DELAY_MAX_S	64

/* A link that is attached again in a moment, or just now. */
struct again {
	TAILQ_ENTRY(again) all;
	struct api *api;
	uint64_t link_id;
	struct event timer;
};

struct own {
	TAILQ_HEAD(, again) all;
};

int
own_new(struct api *api, struct own **out)
{
	struct own *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	TAILQ_INIT(&o->all);
	*out = o;
	return 0;
}

static void
again_end(struct again *a)
{
	TAILQ_REMOVE(&a->api->own->all, a, all);
	event_del(&a->timer);
	free(a);
}

void
own_free(struct own *o)
{
	while (o && !TAILQ_EMPTY(&o->all))
		again_end(TAILQ_FIRST(&o->all));
	free(o);
}

static void
tell(struct api *api, const struct link *l, enum ev_own_event event, enum ev_own_cause cause, const char *text)
{
	const struct prog *p = programs_prog_of(l);
	struct msg_own m = { .link = l->facts.link_id, .event = event, .cause = cause, .prog_id = l->facts.prog_id,
		.kernel_link = l->facts.kernel_link_id, .owner = l->group->uid, .tries = l->tries };

	memcpy(m.kind, l->facts.kind, sizeof(m.kind));
	memcpy(m.target, l->facts.target, sizeof(m.target));
	snprintf(m.program, sizeof(m.program), "%s", p ? p->facts.name : "");
	snprintf(m.text, sizeof(m.text), "%s", text ? text : "");
	ctl_enricher_own(api->enricher, &m);
}

static void
give_up(struct api *api, const struct link *l, const char *text)
{
	log_warn("link.given_up", "link=%llu tries=%u text=%s", (unsigned long long)l->facts.link_id, l->tries,
		LOG_QUOTE(text));
	tell(api, l, OWN_EV_GIVEN_UP, 0, text);
}

static bool
may_try(const struct config *cfg, struct link *l)
{
	int64_t now = clock_ms();

	if (!l->tries || now - l->tries_since_ms > (int64_t)cfg->detach_within_s * 1000) {
		l->tries = 0;
		l->tries_since_ms = now;
	}
	if (l->tries >= cfg->detach_tries)
		return false;
	l->tries++;
	return true;
}

static void
arm(struct again *a, const struct link *l)
{
	struct timeval in = { .tv_sec = 0 };

	if (l->tries > 1)
		in.tv_sec = l->tries < 8 ? 1 << (l->tries - 2) : DELAY_MAX_S;
	event_add(&a->timer, &in);
}

static void
on_attached(void *arg, bool whole)
{
	struct again *a = arg;
	struct api *api = a->api;
	struct link *l = model_link(&api->model, a->link_id);
	/* Without a loader the next one brings all back that is persistent. */
	bool failed = whole && l && l->live == LIVE_LOST;

	if (failed && may_try(api->cfg, l)) {
		arm(a, l);
		return;
	}
	again_end(a);
	if (failed)
		give_up(api, l, l->reason ? l->reason : "");
	else if (l && l->live == LIVE)
		tell(api, l, OWN_EV_REATTACHED, 0, NULL);
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval second = { .tv_sec = 1 };
	struct again *a = arg;
	struct api *api = a->api;
	struct link *l = model_link(&api->model, a->link_id);
	int err = l && l->live == LIVE_LOST ? programs_restore_link(api, l, on_attached, a) : -ENOENT;

	if (err == -EBUSY) {
		event_add(&a->timer, &second);
		return;
	}
	if (!err)
		return;
	again_end(a);
	if (err != -ENOENT)
		give_up(api, l, strerrordesc_np(-err));
}

static void
attach_again(struct api *api, struct link *l)
{
	struct again *a = may_try(api->cfg, l) ? calloc(1, sizeof(*a)) : NULL;

	if (!a) {
		give_up(api, l, "it was attached again so often that bpfd stops");
		return;
	}
	*a = (struct again){ .api = api, .link_id = l->facts.link_id };
	evtimer_assign(&a->timer, api->base, on_time, a);
	TAILQ_INSERT_TAIL(&api->own->all, a, all);
	arm(a, l);
}

void
own_link_gone(struct api *api, struct link *l, uint32_t flags)
{
	enum ev_own_cause cause = flags & LINK_UNPINNED ? OWN_UNPINNED : flags & LINK_UNCHAINED ? OWN_UNCHAINED :
		flags & LINK_DETACHED ? OWN_DETACHED : OWN_TARGET_GONE;

	tell(api, l, OWN_EV_DETACHED, cause, NULL);
	if (cause == OWN_TARGET_GONE || api->cfg->detach_links != DETACH_LINKS_REATTACH || l->wish)
		return;
	if (l->wanted)
		attach_again(api, l);
	else
		give_up(api, l, "it is not persistent, so nobody may attach it but a client");
}
