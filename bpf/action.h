/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_ACTION_H
#define BPFD_BPF_ACTION_H

#include "bpf/event.h"

/*
 * What an action did.  There is no kernel side: the enricher makes it from ACTION_RESULT.
 * h: tgid to comm are of the process that was acted upon (0: there was none), ret is err where
 * that is a negative errno, ts the time at which the result came in.
 */
enum ev_action_event { ACTION_EV_RESULT };

struct ev_action {
	struct ev_hdr h;
	__u64 cause;			/* seq of the event that led to it */
	__u64 latency_ns;		/* from that event to the end of the act */
	__u32 outcome;			/* enum action_outcome (ipc/messages.h) */
	__u32 status;			/* wait status of a program that was run */
	struct ev_str action;		/* name of the instance */
	struct ev_str rule;
	struct ev_str target;		/* container that was acted upon */
	struct ev_str text;
};
_Static_assert(sizeof(struct ev_action) == 136, "record of an action's result");

#endif
