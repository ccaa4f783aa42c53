/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/tracers.h"

#include <linux/types.h>
#include <stddef.h>
#include <string.h>

#include "bpf/event.h"

static const struct {
	const char *name;
	unsigned int flags;
} tracers[N_TRACERS] = {
#define TRACER(id, name, class, flags, help) [TR_##id] = { #name, flags },
#include "bpf/tracers.def"
};
_Static_assert(N_TRACERS <= TRACERS_MAX, "a mask has a bit for each");

const char *
ipc_tracer_name(unsigned int tracer)
{
	return tracer && tracer < N_TRACERS ? tracers[tracer].name : NULL;
}

unsigned int
ipc_tracer_by_name(const char *name)
{
	for (unsigned int i = 1; i < N_TRACERS; i++)
		if (strcmp(tracers[i].name, name) == 0)
			return i;
	return 0;
}

unsigned int
ipc_tracer_flags(unsigned int tracer)
{
	return tracer < N_TRACERS ? tracers[tracer].flags : 0;
}

uint64_t
ipc_tracers_all(void)
{
	return ((1ULL << (N_TRACERS - 1)) - 1) << 1;
}

uint64_t
ipc_tracers_sensitive(void)
{
	uint64_t mask = 0;

	for (unsigned int i = 1; i < N_TRACERS; i++)
		if (tracers[i].flags & TR_SENSITIVE)
			mask |= 1ULL << i;
	return mask;
}
