/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_FETCH_H
#define BPFD_BPFD_FETCH_H

#include "bpfd/sup.h"
#include "common/auto.h"

#define VERDICTS_MAX	128	/* that a new loader is told of; a load comes right after its own */

/* A bpfd-fetch for one image: it waits for its turn while it has no process. */
struct fetch {
	struct task task;
	struct fetch *next;
	struct chan *chan;
	struct loop_source msgs;
	uint32_t id;
	int request, bundle, api;	/* until it has them; -1 */
	bool waits;		/* for the loader's VERDICT_NOTED */
	bool unheard;		/* it had a connection, or another policy: its verdict is nobody's */
	int64_t kill_at_ms;
};

struct fetches {
	struct fetch *first;	/* the oldest */
	uint32_t last_id;
	uint32_t n_verdicts;	/* ever; the newest VERDICTS_MAX of them are kept */
	struct msg_verdict verdicts[VERDICTS_MAX];
};

/* fetch_files.c: START_FETCH and FETCH_FILES.  An error, logged, where the configuration names what cannot be had. */
int	fetch_give(struct fetch *f);

/* fetch_talk.c */
void	fetch_hears(void *f);		/* a message of it, or its end */
void	fetch_hang_up(struct fetch *f);

#endif
