/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_TRACERS_FUNCTIONS_H
#define BPFD_LOADER_TRACERS_FUNCTIONS_H

#include "ipc/config.h"

enum preempts { PREEMPTS_UNKNOWN, PREEMPTS, PREEMPTS_NOT };

/* By utsname.version, debugfs ("none (voluntary) full") and the command line, "" what is not there. */
enum preempts preempts_by(const char *version, const char *modes, const char *cmdline);

/* Before the sandbox, as root. */
void	tracers_functions_init(void);

/* Why tracers of system calls are at the exit of all of them; NULL: they may be at functions. */
const char *tracers_no_functions(const struct config *cfg);

#endif
