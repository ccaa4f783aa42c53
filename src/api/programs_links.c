/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "api/own.h"
#include "api/programs.h"
#include "api/store.h"

/*
 * A link whose interface, cgroup or namespace goes away is taken off by the kernel, which tells
 * nobody.  So the loader looks when somebody asks.
 */
struct asker {
	struct api *api;
	void (*fn)(void *arg, bool known);
	void *arg;
};

void
programs_link_gone(struct api *api, struct link *l, uint32_t flags)
{
	if (l->state != ROW_DONE || l->live != LIVE || l->restoring)
		return;
	l->live = LIVE_LOST;
	own_link_gone(api, l, flags);
	/* What a wish brought leaves with its interface: the wish itself is what is shown. */
	if (l->wish && store_del_link(api->store, l->facts.link_id) == 0)
		model_del_link(&api->model, l);
}

void
programs_link_changed(struct api *api, const struct msg_link_facts *f)
{
	struct link *l = model_link(&api->model, f->link_id);

	if (!l)
		return;
	if (f->hook_flags & LINK_GONE) {
		programs_link_gone(api, l, f->hook_flags);
		return;
	}
	memcpy(l->facts.target, f->target, sizeof(l->facts.target));
	l->facts.hook_flags = f->hook_flags;
}

static void
on_gone(void *arg, struct answer *a)
{
	struct asker *one = arg;

	for (size_t i = 0; i < a->n_links; i++) {
		struct link *l = model_link(&one->api->model, a->links[i].link_id);

		if (l)
			l->facts.position = a->links[i].position;
		if (l && (a->links[i].hook_flags & LINK_GONE))
			programs_link_gone(one->api, l, a->links[i].hook_flags);
	}
	one->fn(one->arg, true);
	free(one);
}

static void
on_known(void *arg, bool known)
{
	struct asker *one = arg;

	/* Without a loader what was known last is better than nothing. */
	if (known && one->api->model.n_links && ctl_loader_is_ready(one->api->loader) &&
	    ctl_loader_call(one->api->loader, IPC_LINKS_GONE, NULL, NULL, on_gone, one) == 0)
		return;
	one->fn(one->arg, known);
	free(one);
}

void
programs_when_links_known(struct api *api, void (*fn)(void *arg, bool known), void *arg)
{
	struct asker *one = malloc(sizeof(*one));

	if (!one) {
		programs_when_known(api, fn, arg);
		return;
	}
	*one = (struct asker){ api, fn, arg };
	programs_when_known(api, on_known, one);
}
