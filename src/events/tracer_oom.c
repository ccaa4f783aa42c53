/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/oom.h"
#include "events/target.h"

static const char *const events[] = { "victim", NULL };

static const struct field fields[] = {
	TARGET_FIELDS(ev_oom),
	FIELD_NUM(ev_oom, score_adj, "score_adj", F_I64, .help = "its oom_score_adj"),
	FIELD_NUM(ev_oom, total_kb, "total_kb", F_U64, .flags = FIELD_OPTIONAL, .help = "all that it mapped, in KiB"),
	FIELD_NUM(ev_oom, anon_kb, "anon_kb", F_U64, .flags = FIELD_OPTIONAL, .help = "memory of its own, in KiB, roughly"),
	FIELD_NUM(ev_oom, file_kb, "file_kb", F_U64, .flags = FIELD_OPTIONAL, .help = "pages of files, in KiB, roughly"),
	FIELD_NUM(ev_oom, shmem_kb, "shmem_kb", F_U64, .flags = FIELD_OPTIONAL, .help = "shared memory, in KiB, roughly"),
	FIELD_NUM(ev_oom, swap_kb, "swap_kb", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "what lies in swap, in KiB"),
	{ .name = NULL },
};

const struct tracer_info tracer_oom = {
	.name = "oom",
	.class = EV_CONTROL,
	.help = "processes that the kernel kills for want of memory",
	.events = events,
	.min_size = sizeof(struct ev_oom),
	.fields = fields,
};
