/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_LOOP_H
#define BPFD_BPFD_LOOP_H

#include <stdint.h>

/*
 * The supervisor's loop: plain epoll, level-triggered, one event per round, so that a handler may
 * remove and free any source.  A library would cost more memory than the rest of the process.
 */
struct loop_source {
	int fd;
	void (*ready)(void *arg);	/* readable, or the other end is gone */
	void *arg;
};

int	loop_new(void);						/* epoll descriptor, or -errno */
int	loop_add(int loop, struct loop_source *src);		/* borrowed until removed; -errno */
void	loop_remove(int loop, struct loop_source *src);		/* before its fd is closed */

/* Waits for one event and runs its handler.  until_ms: on clock_ms()'s clock, when it
 * returns anyway, INT64_MAX for never. */
int	loop_round(int loop, int64_t until_ms);

#endif
