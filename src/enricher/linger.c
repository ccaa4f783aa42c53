/* SPDX-License-Identifier: Apache-2.0 */
#include "enricher/linger.h"

#define MIN_NS		10000
#define ENOUGH		256		/* events for which a wake-up costs nothing any more */

static uint64_t
less(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void
linger_init(struct linger *l, uint64_t usual_ns)
{
	*l = (struct linger){ .usual_ns = usual_ns, .ns = less(usual_ns, LINGER_FROM_NS) };
}

bool
linger_streams(const struct linger *l)
{
	return l->usual_ns && l->flow >= LINGER_STREAM * 256;
}

static void
count(struct linger *l, uint64_t now_ns, uint64_t n)
{
	uint64_t took = now_ns - l->at;

	l->at = now_ns;
	if (took < LINGER_FLOW_NS)
		l->flow = l->flow - l->flow * took / LINGER_FLOW_NS + n * 256;
	else
		l->flow = n * 256 * LINGER_FLOW_NS / took;
}

/* The time in which events come that are worth a wake-up. */
static uint64_t
longest(const struct linger *l, bool urgent)
{
	uint64_t want, most = less(LINGER_TIMES * l->usual_ns, LINGER_MOST_NS);

	if (urgent || most < l->usual_ns || !linger_streams(l))
		return l->usual_ns;
	want = LINGER_WORTH * 256 * LINGER_FLOW_NS / l->flow;
	return want < l->usual_ns ? l->usual_ns : less(want, most);
}

void
linger_note(struct linger *l, uint64_t now_ns, uint64_t n, bool seen, bool lingered, unsigned int fill,
	bool urgent)
{
	bool streams;

	count(l, now_ns, n);
	streams = linger_streams(l);
	if (!seen)
		return;
	if (fill >= 4)
		l->ns = l->ns / 2 < MIN_NS ? 0 : l->ns / 2;
	else if (fill >= 2)
		return;
	else if (!streams && (!lingered || n == 0))
		l->ns = LINGER_FROM_NS;
	else if (!streams && n == 1 && l->ns > LINGER_FROM_NS)
		l->ns /= 2;
	else if ((n > 1 || streams) && n < (l->ns < l->usual_ns ? ENOUGH : LINGER_WORTH))
		l->ns = l->ns ? 2 * l->ns : MIN_NS;
	l->ns = less(l->ns, longest(l, urgent));
}
