/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/counters.h"

#include <stdio.h>

#include "bpf/event.h"
#include "ipc/tracers.h"

_Static_assert(EV_KERNEL_REMOVED == TRACERS_MAX && EV_KERNEL_MAX == TRACERS_MAX + 1, "one for each tracer");

unsigned int
ipc_kernel_counters(const struct msg_ev_kernel_one *of, struct msg_counter out[IPC_KERNEL_COUNTERS])
{
	const struct { const char *name; uint64_t value; } all[IPC_KERNEL_COUNTERS] = {
		{ "produced", of->produced }, { "lost", of->lost }, { "throttled", of->throttled },
		{ "filtered", of->filtered }, { "cut", of->cut },
	};
	const char *tracer = of->tracer == TR_NONE ? "core" : of->tracer == EV_KERNEL_REMOVED ? "removed" :
		of->tracer < N_TRACERS ? ipc_tracer_name((unsigned int)of->tracer) : NULL;

	if (!tracer)
		return 0;
	for (unsigned int i = 0; i < IPC_KERNEL_COUNTERS; i++) {
		out[i] = (struct msg_counter){ .value = all[i].value };
		snprintf(out[i].name, sizeof(out[i].name), "events.kernel.%s.%s", tracer, all[i].name);
	}
	return IPC_KERNEL_COUNTERS;
}
