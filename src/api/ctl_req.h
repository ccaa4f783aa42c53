/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_CTL_REQ_H
#define BPFD_API_CTL_REQ_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>

#include "api/ctl_loader.h"
#include "common/auto.h"

/* One request to the loader, until its answer is whole. */
struct req {
	TAILQ_ENTRY(req) link;
	enum ipc_type type;
	uint32_t seq;
	bool sent, no_answer, has_timer;
	void *payload;			/* kept while it is not sent */
	int fds[IPC_MAX_FDS];
	struct msg_object made;		/* what it makes; kind 0: nothing that UNDO could name */
	struct event timer;
	answer_fn *done;		/* NULL: nobody waits */
	void *arg;
	struct answer answer;
};
TAILQ_HEAD(req_list, req);

struct req *req_new(enum ipc_type type, const void *payload);	/* NULL: no memory */
void	req_free(struct req *r);				/* NULL is fine */
int	req_keep(struct req *r, const void *payload, const int *fds);	/* copies; negative errno */
void	req_sent(struct req *r);				/* the copies are of no more use */

AUTO_DEFINE(req, struct req *, req_free)

#endif
