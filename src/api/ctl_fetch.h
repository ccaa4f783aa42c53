/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_CTL_FETCH_H
#define BPFD_API_CTL_FETCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ipc/image.h"
#include "ipc/messages.h"

/* One bpfd-fetch at work: the supervisor starts it, what it says comes on a channel of its own. */
struct api;
struct chan;
struct event_base;
struct fetch;

/* How it ended.  Descriptors are of memfds; who is told may take them, and seals what it takes. */
struct fetched {
	enum ipc_code code;
	const char *text;			/* of an error */
	const struct image_facts *facts;	/* of IPC_OK: checked */
	int object, bundle;			/* -1: an error */
};

typedef void fetch_done(void *arg, struct fetched *f);

struct fetch_setup {
	const struct image_request *request;	/* this and the bundle: borrowed during fetch_start() */
	const void *bundle;			/* of IMAGE_CHECK; NULL: none */
	size_t bundle_len;
	void (*progress)(void *arg, const char *what, uint64_t done, uint64_t total);	/* NULL: nobody looks */
	fetch_done *done;			/* once, later; not after fetch_cancel() */
	void *arg;
};

/* -EAGAIN: the supervisor is busy; -ENOMEM, ... */
int	fetch_start(struct api *api, const struct fetch_setup *setup, struct fetch **out);	/* ctl.c */
void	fetch_cancel(struct fetch *f);		/* ends its process; NULL is fine */

/* For ctl.c, which has the channel with the supervisor. */
struct ctl_fetches {
	TAILQ_HEAD(, fetch) all;
};
void	ctl_fetch_init(struct ctl_fetches *fs);
void	ctl_fetch_clear(struct ctl_fetches *fs);	/* each learns UNAVAILABLE */
int	ctl_fetch_ask(struct ctl_fetches *fs, struct event_base *base, struct chan *chan, uint32_t seq,
		const struct fetch_setup *setup, struct fetch **out);
void	ctl_fetch_channel(struct ctl_fetches *fs, uint32_t seq, int take_fd);
void	ctl_fetch_failed(struct ctl_fetches *fs, uint32_t seq, const struct msg_fetch_failed *m);

#endif
