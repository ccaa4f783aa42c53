/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_CTL_ANSWER_H
#define BPFD_API_CTL_ANSWER_H

#include "api/ctl_loader.h"
#include "ipc/chan.h"

/*
 * Adds one message of the loader to an answer.  1: it was the RESULT, the answer is whole; 0: more
 * follows; -EPROTO: it does not fit; -ENOMEM.
 */
int	answer_add(struct answer *a, struct chan_msg *m);

void	answer_fail(struct answer *a, enum ipc_code code, const char *text);	/* lost */
void	answer_clear(struct answer *a);

/* Makes foreign text fit to show: terminated, and '?' for all that is not plain ASCII when the
 * whole is not clean UTF-8. */
void	answer_clean(char *text, size_t size);

#endif
