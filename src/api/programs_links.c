/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "api/programs.h"

/*
 * A link whose interface, cgroup or namespace goes away is taken off by the kernel, which tells
 * nobody.  So the loader looks when somebody asks.
 */
struct asker {
	struct api *api;
	void (*fn)(void *arg, bool known);
	void *arg;
};

static void
on_gone(void *arg, struct answer *a)
{
	struct asker *one = arg;

	for (size_t i = 0; i < a->n_links; i++) {
		struct link *l = model_link(&one->api->model, a->links[i].link_id);

		if (l && l->live == LIVE && !l->restoring && (a->links[i].hook_flags & LINK_GONE))
			l->live = LIVE_LOST;
		if (l)
			l->facts.position = a->links[i].position;
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
