/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_ONESHOT_RUN_H
#define BPFD_TESTS_ONESHOT_RUN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/chan.h"

/* Starts the built bpfd-oneshot as the supervisor does, and plays its peer. */
struct one_run {
	struct msg_result res;		/* code IPC_OK when it answered with a descriptor */
	int fd;				/* the answer's descriptor, the caller's, or -1 */
	struct msg_one_fd facts;
	int answered;
	int wait_status;
	char status[4096];		/* /proc/PID/status after its death */
	struct msg_prog_facts progs[8192];
	struct msg_link_seen links[4096];
	struct msg_holder holders[4096];
	size_t n_progs, n_links, n_holders;
	uint64_t ns;			/* from fork to the answer */
};

/* as: ROLE_LOADER or ROLE_SUP. */
void	one_run(enum ipc_role as, enum ipc_type type, const void *payload, const int *fds,
		struct one_run *out);

/* Only starts it: *fd is the other end of its fd 3, the caller's.  The caller waits for the pid. */
pid_t	one_start(enum ipc_role as, int *fd);

/* The number behind "key:\t" in status, base as strtoull takes it. */
uint64_t one_status(const struct one_run *r, const char *key, int base);

#endif
