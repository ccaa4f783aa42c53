/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_STATE_H
#define BPFD_IPC_STATE_H

#include <stdint.h>

/*
 * Sizes within the enricher's state memfd, for the supervisor that makes it (state_bytes of
 * START_ENRICHER; seal SHRINK and GROW).  It is sparse: only what is in use takes memory.
 */
#define STATE_HEAD_BYTES	16384
#define STATE_SLOT_BYTES	1024		/* one process, one cgroup, one container's names */
#define STATE_LARGE_BYTES	8192		/* strings of one that has long ones */

static inline uint64_t
state_n_large(uint64_t processes, uint64_t cgroups)
{
	return 64 + (processes + 2 * cgroups) / 8;
}

/* processes, cgroups: events.processes and events.cgroups of the configuration; each of the latter
 * may be a container. */
static inline uint64_t
state_bytes(uint64_t processes, uint64_t cgroups)
{
	return STATE_HEAD_BYTES + (processes + 2 * cgroups) * STATE_SLOT_BYTES +
		state_n_large(processes, cgroups) * STATE_LARGE_BYTES;
}

#endif
