/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_NOTIFY_H
#define BPFD_BPFD_NOTIFY_H

#include <stdint.h>

/*
 * sd_notify(3)'s protocol by hand: one datagram per change of state to $NOTIFY_SOCKET.  Works, and
 * does nothing, without systemd.
 */
struct notify {
	int fd;			/* -1: nobody asked */
	int64_t watchdog_ms;	/* 0: not asked for; else tell at least this often */
	int64_t next_ms;	/* when the watchdog wants its next word; INT64_MAX */
};

void	notify_init(struct notify *n, int64_t now_ms);	/* reads and clears the environment */
void	notify_say(struct notify *n, const char *state);	/* "READY=1\nSTATUS=..." */
void	notify_tick(struct notify *n, int64_t now_ms);

#endif
