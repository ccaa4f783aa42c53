/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_STANDIN_H
#define BPFD_LOADER_STANDIN_H

#include <stdint.h>

#include "common/auto.h"
#include "loader/kernel.h"

/*
 * TCX and netkit take no program twice, so one that moves to another place of its hook cannot be at
 * both for the moment that it needs.  A stand-in is another program that does nothing but call it.
 * It calls while map is open: without that it drops packets, as nobody would have looked at them.
 */
struct standin { int prog, map; };
#define STANDIN_NONE { -1, -1 }

int	standin_new(struct kernel *k, int prog_fd, uint32_t prog_type, uint32_t attach_type,
		struct standin *out);

static inline __attribute__((unused)) void
auto_standin(struct standin *s)
{
	close_keep_errno(s->prog);
	close_keep_errno(s->map);
}

#endif
