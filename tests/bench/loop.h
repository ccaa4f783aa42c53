/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BENCH_LOOP_H
#define BPFD_TESTS_BENCH_LOOP_H

#include <stdio.h>
#include <time.h>

static inline unsigned long long
loop_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long long)ts.tv_sec * 1000000000ULL + (unsigned long long)ts.tv_nsec;
}

/* After a line on standard input, once() so many times between two looks at the clock, for seconds. */
static inline int
loop_run(double seconds, unsigned int batch, int (*once)(void))
{
	unsigned long long begin, end, n = 0;

	if (getchar() == EOF)
		return 2;
	begin = end = loop_now_ns();
	for (; (double)(end - begin) < seconds * 1e9; n += batch, end = loop_now_ns())
		for (unsigned int i = 0; i < batch; i++)
			if (once() < 0)
				return 1;
	printf("%llu %llu\n", n, end - begin);
	return 0;
}

#endif
