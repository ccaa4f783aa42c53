/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_APPLY_RUN_H
#define BPFD_BPFCTL_APPLY_RUN_H

#include "bpfctl/apply_plan.h"

/*
 * Asks the daemon about every step without changing anything: loads go through the verifier.  Links of
 * programs that are not loaded yet cannot be asked about.  CTL_DONE, or an exit status, reported.
 */
int	apply_run_check(struct ctl *ctl, struct apply_plan *p);
/*
 * Carries it out, after that.  Loads come first: until all of them are there and every link has been
 * asked about, a failure takes them back and nothing is changed.  Later it stops: CTL_PARTLY when
 * something was done.  Each step's result says what became of it.
 */
int	apply_run(struct ctl *ctl, struct apply_plan *p);

/* ---- what is shown of it ---- */

/* A line for each step, for people. */
void	apply_show_plan(const struct ctl *ctl, const struct apply_plan *p);
/* "[3/7] ..." on a terminal; NULL takes it away. */
void	apply_show_progress(const struct ctl *ctl, const struct apply_plan *p, const struct apply_step *s);
/* After it failed: what was done and what not, on standard error, for people. */
void	apply_show_rest(const struct ctl *ctl, const struct apply_plan *p);
/* The document, for programs; for people the last line. */
int	apply_show_end(struct ctl *ctl, const struct apply_plan *p, bool dry_run);
bool	apply_for_people(const struct ctl *ctl);
void	apply_step_text(struct buf *b, const struct apply_step *s);	/* SET/NAME: WHAT */

#endif
