/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_SYSCALLS_H
#define BPFD_IPC_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/event.h"

/*
 * The map "sys_slots": what number (below EV_SYSCALLS) is in each table of system calls, with a
 * tracer's program (bpf/syscalls.def) in it or not.  False: the tracer has none there, and slot is
 * as it was.
 */
bool	syscalls_slot(unsigned int tracer, uint32_t number, bool on, struct ev_slot *slot);

#endif
