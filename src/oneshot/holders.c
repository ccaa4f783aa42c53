/* SPDX-License-Identifier: Apache-2.0 */
#include "oneshot/holders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

void
holders_begin(struct holders *h)
{
	*h = (struct holders){ .deadline_ms = clock_ms() + HOLDERS_MS };
}

bool
holders_full(struct holders *h)
{
	if (h->n == HOLDERS_MAX || clock_ms() > h->deadline_ms)
		h->cut = true;
	return h->cut;
}

int
holders_add(struct holders *h, uint32_t prog_id, uint32_t link_id, uint32_t pid, const char *text)
{
	struct msg_holder *it;

	if (h->n == h->room) {
		size_t room = h->room ? h->room * 2 : 64;
		void *p = realloc(h->all, room * sizeof(*h->all));

		if (!p)
			return -ENOMEM;
		h->all = p;
		h->room = room;
	}
	it = &h->all[h->n++];
	*it = (struct msg_holder){ .prog_id = prog_id, .link_id = link_id, .pid = pid };
	snprintf(it->text, sizeof(it->text), "%s", text);
	return 0;
}

int
holders_send(struct oneshot *o, const struct holders *h, int err)
{
	struct msg_result res = { .code = IPC_OK, .n_items = (uint32_t)h->n };
	int dropped = one_keep_caps(0);

	if (err || dropped)
		return one_refuse(o, IPC_INTERNAL, err ? err : dropped, "cannot tell who keeps programs: %s",
			strerrordesc_np(err ? -err : -dropped));
	for (size_t i = 0; i < h->n && !err; i++)
		err = chan_send(o->ch, IPC_ONE_HOLDER, o->seq, &h->all[i], NULL);
	if (h->cut)
		snprintf(res.text, sizeof(res.text), "not all were looked at");
	return err ? err : chan_send(o->ch, IPC_ONE_RESULT, o->seq, &res, NULL);
}

bool
holders_is(int dir, const char *name, const char *what)
{
	char link[64];
	ssize_t n = readlinkat(dir, name, link, sizeof(link) - 1);

	if (n < 0)
		return false;
	link[n] = '\0';
	return strcmp(link, what) == 0;
}
