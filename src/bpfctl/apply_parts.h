/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_APPLY_PARTS_H
#define BPFD_BPFCTL_APPLY_PARTS_H

#include "bpfctl/apply_plan.h"

/* Between the files of the planner. */

/* In the order in which they are done: what replaces is there before what is replaced goes. */
enum apply_phase { PHASE_LOAD, PHASE_CHANGE, PHASE_ATTACH, PHASE_DETACH, PHASE_UNLOAD, PHASE_RULE, PHASE_KEEP, N_PHASES };

struct planner {
	struct apply_want *w;
	const struct apply_actual *a;
	bool prune, no_memory, conflict;
	struct apply_group *groups;		/* by id, ascending */
	size_t n_groups;
	bool *used;				/* of a->links: it is a wanted one, or it is spoken for */
	struct {
		struct apply_step *v;
		size_t n;
	} phases[N_PHASES];
};

/* A new step, valid until the next one; name, what and why are texts of planner_text(). */
struct apply_step *planner_add(struct planner *p, enum apply_phase phase, enum apply_act act, char sign);
char	*planner_text(struct planner *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The links of a load, in its present group and in those that go because of it. */
void	planner_links(struct planner *p, struct apply_load *load, const struct apply_group *const *going,
		size_t n_going);
void	planner_rules(struct planner *p);

#endif
