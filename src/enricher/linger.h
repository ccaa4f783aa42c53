/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ENRICHER_LINGER_H
#define BPFD_ENRICHER_LINGER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How long the enricher waits for more before it looks at the kernel's rings again.  A wake-up costs
 * as much as a hundred events do: at low rates hardly an event has to wait, at high ones a wake-up is
 * for many.
 */
struct linger {
	uint64_t ns;			/* the answer */
	uint64_t usual_ns;		/* as configured */
	uint64_t flow, at;		/* events in LINGER_FLOW_NS, in 256ths, as of then */
};
#define LINGER_FROM_NS	100000		/* after a rest: one more event is no stream of them */
#define LINGER_FLOW_NS	4000000ull	/* over which events are counted */
#define LINGER_STREAM	6		/* events in it that are a stream */
#define LINGER_WORTH	64		/* events that are worth a wake-up; for so many ... */
#define LINGER_TIMES	4		/* ... so many times the usual time is waited, */
#define LINGER_MOST_NS	5000000ull	/* and not more than this */

void	linger_init(struct linger *l, uint64_t usual_ns);
/*
 * A look at now_ns (any clock that goes on) found n events in rings that were filled to so many
 * 16ths.  lingered: nobody would have woken us; seen: that, or there was something.  urgent: there
 * are rules whose events must not wait longer than usual.
 */
void	linger_note(struct linger *l, uint64_t now_ns, uint64_t n, bool seen, bool lingered,
		unsigned int fill, bool urgent);
/* So many events that a look without a find is no reason to be woken by the next one. */
bool	linger_streams(const struct linger *l);

#endif
