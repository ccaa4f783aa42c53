/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rpc_list.h"

#include <stdlib.h>
#include <string.h>

bool
rpc_list_metadata(struct list_query *l, size_t n, void *entries)
{
	struct text_entry **e = entries;

	for (size_t i = 0; i < n; i++)
		if (kvs_set(&l->metadata, e[i]->key, e[i]->value, strlen(e[i]->value)) < 0) {
			call_error(l->q.call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
			return false;
		}
	return true;
}

void
rpc_list_free(struct list_query *l)
{
	kvs_clear(&l->metadata);
	free(l);
}

static void
on_answer(void *arg, struct answer *a)
{
	struct list_query *l = arg;

	if (l->q.call && a->result.code != IPC_OK)
		call_error(l->q.call, (enum ipc_code)a->result.code, "%s", a->result.text);
	else if (l->q.call)
		l->reply(l, a);
	rpc_list_free(l);
}

static void
on_ready(void *arg, bool ready)
{
	struct list_query *l = arg;

	if (l->q.call && ready && l->asks && programs_kernel_list(l->q.api, l->kernel, on_answer, l) == 0)
		return;
	if (l->q.call && ready && !l->asks)
		l->reply(l, NULL);
	else if (l->q.call)
		rpc_loader_away(l->q.call);
	rpc_list_free(l);
}

void
rpc_list_run(struct list_query *l)
{
	if (l->asks)
		ctl_loader_ready(l->q.api->loader, on_ready, l);
	else
		programs_when_known(l->q.api, on_ready, l);
}
