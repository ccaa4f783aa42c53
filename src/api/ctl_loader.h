/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_CTL_LOADER_H
#define BPFD_API_CTL_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/messages.h"

/*
 * Requests to the loader.  Nothing here blocks: what its queue does not take waits.  The loader may
 * die at any moment: then every request in flight fails, and the supervisor brings a new channel.
 */
struct api;
struct ctl_loader;

/* Everything that a request brought, ending with its RESULT.  Texts are clean.  The receiver may
 * take descriptors, and pointers by TAKE_PTR. */
struct answer {
	struct msg_result result;
	bool lost;		/* no RESULT came: what the loader did is not known */
	struct msg_prog_facts *progs;
	struct msg_map_facts *maps;
	struct msg_link_facts *links;
	struct msg_counter *counters;
	struct msg_tracer_state *tracers;
	struct msg_slot *slots;
	struct msg_holder *holders;
	struct msg_iface *ifaces;
	size_t n_progs, n_maps, n_links, n_counters, n_tracers, n_slots, n_holders, n_ifaces;
	struct msg_map_page page;	/* with object_fd, object_bytes: its bytes */
	int object_fd, stream_fd;	/* -1: did not come */
	uint64_t object_bytes;
	struct msg_token token;
	bool has_token;
	char *log;		/* the verifier's, with a NUL behind its log_len bytes */
	size_t log_len;
};
typedef void answer_fn(void *arg, struct answer *a);

int	ctl_loader_new(struct api *api, struct ctl_loader **out);
void	ctl_loader_free(struct ctl_loader *l);	/* fails what is in flight; NULL is fine */

/* A new loader's channel; what was in flight on an older one fails. */
int	ctl_loader_attach(struct ctl_loader *l, int take_fd);

/*
 * Sends a request.  payload and fds are copied when it must wait.  done(arg) runs exactly once,
 * later, unless an error is returned: -ENOTCONN, -EBUSY (too much is in flight), -ENOMEM.
 * A LOAD or ATTACH whose answer comes when nobody waits any more is undone.
 */
int	ctl_loader_call(struct ctl_loader *l, enum ipc_type type, const void *payload,
		const int *fds, answer_fn *done, void *arg);

/* A message that has no answer: COMMIT, RECONCILED.  The same errors. */
int	ctl_loader_tell(struct ctl_loader *l, enum ipc_type type, const void *payload);

/*
 * Runs fn(arg, true) as soon as a loader is there and the model is reconciled with it, now if it
 * is; fn(arg, false) after CTL_LOADER_WAIT_S, or when too many wait.
 */
#define CTL_LOADER_WAIT_S 2
void	ctl_loader_ready(struct ctl_loader *l, void (*fn)(void *arg, bool ready), void *arg);

bool	ctl_loader_is_ready(const struct ctl_loader *l);

/* The model is reconciled: waiting requests go on.  Called by programs_reconcile.c. */
void	ctl_loader_reconciled(struct ctl_loader *l);

/* What the loader said of itself; the arrays live until the next channel. */
struct attach_kind {
	struct msg_kind kind;
	struct msg_kind_option *options;
	size_t n_options;
};
const struct attach_kind *ctl_loader_kinds(const struct ctl_loader *l, size_t *n);
const struct msg_hello *ctl_loader_hello(const struct ctl_loader *l);	/* NULL: none yet */

#endif
