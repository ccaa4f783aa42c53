/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_PROGRAMS_OP_H
#define BPFD_API_PROGRAMS_OP_H

#include "api/programs_undo.h"

/*
 * A change in progress.  It outlives its call: when the client goes away, call becomes NULL and the
 * change is finished or undone all the same.  The first member of each kind of change.
 */
struct op {
	struct api *api;
	struct call *call;
	uid_t uid;
	pid_t pid;
	char method[48];
	char what[256];			/* for the audit line: key=value ... */
	void (*free)(void *op);
	void (*cancelled)(void *op);	/* the client just went away; may be NULL */
};

void	op_start(struct op *op, struct call *call, void (*release)(void *op));
void	op_what(struct op *op, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Each ends the operation: audit line, answer if there is still a call, release.  After op_ok()
 * the caller has replied. */
void	op_ok(struct op *op);
void	op_fail(struct op *op, enum ipc_code code, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));
void	op_fail_answer(struct op *op, struct answer *a);	/* may take its log */
void	op_fail_errno(struct op *op, int err);	/* of ctl_loader_call() */
void	op_fail_store(struct op *op, int err);
void	op_fail_away(struct op *op);		/* no loader in time */

#endif
