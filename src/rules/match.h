/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_MATCH_H
#define BPFD_RULES_MATCH_H

#include "events/record.h"
#include "rules/rule.h"

/* A rule set as the API gives it to the enricher: packed rules and what each is to cause. */
struct ruleset_entry {
	const void *packed;
	size_t packed_len;
	uint64_t actions[N_SEVERITIES];	/* instances to run at each severity of the rule's event */
	uint64_t stream;		/* bit of a live stream that this is the filter of; 0: a rule */
	bool enforce;			/* mode, and the daemon and the origin allow it */
};
struct ruleset {
	uint32_t generation;
	uint64_t default_actions;	/* for events of defaults' tracers, which have no rule */
	uint64_t defaults;		/* bit per tracer that is enabled and has no rule */
	const struct ruleset_entry *entries;
	size_t n;
	const char *const *redact;	/* taken out of every event (events/redact.h) */
	uint32_t n_redact;
};
int	ruleset_pack(const struct ruleset *set, void **out, size_t *len);

/* The compiled set.  Memory is allocated here only, never by matcher_run(). */
struct matcher;
int	matcher_new(const void *bytes, size_t len, struct matcher **out, char *why, size_t room);
/* What the rules that are the same in both have seen so far (ratelimit, dedup, after, counts) goes on in m. */
void	matcher_adopt(struct matcher *m, struct matcher *from);
void	matcher_free(struct matcher *m);
uint32_t matcher_generation(const struct matcher *m);
uint64_t matcher_urgent(const struct matcher *m);	/* mask of tracers with an urgent rule */

struct match_result {
	uint64_t actions, streams;
	uint64_t redact;		/* for matcher_redact() */
	uint32_t n;
	struct {
		const char *name;	/* the matcher's */
		uint32_t name_len;
		uint64_t actions;
		uint32_t severity, flags, suppressed;	/* enum rec_match_flag */
	} match[REC_MATCHES_MAX];
};
/* True: somebody wants the event.  now: the event's ts (ratelimit and dedup count in it). */
bool	matcher_run(struct matcher *m, const struct event *e, struct match_result *out);

/* What became of a rule's events: acted is of those that neither was held back and that have actions. */
struct rule_count { uint64_t id, matched, limited, deduped, acted; };
uint64_t rule_id(const void *packed, size_t len);	/* which rule, in this set and the next */
/* Of rules that have matched, from place *at on; *at: where to go on, 0: these were the last. */
size_t	matcher_counts(const struct matcher *m, size_t *at, struct rule_count *out, size_t room);

/* Takes out of a copy of the event, not of what rules look at, what the result says. */
void	matcher_redact(const struct matcher *m, uint64_t redact, struct ev_hdr *ev, struct rec_ctx *ctx);

struct matcher_stats { uint64_t events, matched, limited, deduped, regex_limits, sequence_evicted; };
void	matcher_stats(const struct matcher *m, struct matcher_stats *out);

/* Kernel filter for the union of the set, as bytes for TRACERS_WANT (ipc/kfilter.h). */
int	push_compute(const struct ruleset *set, uint64_t wanted, void **out, size_t *len);

#endif
