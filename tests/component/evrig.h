/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_EVRIG_H
#define BPFD_TESTS_EVRIG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "component/apicall.h"

/*
 * Plays bpfd-enricher and the supervisor's part of rules beside apirig: writes a real ring, matches
 * with the real matcher, and "parses" rules of one line: "TRACER [action=A]... [enforce]
 * [contains=TEXT]", or "bad", which has an error at 3:7.
 */
struct ring;
struct matcher;

struct evrig {
	struct apicall *t;
	int ring_fd, ring_ro, cursor, wake;
	struct ring *ring;
	pthread_t thread;
	bool running;

	pthread_mutex_t lock;		/* of all below */
	bool stop, mute;		/* mute: a RULESET is not answered */
	struct chan *chan;		/* the enricher's; NULL: it is dead */
	struct matcher *matcher;
	uint32_t generation;
	unsigned int n_sets, n_parses, n_classes;
	uint64_t classes;
};

int	evrig_setup(void **state);	/* of struct evrig, with everything running */
int	evrig_teardown(void **state);
void	evrig_stop(struct evrig *e);		/* all of it ends, */
void	evrig_again(struct evrig *e);		/* and begins again */
void	evrig_restart(struct evrig *e);		/* kill -9 of bpfd-api, and all again */
void	evrig_enricher(struct evrig *e, bool alive);	/* kills it, or brings a new one */

/* An open of path by comm, through the matcher; false: nobody wanted it. */
bool	evrig_open(struct evrig *e, const char *comm, const char *path);
void	evrig_commit(struct evrig *e);
/* Waits until the enricher has had n sets in all. */
/* True as soon as these classes of actions are asked of the supervisor. */
bool	evrig_classes(struct evrig *e, uint64_t classes);
void	evrig_sets(struct evrig *e, unsigned int n);

#endif
