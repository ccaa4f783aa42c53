/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONNECT_ADDRESS_H
#define BPFD_CONNECT_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "ipc/nets.h"

/*
 * Which addresses are connected to.  remote: a server named the host, so neither this host nor its own
 * network may be meant; else the administrator or a user did, and only what is never a server of
 * theirs is refused.  What allow lists is not refused at all.
 */

/* What it is that must not be connected to, "link-local" or so; NULL: it may. */
const char *address_refused(const struct sockaddr *sa, bool remote, const struct conf_NETS *allow);

#define ADDRESS_TEXT 64
/* "127.0.0.1", "::1". */
void	address_text(const struct sockaddr *sa, char out[ADDRESS_TEXT]);

#endif
