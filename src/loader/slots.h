/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_SLOTS_H
#define BPFD_LOADER_SLOTS_H

#include "loader/loader.h"

/* One answer to SLOTS. */
struct slots {
	struct loader *ld;
	uint32_t seq, n;
	struct msg_slot *tc;		/* found at traffic control; told by slots_tc_end() */
	size_t n_tc, room_tc;
};

void	slots_tell(struct slots *all, const struct msg_slot *s);

/* slots_tc.c: both directions of an interface of the host's, by TCX and by clsact, in order. */
void	slots_tc(struct slots *all, const char *interface, uint32_t ifindex);
/* And bpfd's own elsewhere; gives names to what is foreign. */
void	slots_tc_end(struct slots *all);

#endif
