/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_TRACERS_H
#define BPFD_IPC_TRACERS_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct declared_table;

/*
 * The tracers of bpf/tracers.def and those that root declared by number and name, for those who need
 * no more of them.
 */
/* From now on these are there too: a copy is taken of a table that has been checked. */
void	ipc_tracers_declare(const struct declared_table *t);
bool	ipc_tracer_builtin(const char *name);		/* none that is declared may be called so */
const char *ipc_tracer_name(unsigned int tracer);	/* NULL: there is none of this number */
unsigned int ipc_tracer_by_name(const char *name);	/* 0: unknown */
unsigned int ipc_tracer_flags(unsigned int tracer);	/* TR_* */
uint64_t ipc_tracers_all(void);				/* bit per tracer that there is */
uint64_t ipc_tracers_sensitive(void);			/* of these: they show what people type */
uint64_t ipc_tracers_configured(void);			/* of these: only tracers.enabled brings them */
uint64_t ipc_tracers_allowed(const struct config *cfg);	/* what rules, streams and it itself may want */

#endif
