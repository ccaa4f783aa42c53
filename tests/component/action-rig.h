/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_ACTION_RIG_H
#define BPFD_TESTS_ACTION_RIG_H

#include <stdbool.h>
#include <sys/types.h>

#include "ipc/actions.h"
#include "ipc/chan.h"
#include "ipc/config.h"
#include "ring/ring.h"
#include "unit/event_make.h"

/* The real bpfd-action, with a ring whose producer is the test and a fake supervisor on fd 3. */
struct arig {
	struct config cfg;
	struct action_table table;
	struct ring *ring;
	int ring_fd, ring_ro, cursor, cursor_ro, event_fd;
	char dir[64];			/* temporary; log files are in it */
	int dir_fd, proc_fd;
	enum action_class class;
	uint32_t flags;
	struct { struct msg_action_fd m; int fd; } given[16];
	unsigned int n_given;
	pid_t pid;
	struct chan *sup, *enricher;
	struct made made;
};

void	arig_open(struct arig *r, enum action_class class);
void	arig_close(struct arig *r);
void	arig_give(struct arig *r, enum action_fd_kind kind, uint32_t index, int fd);	/* borrowed */
void	arig_start(struct arig *r);			/* until READY */
void	arig_kill(struct arig *r);			/* -9 */
int	arig_stop(struct arig *r);			/* wait status after ACTION_STOP */
/* Puts r->made into the ring; commit apart. */
uint64_t arig_put(struct arig *r);
void	arig_commit(struct arig *r);
/* A result that comes within ms.  False: none did. */
bool	arig_result(struct arig *r, struct msg_action_result *out, int ms);
uint64_t arig_bit(const struct arig *r, const char *action);

/* An event of a process, for the instance, by the rule "r1". */
void	arig_event(struct arig *r, const char *path, pid_t pid, uint64_t start_ns, const char *action,
		uint32_t match_flags);
uint64_t arig_start_ns(pid_t pid);		/* a start that /proc would show as this process's */
uint64_t arig_now_ns(void);

#endif
