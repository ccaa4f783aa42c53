/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_LOGOUT_H
#define BPFD_BPFD_LOGOUT_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/log.h"

/*
 * Where log lines end: standard error, or syslog's datagram socket for a daemon.  Standard error
 * lines begin with "<N>" when the journal reads them (JOURNAL_STREAM).  One per process.
 */
void	logout_init(const char *who);		/* also takes the lines of common/log.h */
int	logout_syslog(void);			/* from now on to /dev/log, after the time zone is read; -errno */
void	logout_line(const char *who, pid_t pid, enum log_level level, const char *text);

#endif
