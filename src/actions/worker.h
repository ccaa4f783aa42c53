/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ACTIONS_WORKER_H
#define BPFD_ACTIONS_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/sandbox.h"
#include "events/record.h"
#include "events/render.h"
#include "ipc/actions.h"
#include "ipc/chan.h"
#include "ipc/config.h"
#include "ring/ring.h"

/*
 * bpfd-action CLASS and bpfd-alert CLASS: reads the ring, does what the matches of its class's instances ask for, and
 * says so to the enricher.  What a class does is in struct class_ops; the rest is the same for all.
 */
struct worker;

struct class_ops {
	/* Before the seal: what must be opened, memory.  Fills in what is its own of sb. */
	int	(*prepare)(struct worker *w, struct sandbox *sb);
	/* One event for one or more of the class's instances (bits of actions). */
	void	(*act)(struct worker *w, const struct event *e, uint64_t actions);
	/* At the end of a batch, before its events count as done; NULL: nothing to do. */
	void	(*flush)(struct worker *w);
	/* True: the batch should end here. */
	bool	(*full)(const struct worker *w);
	/* Descriptors of its own to wait for (n up to room) and a time limit (ms, -1: none), and what
	 * to do when the wait is over.  NULL: none. */
	size_t	(*wait)(struct worker *w, struct pollfd *fds, size_t room, int *timeout_ms);
	void	(*woken)(struct worker *w, const struct pollfd *fds, size_t n);
	/* True: a stop has to wait for something.  NULL: never. */
	bool	(*busy)(const struct worker *w);
	/* The supervisor's answer to CHECKPOINT_WANTED: a channel, or why there is none. */
	int	(*helper)(struct worker *w, uint32_t seq, int *fd, const struct msg_checkpoint_none *none);
	unsigned int batch;		/* events after which what was done is noted */
	bool hurry;			/* an event should not wait for others that may come */
	/* Answer to ACTION_CONNECT: sock is the callee's, -1 with m->err.  NULL: it never asks. */
	void	(*connected)(struct worker *w, uint32_t seq, const struct msg_connected *m, int sock);
};
/* Those that this executable does; NULL: another one's. */
extern const struct class_ops *const worker_classes[N_ACTION_CLASSES];
extern const char worker_name[];
extern const struct class_ops class_output, class_syslog, class_exec, class_signal, class_cgroup,
	class_checkpoint, class_net;

#define FD_KINDS (ACTION_FD_EMPTY_DIR + 1)

struct worker {
	struct chan *sup, *enricher;	/* enricher: NULL while there is none */
	const struct config *cfg;
	const struct action_table *table;
	const struct class_ops *ops;
	struct ring_reader *ring;
	uint64_t *scratch;
	int64_t boot_offset_ns;
	uint64_t mask;			/* instances of this class */
	uint32_t class_;
	bool enforce;			/* destructive acts are allowed */
	bool stop, go;
	uint64_t linger_ns;		/* now */
	uint64_t epoch;			/* of the ring */
	int event_fd, ring_fd, cursor_fd;
	int fd[FD_KINDS];		/* -1: not given; ACTION_FD_CGROUP1: see cgroup1 */
	int cgroup1[N_CGROUP1];
	struct { int spool, secret, token, ca; } net[ACTIONS_MAX];	/* -1: not given */
	char host[65];
	void *own;			/* the class's */
};

static inline void
worker_count(struct worker *w, enum action_stat s)
{
	__atomic_store_n(&w->scratch[ACTION_STATS_AT + s], w->scratch[ACTION_STATS_AT + s] + 1, __ATOMIC_RELAXED);
}

/* Until the supervisor says stop or is gone: 0, or the error that ends the process. */
int	worker_run(struct worker *w);
int	worker_messages(struct worker *w);	/* those that have come; main.c */

/* ---- results.c ---- */

/* What came of it.  m: the match that asked, or NULL; text: for a person, may be NULL.  Counts,
 * and tells the enricher: false when that has no room, or is not there.  err: negative errno, or a
 * program's wait status. */
bool	worker_result(struct worker *w, const struct event *e, const struct rec_match *m,
		unsigned int action, enum action_outcome outcome, int err, const char *text);
/* The same of what came of an event some time ago. */
struct alert;
bool	worker_result_of(struct worker *w, const struct alert *a, unsigned int action, enum action_outcome outcome, int err,
		const char *text);
/* The first match that asks for the instance (one that is enforced before others). */
const struct rec_match *worker_match(const struct event *e, unsigned int action);
void	worker_gauge(struct worker *w, enum action_stat s, uint64_t value);	/* of those that are no counters */
void	worker_add(struct worker *w, enum action_stat s, uint64_t n);
/* A failure of an output: told at most once in ten seconds for each instance, always counted. */
void	worker_trouble(struct worker *w, unsigned int action, int err, const char *text);


/* ---- limits of destructive acts, guard.c ---- */

struct guard;
int	guard_new(struct worker *w, struct guard **out);
/* Everything that can be said before the target is looked at: true to go on; else the outcome was
 * told, or counted when it was told before. */
bool	guard_allows(struct guard *g, struct worker *w, const struct event *e,
		const struct rec_match *m, unsigned int action);
/* It was done: not again for the same rule and target, and one act of this minute's is used. */
void	guard_done(struct guard *g, const struct worker *w, const struct event *e,
		const struct rec_match *m, unsigned int action);

/* ---- the process of an event, target.c ---- */

struct target {
	int pidfd;
	int pid, ppid;
	uint64_t start_ticks;
	char state;
	bool kthread;
};
#define TARGET_TICK_NS 10000000ull	/* of /proc/PID/stat: USER_HZ is 100 */

/* Reads /proc/PID/stat below proc_fd.  -ESRCH. */
int	target_stat(int proc_fd, int pid, struct target *out);
/* Opens the process that the event is of, and makes sure that it is that one: -ESRCH when it is
 * gone, be it that another has its number now.  out->pidfd is the caller's. */
int	target_open(int proc_fd, const struct ev_hdr *ev, struct target *out);
/* Why it must not be touched, or NULL. */
const char *target_protected(const struct worker *w, const struct event *e, const struct target *t);

#endif
