/* SPDX-License-Identifier: Apache-2.0 */
/* Attachments to places in a file, while a linker looks for them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader/attach.h"
#include "loader/loader.h"

struct attaching {
	struct attaching *next;
	uint32_t seq, reserved;
	struct msg_attach req;
	int file;
	struct msg_linked_site *sites;		/* once they are found */
	size_t n;
};

void
attaching_free(struct attaching *a)
{
	if (!a)
		return;
	close_keep_errno(a->file);
	free(a->sites);
	free(a);
}

/* For the loop: a linker may say this while a oneshot is waited for, and one waits at a time. */
static int
keep(struct loader *ld, struct session *s, struct msg_result *res)
{
	struct attaching **at = &ld->attaching, *a = TAKE_PTR(s->attaching);

	a->file = TAKE_FD(s->object);
	a->sites = TAKE_PTR(s->found);
	a->n = s->n_found;
	while (*at)
		at = &(*at)->next;
	*at = a;
	return 0;
}

/* What was found is answered when it is attached. */
static void
done(struct loader *ld, struct session *s, const struct msg_result *res)
{
	if (res->code != IPC_OK)
		reply_result(ld, s->seq, res);
}

static const struct session_owner session_attach = { .keep = keep, .done = done };

int
attaching_new(struct loader *ld, uint32_t seq, const struct msg_attach *req,
	const struct msg_link_sites *what, int take_file, struct msg_result *res)
{
	struct attaching *a = calloc(1, sizeof(*a));

	if (!a) {
		close_keep_errno(take_file);
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOMEM, "no memory for the request");
	}
	a->seq = seq;
	a->req = *req;
	a->file = -1;
	return session_new(ld, &session_attach, seq, NULL, what, take_file, a, res);
}

void
attaching_step(struct loader *ld)
{
	while (ld->attaching) {
		struct attaching *a = ld->attaching;
		const struct attach_found found = { a->file, a->sites, a->n };

		ld->attaching = a->next;
		links_attach(ld, a->seq, &a->req, &found, NULL);
		attaching_free(a);
	}
}

void
attaching_cancel(struct loader *ld)
{
	while (ld->attaching) {
		struct attaching *a = ld->attaching;

		ld->attaching = a->next;
		attaching_free(a);
	}
}
