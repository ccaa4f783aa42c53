/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_FAKE_RPCS_H
#define BPFD_TESTS_FAKE_RPCS_H

#include "ipc/config.h"

/*
 * A method table for the server under test (api/rpctable.h), with handlers that need no daemon:
 *   System/Version   "VERSION" at once			System/Status   20,000 notes of 100 bytes
 *   System/Counters  never answers, counts cancels	Programs/Load   group = bytes of content
 *   Programs/Unload  FAILED_PRECONDITION with a log	Programs/Get    NOT_FOUND, text with umlauts
 * and the server's own health and reflection.
 */
struct api {
	unsigned int held, cancelled;	/* System/Counters */
	long time_left_ms;		/* as System/Version saw it */
};

/* Every key at its default, lists empty: root is admin, everybody else nobody.  Allocated. */
struct config *fake_config(void);

#endif
