/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/cgroup.h"
#include "events/schema.h"

static const char *const events[] = { "mkdir", "rmdir", "attach", NULL };

#define ON(id) (1U << CGROUP_##id)

static const struct field fields[] = {
	FIELD_REF(ev_cgroup, path, "path", F_PATH, .help = "the cgroup, from the root of its hierarchy"),
	FIELD_NUM(ev_cgroup, id, "id", F_U64, .help = "its inode number"),
	FIELD_NUM(ev_cgroup, hierarchy, "hierarchy", F_U64, .help = "as in /proc/PID/cgroup; 0: version 2"),
	FIELD_NUM(ev_cgroup, level, "level", F_U64, .help = "0: the root"),
	FIELD_NUM(ev_cgroup, target, "target", F_U64, .events = ON(ATTACH), .help = "process that joins"),
	FIELD_NUM(ev_cgroup, target_tid, "target_tid", F_U64, .events = ON(ATTACH), .help = "thread that joins, or the process"),
	{ .name = NULL },
};

const struct tracer_info tracer_cgroup = {
	.name = "cgroup",
	.class = EV_CONTROL,
	.help = "cgroups and containers created, joined and removed",
	.events = events,
	.min_size = sizeof(struct ev_cgroup),
	.fields = fields,
};
