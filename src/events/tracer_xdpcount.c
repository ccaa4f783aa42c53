/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/xdpcount.h"
#include "events/schema.h"

static const char *const events[] = { "count", NULL };

static const struct field_word action_words[] = {
	{ XDPCOUNT_ABORTED, "ABORTED" },
	{ XDPCOUNT_DROP, "DROP" },
	{ XDPCOUNT_PASS, "PASS" },
	{ XDPCOUNT_TX, "TX" },
	{ XDPCOUNT_REDIRECT, "REDIRECT" },
	{ XDPCOUNT_INVALID, "INVALID" },
	{ XDPCOUNT_REDIRECT_ERR, "REDIRECT_ERR" },
	{ XDPCOUNT_TX_DROP, "TX_DROP" },
	{ 0, NULL },
};

static const struct field fields[] = {
	FIELD_REF(ev_xdpcount, dev, "dev", F_STR, .help = "interface"),
	FIELD_NUM(ev_xdpcount, ifindex, "ifindex", F_U64, .help = "number of the interface"),
	FIELD_NUM(ev_xdpcount, action, "action", F_ENUM, .words = action_words, .help = "what became of the packets"),
	FIELD_NUM(ev_xdpcount, packets, "packets", F_U64, .help = "packets in the interval"),
	FIELD_NUM(ev_xdpcount, bytes, "bytes", F_U64, .flags = FIELD_OPTIONAL, .help = "bytes in the interval, where the kernel tells"),
	FIELD_NUM(ev_xdpcount, interval_ns, "interval_ns", F_U64, .help = "length of the interval"),
	FIELD_NUM(ev_xdpcount, prog, "prog", F_U64, .flags = FIELD_OPTIONAL, .help = "id of the XDP program"),
	FIELD_NUM(ev_xdpcount, netns, "dev_netns", F_U64, .help = "network namespace of the interface"),
	{ .name = NULL },
};

const struct tracer_info tracer_xdpcount = {
	.name = "xdpcount",
	.class = EV_BULK,
	.help = "packets and bytes on interfaces by XDP action, each second",
	.events = events,
	.min_size = sizeof(struct ev_xdpcount),
	.fields = fields,
};
