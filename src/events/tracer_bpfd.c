/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/own.h"
#include "events/schema.h"

static const char *const events[] = {
	[OWN_EV_DETACHED] = "detached", [OWN_EV_REATTACHED] = "reattached", [OWN_EV_GIVEN_UP] = "given_up",
	[N_OWN_EVENTS] = NULL,
};

static const struct field_word causes[] = {
	{ OWN_DETACHED, "detached" }, { OWN_UNPINNED, "unpinned" }, { OWN_UNCHAINED, "unchained" },
	{ OWN_TARGET_GONE, "target_gone" }, { 0, NULL },
};

static const struct field fields[] = {
	FIELD_REF(ev_own, kind, "kind", F_STR, .help = "kind of the link as it was attached, or tracer"),
	FIELD_REF(ev_own, program, "program", F_STR, .help = "name of the program; of a tracer: which of its pins"),
	FIELD_REF(ev_own, target, "target", F_STR, .help = "what it was attached to; the tracer"),
	FIELD_NUM(ev_own, cause, "cause", F_ENUM, .words = causes, .help = "how it came off"),
	FIELD_NUM(ev_own, link, "link", F_U64, .flags = FIELD_OPTIONAL, .help = "its number, as bpfctl list links shows it"),
	FIELD_NUM(ev_own, kernel_link, "kernel_link", F_U64, .flags = FIELD_OPTIONAL,
		.help = "the kernel's number, by which the tracer bpf tells who detached it"),
	FIELD_NUM(ev_own, prog_id, "prog_id", F_U64, .flags = FIELD_OPTIONAL, .help = "the kernel's number of the program"),
	FIELD_NUM(ev_own, owner, "owner", F_U64, .help = "user who loaded it; 0 of tracers"),
	FIELD_NUM(ev_own, tries, "tries", F_U64, .help = "how often it was attached again of late"),
	FIELD_REF(ev_own, text, "text", F_STR, .flags = FIELD_OPTIONAL, .help = "why, for a person"),
	{ .name = NULL },
};

const struct tracer_info tracer_bpfd = {
	.name = "bpfd",
	.class = EV_CONTROL,
	.flags = TR_NO_KERNEL,
	.help = "bpfd's own links and tracers that others took off, and what was put back",
	.events = events,
	.min_size = sizeof(struct ev_own),
	.fields = fields,
};
