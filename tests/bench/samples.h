/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BENCH_SAMPLES_H
#define BPFD_TESTS_BENCH_SAMPLES_H

#include <stdio.h>
#include <stdlib.h>

/* Nanoseconds of one, in many turns. */
struct samples { double *v; size_t n, room; };

static inline void
samples_note(struct samples *s, double ns)
{
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 256;
		s->v = realloc(s->v, s->room * sizeof(s->v[0]));
		if (!s->v) {
			perror("samples");
			exit(1);
		}
	}
	s->v[s->n++] = ns;
}

static inline int
samples_by_value(const void *a, const void *b)
{
	double l = *(const double *)a, r = *(const double *)b;

	return l < r ? -1 : l > r;
}

/* part: 0.5 the median.  NULL or none: 0.  Sorts. */
static inline double
samples_at(struct samples *s, double part)
{
	if (!s->n)
		return 0;
	qsort(s->v, s->n, sizeof(s->v[0]), samples_by_value);
	return s->v[(size_t)((double)s->n * part)];
}

#endif
