/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_XDP_STALE_H
#define BPFD_XDP_STALE_H

#include <stdint.h>

#include "ipc/messages.h"

/*
 * Removes what a process that died left in XDP_DIR: the dispatchers ids[], which are of this
 * interface, unless one is attached to it, and the pin of libxdp's test of the kernel.  Under
 * libxdp's lock, without which nobody has such a pin.  -EWOULDBLOCK: it could not be had.
 */
int	stale_remove(uint32_t ifindex, uint32_t attached_id, const uint32_t *ids, uint32_t n);

/*
 * What msg_xdp_find asks for: 0 with the dispatcher's id and the ids of its n programs by position, or
 * -ENOENT with *n = 0.
 */
int	stale_find(const struct msg_xdp_find *m, uint32_t *id, uint32_t ids[XDP_PROGS_MAX], uint32_t *n);

#endif
