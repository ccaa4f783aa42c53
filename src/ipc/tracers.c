/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/tracers.h"

#include <linux/types.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bpf/event.h"
#include "ipc/config.h"
#include "ipc/declared.h"

/* Those without a name are not there. */
static struct tracer {
	char name[DECLARED_NAME_MAX];
	unsigned int flags;
} tracers[N_TRACERS] = {
#define TRACER(id, name, class, flags, help) [TR_##id] = { #name, flags },
#include "bpf/tracers.def"
};
_Static_assert(N_TRACERS <= TRACERS_MAX, "a mask has a bit for each");

void
ipc_tracers_declare(const struct declared_table *t)
{
	for (size_t i = 0; i < DECLARED_MAX; i++) {
		const struct declared *d = &t->d[i];
		struct tracer *to = &tracers[TR_DECLARED + i];

		to->flags = d->flags & DECLARED_SENSITIVE ? TR_SENSITIVE : 0;
		snprintf(to->name, sizeof(to->name), "%s", d->kind == DECLARED_NONE ? "" : d->name);
	}
}

const char *
ipc_tracer_name(unsigned int tracer)
{
	return tracer && tracer < N_TRACERS && tracers[tracer].name[0] ? tracers[tracer].name : NULL;
}

static unsigned int
find(const char *name, unsigned int end)
{
	for (unsigned int i = 1; i < end; i++)
		if (tracers[i].name[0] && strcmp(tracers[i].name, name) == 0)
			return i;
	return 0;
}

unsigned int
ipc_tracer_by_name(const char *name)
{
	return find(name, N_TRACERS);
}

bool
ipc_tracer_builtin(const char *name)
{
	/* The last two are names of counters. */
	return find(name, N_BUILTIN_TRACERS) != 0 || strcmp(name, "core") == 0 || strcmp(name, "removed") == 0;
}

unsigned int
ipc_tracer_flags(unsigned int tracer)
{
	return tracer < N_TRACERS ? tracers[tracer].flags : 0;
}

uint64_t
ipc_tracers_all(void)
{
	uint64_t mask = 0;

	for (unsigned int i = 1; i < N_TRACERS; i++)
		mask |= tracers[i].name[0] ? 1ULL << i : 0;
	return mask;
}

static uint64_t
with_flag(unsigned int flag)
{
	uint64_t mask = 0;

	for (unsigned int i = 1; i < N_TRACERS; i++)
		if (tracers[i].flags & flag)
			mask |= 1ULL << i;
	return mask;
}

uint64_t
ipc_tracers_sensitive(void)
{
	return with_flag(TR_SENSITIVE);
}

uint64_t
ipc_tracers_configured(void)
{
	return with_flag(TR_CONFIGURED);
}

uint64_t
ipc_tracers_allowed(const struct config *cfg)
{
	return ipc_tracers_all() & ~cfg->tracers_deny.mask &
		~(ipc_tracers_sensitive() & ~cfg->tracers_allow_sensitive.mask) &
		~(ipc_tracers_configured() & ~cfg->tracers_enabled.mask);
}
