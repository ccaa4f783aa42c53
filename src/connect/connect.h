/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONNECT_CONNECT_H
#define BPFD_CONNECT_CONNECT_H

#include "ipc/messages.h"

/*
 * Looks the host up and connects to the first of its addresses that takes it, in the order of
 * getaddrinfo(3), each in its share of the time.  The socket, the caller's, non-blocking, with the
 * address in out->text; or a negative errno, which is out->err too, with words for a person.
 * -ENOENT: no such name; -EAGAIN: no name server answers; -EACCES: no address that may be connected
 * to; -ETIMEDOUT; else that of connect(2).
 */
int	connect_to(const struct msg_connect *want, struct msg_connected *out);

/* Before the sandbox: libc looks names up in /etc/hosts and by DNS, whatever nsswitch.conf says, so
 * that it loads no module. */
void	connect_init(void);

#endif
