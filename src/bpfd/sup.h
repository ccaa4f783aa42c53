/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_SUP_H
#define BPFD_BPFD_SUP_H

#include <stdbool.h>
#include <stdint.h>

#include "bpfd/backoff.h"
#include "bpfd/loglines.h"
#include "bpfd/loop.h"
#include "bpfd/notify.h"
#include "bpfd/options.h"
#include "bpfd/paths.h"
#include "bpfd/proc.h"
#include "ipc/chan.h"
#include "ipc/config.h"

#define LISTENERS_MAX 2

/* A process that the supervisor started: its life and what it writes to its log pipe. */
struct task {
	struct sup *sup;
	const char *name;
	pid_t pid;			/* 0: not running */
	int64_t started_ms;
	uint64_t started_boot_ns;
	struct loop_source exit;	/* pidfd */
	struct loop_source log;
	struct loglines lines;
	void (*ended)(struct task *t, int wait_status);	/* everything of the task is closed already */
};

/* A process that runs as long as bpfd. */
struct child {
	struct task task;
	enum proc_id id;
	enum ipc_role role;
	struct chan *chan;		/* NULL: not running */
	struct loop_source msgs;
	struct backoff backoff;
	int64_t start_at_ms;		/* INT64_MAX: runs, or is not to run */
	int64_t ready_by_ms;		/* INT64_MAX: it is ready */
	uint32_t restarts, early_deaths;
	bool ready, wired;
	bool stopped;			/* it said so: nothing but its end is left */
	bool again;			/* its end is wanted: start it at once */
};

enum { LOADER, API, N_CHILDREN };

struct helper;

struct sup {
	struct options opt;
	struct paths paths;
	struct config *cfg;
	int cfg_fd;			/* the same, sealed */
	int exes[N_PROCS];
	uid_t uids[N_PROCS];
	int loop, null, lock, bpffs, state, empty, run_dir;
	int listeners[LISTENERS_MAX];
	unsigned int n_listeners;
	bool activated;			/* the sockets are init's */
	struct loop_source signals;
	struct notify notify;
	int daemon_pipe;		/* -1, or the parent that waits for us to be ready */
	struct child children[N_CHILDREN];
	struct helper *helpers;
	uint32_t next_helper;
	bool serving;			/* was ready once */
	bool failed;			/* never will be */
	uint64_t started_boot_ns;
	bool stopping, stop_wanted, reload_wanted;
};

/* task.c */
int	task_start(struct task *t, struct proc_start *s);	/* fills s->in, out, log; -errno */
void	task_kill(struct task *t);
uint64_t task_boot_ns(void);				/* CLOCK_BOOTTIME */

/* child.c */
void	child_init(struct sup *s);
void	child_start_due(struct sup *s);
int64_t	child_next_ms(const struct sup *s);	/* when child_start_due() has work; INT64_MAX */
int	child_say(struct child *c, enum ipc_type type, uint32_t seq, const void *payload, const int *fds);

/* helper.c */
int	helper_wanted(struct sup *s, uint32_t kind);
void	helper_kill(struct sup *s, uint32_t id);
void	helper_kill_all(struct sup *s);
void	helper_unmount(struct sup *s);
void	helper_tell(struct sup *s, uint32_t seq);	/* PROC of each to the API */

/* setup.c: before the sandbox; each logs what is wrong and what to do, and returns an exit status */
int	setup_places(struct sup *s);
int	setup_mounts(struct sup *s);
int	setup_users(struct sup *s);
int	listen_open(struct sup *s);
void	listen_close(struct sup *s);

/* confrun.c */
int	confrun_read(struct sup *s);		/* cfg and cfg_fd; the old ones stay when it fails: -EINVAL */
int	confrun_show(struct sup *s, const char *how);	/* --check, --print: an exit status */

/* confine.c */
int	confine(void);

#endif
