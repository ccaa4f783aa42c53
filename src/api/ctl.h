/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_CTL_H
#define BPFD_API_CTL_H

#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "ipc/messages.h"

/* The control channel with the supervisor: descriptor 3, from start to end. */
#define CTL_LISTENERS_MAX 4
struct ctl;

/* What START_API, LISTENER and API_GO bring.  Descriptors are the caller's. */
struct ctl_start {
	const struct config *cfg;
	int state_dir;
	uint32_t flags;			/* START_* */
	int listeners[CTL_LISTENERS_MAX];
	size_t n_listeners;
	/* Of API_EVENTS, START_RULES; -1: did not come. */
	int ring, cursor, wake, actions, rules;
};

int	ctl_new(int take_fd, struct ctl **out);
void	ctl_free(struct ctl *c);	/* NULL is fine */

/* Blocks until API_GO.  -ECONNRESET: the supervisor is gone; -EPROTO. */
int	ctl_wait_start(struct ctl *c, struct ctl_start *out);

/* Says READY and serves the channel: peers go to api->loader, API_STOP drains api->server and ends
 * the loop, as does the end of the supervisor. */
int	ctl_run(struct ctl *c, struct api *api);

/* Asks for the processes.  done() runs once, with NULL when the supervisor does not answer.  The
 * array is valid during the call.  Negative errno: done() will not run. */
typedef void ctl_procs_fn(void *arg, const struct msg_proc *procs, size_t n);
int	ctl_procs(struct ctl *c, ctl_procs_fn *done, void *arg);

/* A rule's text to RULES_PARSED.  fn runs once: bytes for parsed_each(), or NULL with err.  As above. */
typedef void ctl_parsed_fn(void *arg, const void *bytes, size_t len, int err);
int	ctl_rules_parse(struct ctl *c, const char *file, const char *text, size_t len, ctl_parsed_fn *fn,
		void *arg);

/* Bit per enum action_class.  -EAGAIN: try again soon. */
int	ctl_classes_wanted(struct ctl *c, uint64_t mask);

#endif
