/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_CLOCK_H
#define BPFD_COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

/* A clock that is always there: reading it does not fail. */
static inline uint64_t
clock_ns(clockid_t clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* Of CLOCK_MONOTONIC, for deadlines: signed, so that what is left may be asked for. */
static inline int64_t
clock_ms(void)
{
	return (int64_t)(clock_ns(CLOCK_MONOTONIC) / 1000000);
}

#endif
