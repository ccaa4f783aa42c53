/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/action.h"
#include "events/schema.h"

static const char *const events[] = { [ACTION_EV_RESULT] = "result", NULL };

static const struct field_word outcomes[] = {
	{ 0, "done" }, { 1, "failed" }, { 2, "observed" }, { 3, "protected" }, { 4, "too_old" },
	{ 5, "gone" }, { 6, "over_budget" }, { 7, "repeated" }, { 0, NULL },
};

static const struct field fields[] = {
	FIELD_REF(ev_action, action, "action", F_STR, .help = "name of the action"),
	FIELD_REF(ev_action, rule, "rule", F_STR, .help = "rule that asked for it"),
	FIELD_NUM(ev_action, outcome, "outcome", F_ENUM, .words = outcomes, .help = "what came of it"),
	FIELD_NUM(ev_action, cause, "cause", F_U64, .help = "seq of the event that led to it"),
	FIELD_NUM(ev_action, latency_ns, "latency_ns", F_U64,
		.help = "from that event to the end of the act"),
	FIELD_NUM(ev_action, status, "status", F_U64, .flags = FIELD_OPTIONAL,
		.help = "wait status of the program that was run"),
	FIELD_REF(ev_action, target, "target", F_STR, .flags = FIELD_OPTIONAL,
		.help = "container that was acted upon"),
	FIELD_REF(ev_action, text, "text", F_STR, .flags = FIELD_OPTIONAL, .help = "why, for a person"),
	{ .name = NULL },
};

const struct tracer_info tracer_action = {
	.name = "action",
	.class = EV_CONTROL,
	.flags = TR_NO_KERNEL,
	.help = "what actions did",
	.events = events,
	.min_size = sizeof(struct ev_action),
	.fields = fields,
};
