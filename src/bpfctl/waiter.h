/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_WAITER_H
#define BPFD_BPFCTL_WAITER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Waits for a descriptor, a deadline or a signal that ends the program.  Between begin and end
 * SIGINT, SIGTERM and SIGHUP are blocked and seen through a signalfd, so that none is lost
 * between a test and a poll.  Outside they do what they always do.
 */
struct waiter {
	int signal_fd;			/* -1: outside */
	sigset_t before;		/* the mask to go back to */
	int64_t deadline_ns;		/* CLOCK_MONOTONIC; 0: none */
	bool hold;			/* do not end before release; keep the first signal in held */
	int held;			/* 0: none */
};

int	waiter_begin(struct waiter *w, uint64_t timeout_ms);	/* 0: no limit; -errno */
/* 0 when fd has one of events, -ETIMEDOUT, -EINTR on a signal, -errno. */
int	waiter_wait(struct waiter *w, int fd, short events);
int	waiter_sleep(struct waiter *w, int ms);			/* 0, -ETIMEDOUT, -EINTR */
bool	waiter_interrupted(struct waiter *w);			/* a signal has come */
void	waiter_end(struct waiter *w);				/* outside: nothing */
void	waiter_release(struct waiter *w);	/* ends; the signal that was held does its work */

#endif
