/* SPDX-License-Identifier: Apache-2.0 */
/* More values than a test of the kernel's has room for: fewer, which hold for all that those hold for. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "rules/push_items.h"

/* One range for all: they are of one order. */
static void
hull(const struct items *s, struct ev_test *out)
{
	const bool is_signed = s->v[0].dim == EV_TEST_SIGNED;
	uint64_t low = s->v[0].value, high = low + s->v[0].more;

	for (size_t i = 1; i < s->n; i++) {
		uint64_t a = s->v[i].value, b = a + s->v[i].more;

		if (is_signed ? (int64_t)a < (int64_t)low : a < low)
			low = a;
		if (is_signed ? (int64_t)b > (int64_t)high : b > high)
			high = b;
	}
	for (size_t i = 0; i < EV_TEST_VALUES; i++) {
		out->a[i] = low;
		out->b[i] = high - low;
	}
}

/* A value that is looked at by its masked bits, in one word or two. */
struct pattern {
	uint64_t value[2], mask[2];
	uint64_t order[2];		/* value, what tells it from others first */
	bool ends;			/* the last of its group */
};

static int
compare(const void *x, const void *y)
{
	const struct pattern *a = x, *b = y;
	const size_t word = a->order[0] == b->order[0];

	return (a->order[word] > b->order[word]) - (a->order[word] < b->order[word]);
}

static unsigned int
bits_in_common(const struct pattern *a, const struct pattern *b)
{
	const uint64_t first = a->order[0] ^ b->order[0], second = a->order[1] ^ b->order[1];

	return first ? (unsigned int)__builtin_clzll(first) : second ? 64 + (unsigned int)__builtin_clzll(second) : 128;
}

/* Sorted ones are cut where neighbours are the least alike. */
static void
cut(struct pattern *v, size_t n, size_t groups)
{
	v[n - 1].ends = true;
	while (--groups) {
		size_t best = n - 1;

		for (size_t i = 0; i + 1 < n; i++)
			if (!v[i].ends && (best == n - 1 ||
			    bits_in_common(&v[i], &v[i + 1]) < bits_in_common(&v[best], &v[best + 1])))
				best = i;
		v[best].ends = true;
	}
}

/* Of a group what all in it have in common.  False: nothing, so that everything would pass. */
static bool
join(const struct pattern *v, size_t n, size_t words, struct ev_test *out)
{
	struct pattern all = v[0];
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t w = 0; w < words; w++)
			all.mask[w] &= v[i].mask[w] & ~(all.value[w] ^ v[i].value[w]);
		if (!v[i].ends)
			continue;
		if (!all.mask[0] && (words == 1 || !all.mask[1]))
			return false;
		for (size_t w = 0; w < words; w++, at++) {
			out->a[at] = all.value[w] & all.mask[w];
			out->b[at] = all.mask[w];
		}
		if (i + 1 < n)
			all = v[i + 1];
	}
	return true;
}

static bool
cover_patterns(const struct items *s, size_t words, struct ev_test *out)
{
	const bool from_end = s->v[0].dim == EV_TEST_TAIL;
	const size_t n = s->n / words;
	AUTO(mem) struct pattern *v = calloc(n, sizeof(*v));

	if (!v)
		return false;
	for (size_t i = 0; i < n; i++)
		for (size_t w = 0; w < words; w++) {
			const struct item *item = &s->v[i * words + w];

			v[i].value[w] = item->value;
			v[i].mask[w] = item->more;
			v[i].order[w] = from_end ? le64toh(item->value) : be64toh(item->value);
		}
	qsort(v, n, sizeof(*v), compare);
	cut(v, n, EV_TEST_VALUES / words);
	return join(v, n, words, out);
}

bool
push_cover(const struct items *s, struct ev_test *out)
{
	switch (s->v[0].dim) {
	case EV_TEST_NUMBER:
	case EV_TEST_SIGNED:
		hull(s, out);
		return true;
	case EV_TEST_ADDRESS:
		return cover_patterns(s, 2, out);
	default:
		return cover_patterns(s, 1, out);
	}
}
