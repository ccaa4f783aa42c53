/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_PROC_H
#define BPFD_BPFD_PROC_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/actions.h"

/* The processes of processes.def, and how one is started. */
enum proc_id {
#define PROCESS(id, name, user, caps, start, kind) PROC_##id,
#include "bpfd/processes.def"
	N_PROCS
};
#define PROC_CLASS(class) (N_PROCS - N_ACTION_CLASSES + (class))	/* they are the last ones */

enum proc_kind { PROC_KIND_CHILD, PROC_KIND_HELPER, PROC_KIND_CLASS, PROC_KIND_EARLY };
struct proc_info {
	const char *name;	/* "bpfd-loader", "bpfd-action/output": what follows is its argument */
	const char *user;
	uint64_t caps;		/* bounding set that its executable is started with */
	uint64_t own;		/* part of it that it may keep */
	enum proc_kind kind;
};
extern const struct proc_info proc_infos[N_PROCS];

/* What every process needs to confine itself, and gives up by that. */
#define PROC_SEAL_CAPS                                                                             \
	(1ULL << CAP_SETUID | 1ULL << CAP_SETGID | 1ULL << CAP_SETPCAP | 1ULL << CAP_SYS_CHROOT)

uint64_t proc_all_caps(void);	/* of all that are started later */

/*
 * Opens every executable, beside this one or in BPFD_LIBEXECDIR, so that what is started later is
 * what was there at the start.  fds[N_PROCS] are O_PATH.  -ENOENT, logged with both places.
 */
int	proc_open_all(int fds[N_PROCS]);

struct proc_start {
	enum proc_id id;
	int exe;		/* of proc_open_all() */
	int in, out;		/* 0 and 1 of the new process; usually /dev/null */
	int log;		/* 2 */
	int channel;		/* 3 */
	bool harmless;		/* without the capabilities that it might keep */
	const char *args[3];	/* after the name, NULL ends; a class has its own */
};

/*
 * Starts the process with those four descriptors and nothing else, an empty environment, its own
 * process group, no signal blocked and the bounding set of its line.  *pid is the caller's child, which is that
 * program already; -errno, logged, when it cannot be.
 */
int	proc_run(const struct proc_start *s, pid_t *pid);

/* "killed by SIGSEGV", "exit status 1", into a static buffer. */
const char *proc_death(int wait_status);

#endif
