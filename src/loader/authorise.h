/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_AUTHORISE_H
#define BPFD_LOADER_AUTHORISE_H

#include "ipc/messages.h"

struct loader;

/*
 * Who is at the other end of the client's socket, as the kernel says and not the API, must be an
 * administrator.  what: the word for the log.  0, or res->err with res filled.
 */
int	authorise(struct loader *ld, int client, const char *what, struct msg_result *res);
/* The same without a line in the log: a further part of what was logged. */
int	authorise_more(struct loader *ld, int client, const char *what, struct msg_result *res);

/* The refusal of a token that is not this loader's for what it comes with.  res->err. */
int	authorise_token(struct loader *ld, const char *what, uint64_t id, struct msg_result *res);

#endif
