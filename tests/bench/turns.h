/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BENCH_TURNS_H
#define BPFD_TESTS_BENCH_TURNS_H

#include "../component/tracerrig.h"
#include "loop.h"

#define TURNS	30		/* of each kind in a round */
#define LOWER	0.25		/* what others do meanwhile makes a turn longer, never shorter */

/* Processor time of one in many short turns of n; rig: NULL, or emptied after each.  False: once() failed. */
static inline bool
turns(bool (*once)(void), unsigned int n, struct tracerrig *rig, double ns[TURNS])
{
	for (int i = -1; i < TURNS; i++) {		/* the first one warms up */
		unsigned long long begin = loop_cpu_ns();

		for (unsigned int k = 0; k < n; k++)
			if (!once())
				return false;
		if (i >= 0)
			ns[i] = (double)(loop_cpu_ns() - begin) / n;
		if (rig) {
			tracerrig_drain(rig, 0);
			tracerrig_forget(rig);
		}
	}
	return true;
}

#endif
