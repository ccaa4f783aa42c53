/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_COMPONENT_TRACERRIG_PARTS_H
#define BPFD_TESTS_COMPONENT_TRACERRIG_PARTS_H

/* What the files of the rig share. */
#include <bpf/libbpf.h>

#include "tracerrig.h"

#define OBJECTS_MAX	TRACERS_MAX
#define LINKS_MAX	128
#define EVENTS_MAX	(1 << 20)

struct tracerrig {
	struct bpf_object *objects[OBJECTS_MAX];	/* [0]: the core */
	size_t n_objects;
	struct bpf_link *links[LINKS_MAX];
	size_t n_links;
	int inner[N_EV_CLASSES * 1024];
	size_t n_inner;
	struct ring_buffer *control, *bulk;
	struct ev_settings settings;
	struct ev_filter filter;
	struct few { uint64_t v[EV_INLINE]; uint32_t n; } few[TRACERS_MAX][DIM_EXE + 1];
	int n_cpus;
	char missing[512];
	bool functions;
	struct ev_hdr **events;
	size_t n_events;
};

/* A map of the core; the rig's descriptor. */
static inline int
tracerrig_map(const struct tracerrig *r, const char *name)
{
	return bpf_object__find_map_fd_by_name(r->objects[0], name);
}

#endif
