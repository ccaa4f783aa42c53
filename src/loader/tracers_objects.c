/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/tracers.h"
#include "loader/tracers_parts.h"

/* Made by src/loader/embed; weak, because an object may not be there. */
extern const char tracer_objects_digest[];
extern const char tracer_object_core[] __attribute__((weak)), tracer_object_core_end[] __attribute__((weak));
#define TRACER(id, name, class, flags, help)                                                       \
	extern const char tracer_object_##name[] __attribute__((weak)),                            \
		tracer_object_##name##_end[] __attribute__((weak));
#include "bpf/tracers.def"
extern const char tracer_object_tracepoint[] __attribute__((weak)), tracer_object_tracepoint_end[] __attribute__((weak));
extern const char tracer_object_uprobe[] __attribute__((weak)), tracer_object_uprobe_end[] __attribute__((weak));

struct object { const char *name, *begin, *end; };

static const struct object objects[N_BUILTIN_TRACERS] = {
	[TRACER_CORE] = { "core", tracer_object_core, tracer_object_core_end },
#define TRACER(id, name, class, flags, help)                                                       \
	[TR_##id] = { #name, tracer_object_##name, tracer_object_##name##_end },
#include "bpf/tracers.def"
};

/* One for all that are declared of a kind. */
static const struct object declared_objects[] = {
	[DECLARED_TRACEPOINT] = { "tracepoint", tracer_object_tracepoint, tracer_object_tracepoint_end },
	[DECLARED_UPROBE] = { "uprobe", tracer_object_uprobe, tracer_object_uprobe_end },
};

const char *
tracer_name(unsigned int n)
{
	return n < N_BUILTIN_TRACERS ? objects[n].name : ipc_tracer_name(n);
}

const struct declared *
tracer_declared(const struct loader *ld, unsigned int n)
{
	const struct declared *d = n >= TR_DECLARED ? &ld->cfg->declared.d[n - TR_DECLARED] : NULL;

	return d && d->kind != DECLARED_NONE ? d : NULL;
}

const char *
tracer_objects_digest_text(void)
{
	return tracer_objects_digest;
}

bool
tracer_object(const struct loader *ld, unsigned int n, const void **data, size_t *len)
{
	const struct declared *d = tracer_declared(ld, n);
	const struct object *o = d ? &declared_objects[d->kind] : &objects[n];

	if (!o->begin)
		return false;
	*data = o->begin;
	*len = (size_t)(o->end - o->begin);
	return true;
}
