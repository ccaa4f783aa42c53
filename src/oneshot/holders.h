/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ONESHOT_HOLDERS_H
#define BPFD_ONESHOT_HOLDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "oneshot/oneshot.h"

/*
 * A list of who keeps programs, bounded in length and in time: what it is made from is as long as
 * others want, and the loader waits meanwhile.
 */
#define HOLDERS_MAX	4096
#define HOLDERS_MS	250
struct holders {
	struct msg_holder *all;
	size_t n, room;
	int64_t deadline_ms;		/* CLOCK_MONOTONIC */
	bool cut;			/* there may be more */
};

void	holders_begin(struct holders *h);
bool	holders_full(struct holders *h);	/* no room or no time: end the search */
int	holders_add(struct holders *h, uint32_t prog_id, uint32_t link_id, uint32_t pid, const char *text);

/* Gives up every capability, sends all and ONE_RESULT, whose text says whether it was cut. */
int	holders_send(struct oneshot *o, const struct holders *h, int err);

/* What the descriptor called name in dir, a /proc/PID/fd, is: as readlinkat(2) words it. */
bool	holders_is(int dir, const char *name, const char *what);

#endif
