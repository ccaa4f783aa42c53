/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_RESULTS_H
#define BPFD_BPFCTL_RESULTS_H

#include "bpfctl/ctl.h"

/*
 * What became of each argument of a command that takes several: every one is tried, failures are
 * reported as they happen, and the exit status tells all, some or none.
 */
struct results {
	struct field_result *rows;
	size_t n, room, n_failed;
	int first_failure;		/* exit status */
};

int	results_new(size_t room, struct results *out);			/* -ENOMEM */
/* done: "detached", ...; the arrays are copied.  At most room rows in all. */
void	results_done(struct results *r, const char *what, uint64_t id, const char *done);
void	results_lists(struct results *r, const uint32_t *programs, size_t n_programs,
		const uint64_t *links, size_t n_links);	/* of the row added last */
void	results_failed(struct results *r, const char *what, uint64_t id, int status,
		const char *error);
/* Prints them; returns the command's exit status. */
int	results_print(struct results *r, struct ctl *ctl);
void	results_free(struct results *r);

static inline __attribute__((unused)) void
auto_results(struct results *r)
{
	results_free(r);
}

#endif
