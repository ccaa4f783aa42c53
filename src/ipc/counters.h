/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_COUNTERS_H
#define BPFD_IPC_COUNTERS_H

#include "ipc/messages.h"

/* Counters of one tracer of a msg_ev_kernel by name: events.kernel.TRACER.lost, ...  How many: 0 or all. */
#define IPC_KERNEL_COUNTERS 5
unsigned int ipc_kernel_counters(const struct msg_ev_kernel_one *of, struct msg_counter out[IPC_KERNEL_COUNTERS]);

#endif
