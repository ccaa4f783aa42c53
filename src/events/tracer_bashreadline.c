/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/bashreadline.h"
#include "events/schema.h"

static const char *const events[] = { "line", NULL };

static const struct field fields[] = {
	FIELD_REF(ev_bashreadline, line, "line", F_STR, .flags = FIELD_UNTRUSTED | FIELD_SENSITIVE, .help = "what was typed"),
	{ .name = NULL },
};

const struct tracer_info tracer_bashreadline = {
	.name = "bashreadline",
	.class = EV_CONTROL,
	.flags = TR_SENSITIVE,
	.help = "lines typed at a bash prompt",
	.events = events,
	.min_size = sizeof(struct ev_bashreadline),
	.fields = fields,
};
