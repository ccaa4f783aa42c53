/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "api/ctl_answer.h"
#include "api/programs.h"
#include "common/auto.h"

/*
 * The list of the kernel's programs costs a process with CAP_SYS_ADMIN, so one is made at a time.
 * Who asks while it is being made waits for the next one: what it then sees is not older than its
 * question.
 */
struct asker {
	STAILQ_ENTRY(asker) link;
	void (*fn)(void *arg, struct answer *a);
	void *arg;
};

struct kernel_list {
	struct api *api;
	struct msg_kernel_list what;
	STAILQ_HEAD(, asker) askers;
};

static void
finish(struct kernel_list *list, struct answer *a)
{
	struct asker *one;

	while ((one = STAILQ_FIRST(&list->askers))) {
		STAILQ_REMOVE_HEAD(&list->askers, link);
		one->fn(one->arg, a);
		free(one);
	}
	free(list);
}

static void start(struct api *api);

static void
on_list(void *arg, struct answer *a)
{
	struct kernel_list *list = arg;

	list->api->kernel_busy = false;
	if (list->api->kernel_next)
		start(list->api);
	finish(list, a);
}

static void
start(struct api *api)
{
	struct kernel_list *list = TAKE_PTR(api->kernel_next);
	struct answer none = { .object_fd = -1, .stream_fd = -1 };

	if (ctl_loader_call(api->loader, IPC_KERNEL_LIST, &list->what, NULL, on_list, list) == 0) {
		api->kernel_busy = true;
		return;
	}
	answer_fail(&none, IPC_UNAVAILABLE, "bpfd-loader is being restarted: try again");
	finish(list, &none);
}

int
programs_kernel_list(struct api *api, uint32_t flags, void (*fn)(void *arg, struct answer *a), void *arg)
{
	struct asker *one = malloc(sizeof(*one));

	if (one && !api->kernel_next) {
		api->kernel_next = calloc(1, sizeof(*api->kernel_next));
		if (api->kernel_next) {
			api->kernel_next->api = api;
			STAILQ_INIT(&api->kernel_next->askers);
		}
	}
	if (!one || !api->kernel_next) {
		free(one);
		return -ENOMEM;
	}
	api->kernel_next->what.flags |= flags;
	*one = (struct asker){ .fn = fn, .arg = arg };
	STAILQ_INSERT_TAIL(&api->kernel_next->askers, one, link);
	if (!api->kernel_busy)
		start(api);
	return 0;
}
