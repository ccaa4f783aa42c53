/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_TRACERS_H
#define BPFD_IPC_TRACERS_H

#include <stdint.h>

/* The tracers of bpf/tracers.def by number and name, for those who need no more of them. */
const char *ipc_tracer_name(unsigned int tracer);	/* NULL: there is none of this number */
unsigned int ipc_tracer_by_name(const char *name);	/* 0: unknown */
unsigned int ipc_tracer_flags(unsigned int tracer);	/* TR_* */
uint64_t ipc_tracers_all(void);				/* bit per tracer */
uint64_t ipc_tracers_sensitive(void);			/* of these: they show what people type */

#endif
