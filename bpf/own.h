/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_OWN_H
#define BPFD_BPF_OWN_H

#include "bpf/event.h"

/*
 * What others did to bpfd's own links and tracers, and what bpfd did about it.  There is no kernel side,
 * because the kernel tells nobody: the enricher makes it from OWN_EVENT.  h: EV_NO_OWNER, ts is when it was
 * noticed, ret a negative errno where attaching it again failed.
 */
enum ev_own_event { OWN_EV_DETACHED, OWN_EV_REATTACHED, OWN_EV_GIVEN_UP, N_OWN_EVENTS };

enum ev_own_cause {
	OWN_DETACHED = 1,		/* it is there, and attached to nothing, though what it was on is there */
	OWN_UNPINNED,			/* its pin was removed */
	OWN_UNCHAINED,			/* others took it out of the chain that it was in */
	OWN_TARGET_GONE,		/* what it was on is gone, and all that was attached with it */
	N_OWN_CAUSES
};

struct ev_own {
	struct ev_hdr h;
	__u64 link;			/* bpfd's number; 0: a tracer's */
	__u32 kernel_link;		/* the kernel's, as the tracer bpf has it */
	__u32 prog_id;
	__u32 owner;			/* user who loaded the program */
	__u32 cause;			/* enum ev_own_cause */
	__u32 tries;			/* attachments after it was taken off, within detach.within_s */
	__u32 reserved;
	struct ev_str kind;		/* as attached; "tracer" */
	struct ev_str program;
	struct ev_str target;
	struct ev_str text;
};
_Static_assert(sizeof(struct ev_own) == 144, "record of what became of bpfd's own");

#endif
