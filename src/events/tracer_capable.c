/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/capable.h"
#include "events/words.h"

static const char *const events[] = { "capable", NULL };

static const struct field fields[] = {
	FIELD_NUM(ev_capable, cap, "cap", F_ENUM, .words = words_cap, .help = "capability"),
	FIELD_NUM(ev_capable, userns, "userns", F_U64, .flags = FIELD_DETAIL, .help = "user namespace that it was asked for in"),
	FIELD_NUM(ev_capable, count, "count", F_U64, .help = "how many such questions since the last event of them"),
	{ .name = NULL },
};

const struct tracer_info tracer_capable = {
	.name = "capable",
	.class = EV_BULK,
	.flags = TR_COSTLY,
	.help = "capabilities that processes were asked for, had or had not",
	.events = events,
	.min_size = sizeof(struct ev_capable),
	.fields = fields,
};
