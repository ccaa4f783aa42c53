/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BENCH_LOOP_H
#define BPFD_TESTS_BENCH_LOOP_H

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static inline unsigned long long
loop_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long long)ts.tv_sec * 1000000000ULL + (unsigned long long)ts.tv_nsec;
}

/* Processor time of the process and of its children that ended: what other jobs do is not in it. */
static inline unsigned long long
loop_cpu_ns(void)
{
	struct timespec ts;
	struct rusage r;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	getrusage(RUSAGE_CHILDREN, &r);
	return (unsigned long long)(ts.tv_sec + r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000000ULL +
		(unsigned long long)ts.tv_nsec +
		(unsigned long long)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1000ULL;
}

/* After a line on standard input, once() so many times between two looks at the clock, for seconds. */
static inline int
loop_repeat(double seconds, unsigned int batch, int (*once)(void))
{
	unsigned long long begin, end, cpu, n = 0;

	if (getchar() == EOF)
		return 2;
	cpu = loop_cpu_ns();
	begin = end = loop_now_ns();
	for (; (double)(end - begin) < seconds * 1e9; n += batch, end = loop_now_ns())
		for (unsigned int i = 0; i < batch; i++)
			if (once() < 0)
				return 1;
	printf("%llu %llu %llu\n", n, end - begin, loop_cpu_ns() - cpu);
	return 0;
}

#endif
