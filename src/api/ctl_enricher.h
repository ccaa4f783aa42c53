/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_CTL_ENRICHER_H
#define BPFD_API_CTL_ENRICHER_H

#include <stddef.h>
#include <stdint.h>

#include "ipc/messages.h"

/* The channel with bpfd-enricher: rule sets out, its counters in.  It may die at any moment; the
 * supervisor then brings a new channel, and the rule set in force is sent again. */
struct api;
struct ctl_enricher;

int	ctl_enricher_new(struct api *api, struct ctl_enricher **out);
void	ctl_enricher_free(struct ctl_enricher *e);	/* NULL is fine */
int	ctl_enricher_attach(struct ctl_enricher *e, int take_fd);

/* Keeps the sealed rule set (taken, also on failure) and sends it to this enricher and those to
 * come.  sets_enricher_used() learns what becomes of it. */
void	ctl_enricher_ruleset(struct ctl_enricher *e, int take_fd, const struct msg_ruleset *m);

/* Sends what becomes an event, to the next enricher where there is none. */
void	ctl_enricher_own(struct ctl_enricher *e, const struct msg_own *m);

/* The enricher's counters.  fn runs exactly once, perhaps at once; n 0: it does not answer. */
typedef void ctl_stats_fn(void *arg, const struct msg_counter *counters, size_t n);
void	ctl_enricher_stats(struct ctl_enricher *e, ctl_stats_fn *fn, void *arg);
/* The same of its rules, by id. */
typedef void ctl_counts_fn(void *arg, const struct msg_rule_count *counts, size_t n);
void	ctl_enricher_counts(struct ctl_enricher *e, ctl_counts_fn *fn, void *arg);

#endif
