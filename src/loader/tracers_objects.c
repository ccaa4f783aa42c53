/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/tracers_parts.h"

/* Made by src/loader/embed; weak, because an object may not be there. */
extern const char tracer_objects_digest[];
extern const char tracer_object_core[] __attribute__((weak)), tracer_object_core_end[] __attribute__((weak));
#define TRACER(id, name, class, flags, help)                                                       \
	extern const char tracer_object_##name[] __attribute__((weak)),                            \
		tracer_object_##name##_end[] __attribute__((weak));
#include "bpf/tracers.def"

static const struct {
	const char *name, *begin, *end;
} objects[N_TRACERS] = {
	[TRACER_CORE] = { "core", tracer_object_core, tracer_object_core_end },
#define TRACER(id, name, class, flags, help)                                                       \
	[TR_##id] = { #name, tracer_object_##name, tracer_object_##name##_end },
#include "bpf/tracers.def"
};

const char *
tracer_name(unsigned int n)
{
	return objects[n].name;
}

const char *
tracer_objects_digest_text(void)
{
	return tracer_objects_digest;
}

bool
tracer_object(unsigned int n, const void **data, size_t *len)
{
	if (!objects[n].begin)
		return false;
	*data = objects[n].begin;
	*len = (size_t)(objects[n].end - objects[n].begin);
	return true;
}
