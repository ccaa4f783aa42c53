/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_GRAMS_H
#define BPFD_RULES_GRAMS_H

#include "rules/table.h"

/*
 * Many patterns looked for in one pass over a text.  Of each pattern its rarest run of four bytes
 * (fewer when it is shorter) is kept; the pass asks a bitmap about every run of the text, and the
 * few that are in it lead to the patterns, which are then compared whole.  Unlike an automaton,
 * whose next step waits for the last one's memory, the questions do not depend on each other.
 */
enum { GRAMS_BEGIN = 1, GRAMS_END = 2 };	/* the pattern has to stand there */

struct grams_pattern { const char *data; uint32_t len, at, id, where; };

struct grams_set {			/* of one length of runs */
	uint32_t n;
	unsigned int shift;
	uint64_t *bitmap;
	struct table runs;		/* run -> indices of patterns */
};

struct grams {
	struct grams_pattern *patterns;
	size_t n, room;
	struct grams_set of[5];		/* [1..4] */
};

/* data: borrowed, len > 0.  Several patterns may have one id. */
int	grams_add(struct grams *g, const char *data, size_t len, uint32_t id, uint32_t where);
int	grams_seal(struct grams *g);
void	grams_clear(struct grams *g);

/* Calls hit for every pattern found, for some perhaps more than once; ends when it returns true. */
typedef int grams_hit(void *arg, uint32_t id);
void	grams_scan(const struct grams *g, const char *text, size_t len, grams_hit *hit, void *arg);

#endif
