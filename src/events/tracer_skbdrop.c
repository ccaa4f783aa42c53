/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/skbdrop.h"
#include "events/words.h"

static const char *const events[] = { "count", NULL };

static const struct field fields[] = {
	FIELD_NUM(ev_skbdrop, reason, "reason", F_ENUM, .words = words_drop_reasons, .help = "the kernel's name for why"),
	FIELD_REF(ev_skbdrop, location, "location", F_STR, .help = "function of the kernel that dropped them"),
	FIELD_NUM(ev_skbdrop, packets, "packets", F_U64, .help = "packets in the interval"),
	FIELD_NUM(ev_skbdrop, interval_ns, "interval_ns", F_U64, .help = "length of the interval"),
	FIELD_NUM(ev_skbdrop, kernel_reason, "kernel_reason", F_U64, .flags = FIELD_DETAIL, .help = "number of the reason in the running kernel"),
	{ .name = NULL },
};

const struct tracer_info tracer_skbdrop = {
	.name = "skbdrop",
	.class = EV_BULK,
	.help = "packets that the kernel dropped, by reason and place, each second",
	.events = events,
	.min_size = sizeof(struct ev_skbdrop),
	.fields = fields,
};
