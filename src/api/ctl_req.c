/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ctl_req.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "api/ctl_answer.h"
#include "ipc/chan.h"

static struct msg_object
made_by(enum ipc_type type, const void *payload)
{
	const struct msg_load *load = payload;
	const struct msg_attach *attach = payload;
	const struct msg_wish *wish = payload;

	if (type == IPC_LOAD && !(load->flags & LOAD_DRY_RUN))
		return (struct msg_object){ .id = load->gid, .kind = OBJECT_GROUP };
	if (type == IPC_ATTACH && !(attach->flags & (ATTACH_DRY_RUN | ATTACH_FUTURE)))
		return (struct msg_object){ .id = attach->link_id, .kind = OBJECT_LINK };
	if (type == IPC_RESTORE_LOAD)
		return (struct msg_object){ .id = load->gid, .kind = OBJECT_GROUP };
	if (type == IPC_RESTORE_ATTACH)
		return (struct msg_object){ .id = attach->link_id, .kind = OBJECT_LINK };
	if (type == IPC_WISH_ATTACH)
		return (struct msg_object){ .id = wish->link_id, .kind = OBJECT_LINK };
	return (struct msg_object){ 0 };
}

struct req *
req_new(enum ipc_type type, const void *payload)
{
	struct req *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->type = type;
	r->made = made_by(type, payload);
	r->answer.object_fd = r->answer.stream_fd = -1;
	memset(r->fds, -1, sizeof(r->fds));
	return r;
}

void
req_sent(struct req *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(r->fds); i++) {
		close_keep_errno(r->fds[i]);
		r->fds[i] = -1;
	}
	free(r->payload);
	r->payload = NULL;
	r->sent = true;
}

void
req_free(struct req *r)
{
	if (!r)
		return;
	req_sent(r);
	if (r->has_timer)
		event_del(&r->timer);
	answer_clear(&r->answer);
	free(r);
}

int
req_keep(struct req *r, const void *payload, const int *fds)
{
	size_t size = ipc_payload_size(r->type);

	r->payload = malloc(size + 1);
	if (!r->payload)
		return -ENOMEM;
	if (size)
		memcpy(r->payload, payload, size);
	for (unsigned int i = 0; i < ipc_fd_count(r->type); i++) {
		r->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		if (r->fds[i] < 0)
			return -errno;
	}
	return 0;
}
