/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_APIRIG_H
#define BPFD_TESTS_APIRIG_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "ipc/chan.h"
#include "ipc/config.h"

/*
 * Plays supervisor and loader around a real bpfd-api.  The fake loader keeps a table of what is
 * pinned, which outlives it as a bpffs would, and answers in a thread of its own.
 */
#define FAKE_MAX 64

enum fake_mood {
	FAKE_WORKS,
	FAKE_REFUSES,		/* LOAD and ATTACH: FAILED_PRECONDITION with a verifier log */
	FAKE_DIES,		/* closes its channel instead of an answer to LOAD or ATTACH */
	FAKE_DIES_LATE,		/* the same, after the work is done */
	FAKE_WAITS,		/* answers no LOAD until told FAKE_WORKS, or UNDO */
	FAKE_KILLS_API,		/* SIGKILL for bpfd-api when LOAD is done, without an answer */
	FAKE_LIES,		/* answers LOAD for another group */
};

struct fake_prog {
	uint64_t gid;
	uint32_t id;
};

struct fake_link {
	uint64_t link_id, gid;
	uint32_t prog_id, ifindex;
};

struct apirig {
	char dir[40], sock[56];
	struct config cfg;
	int listener, state;
	pid_t api;
	bool events;			/* bpfd-api gets these, and rules (sealed; -1: none) */
	int ring, cursor, wake, rules;
	rlim_t file_bytes;		/* largest file that bpfd-api may write; 0: any */
	struct chan *ctl;
	pthread_t thread;
	bool running;			/* the fake loader's thread */

	pthread_mutex_t lock;		/* of all below */
	struct chan *chan;		/* the fake loader's */
	enum fake_mood mood;
	bool stop;
	struct fake_prog progs[FAKE_MAX];
	struct fake_link links[FAKE_MAX];
	size_t n_progs, n_links;
	uint32_t next_id, waiting_seq;
	uint32_t n_foreign;		/* programs of others in the kernel, from number 9 on; 0: one */
	size_t log_bytes;		/* of FAKE_REFUSES; 0: a short one */
	struct msg_load last_load;
	struct msg_attach last_attach;
	struct msg_iface ifaces[8];	/* that there are */
	size_t n_ifaces;
	bool gone_first;		/* tells that a link is gone before it answers WISH_DETACH */
	uint64_t tracers;		/* wanted last */
	uint32_t failing_tracer;	/* number of one that cannot be attached */
	unsigned int count[N_IPC_TYPES];	/* messages that the fake loader got */
};

/* A byte of a long log. */
static inline char
apirig_log_byte(size_t at)
{
	return at % 61 == 60 ? '\n' : (char)('a' + at / 61 % 26);
}

int	apirig_open(struct apirig *r);		/* the directory, the socket; -errno */
void	apirig_close(struct apirig *r);

int	apirig_start(struct apirig *r);		/* bpfd-api, up to READY; its wait status if it ends */
void	apirig_kill(struct apirig *r);
int	apirig_stop(struct apirig *r);		/* API_STOP; its wait status */

void	apirig_loader(struct apirig *r);	/* a new fake loader, in place of any other */
void	apirig_no_loader(struct apirig *r);
struct chan *apirig_raw_loader(struct apirig *r);	/* a channel that the test itself serves */

/* The loader tells of it. */
void	apirig_iface(struct apirig *r, uint32_t ifindex, const char *name, bool gone);
void	apirig_mood(struct apirig *r, enum fake_mood mood);
unsigned int apirig_count(struct apirig *r, enum ipc_type type);	/* since the last reset */
void	apirig_reset_counts(struct apirig *r);
bool	apirig_until(struct apirig *r, enum ipc_type type, unsigned int n);	/* 5 s at most */
int	apirig_ended(struct apirig *r, int ms);	/* wait status, -1: it lives */

#endif
