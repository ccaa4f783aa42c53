/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_SETS_H
#define BPFD_API_SETS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/events.h"
#include "ipc/messages.h"

/*
 * What is in force: from rules, live streams and the configuration the rule set for the enricher,
 * the kernel filter and the wanted tracers for the loader, the wanted classes for the supervisor.
 * Changes within one turn of the loop make one set; while one is on its way the next waits.
 */
struct api;
struct answer;
struct sets;
struct sets_wait;

#define SETS_WAIT_S 10

/* last: number of the last set that an earlier process made, 0: none; it is kept up to date. */
int	sets_new(struct api *api, uint64_t *last, struct sets **out);
void	sets_free(struct sets *s);		/* ends the waits; NULL is fine */
void	sets_changed(struct sets *s);
void	sets_loader_ready(struct sets *s);	/* a loader is reconciled: it needs to be told */

/* Runs fn(arg, why) once when all that has changed up to now is in use (why NULL), or after
 * SETS_WAIT_S with what is missing.  NULL: no memory, fn will not run. */
typedef void sets_fn(void *arg, const char *why);
struct sets_wait *sets_wait(struct sets *s, sets_fn *fn, void *arg);
void	sets_wait_cancel(struct sets_wait *w);	/* fn will not run; NULL is fine */

/* The enricher has a set in use, or refuses it. */
void	sets_enricher_used(struct sets *s, const struct msg_ruleset_used *m);
void	sets_tracer_state(struct sets *s, const struct msg_tracer_state *m);	/* text is clean */

const struct msg_tracer_state *sets_tracer(const struct sets *s, unsigned int tracer);
uint64_t sets_wanted(const struct sets *s);	/* tracers of the set built last */
uint64_t sets_defaults(const struct sets *s);	/* of these: enabled ones that have no rule */
/* Tracers that configuration and rules ask for, as things are now. */
uint64_t sets_base_tracers(const struct api *api);
uint32_t sets_generation(const struct sets *s);

#endif
