/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/arp.h"
#include "events/schema.h"

static const char *const events[] = { "sent", "received", NULL };

static const struct field_word dir_words[] = { { ARP_SENT, "out" }, { ARP_RECEIVED, "in" }, { 0, NULL } };
static const struct field_word op_words[] = {
	{ 1, "request" }, { 2, "reply" }, { 3, "rarp-request" }, { 4, "rarp-reply" }, { 8, "inarp-request" }, { 9, "inarp-reply" },
	{ 0, NULL },
};

static const struct field fields[] = {
	FIELD_NUM(ev_arp, op, "op", F_ENUM, .words = op_words, .help = "request or reply"),
	FIELD_NUM(ev_arp, h.event, "dir", F_ENUM, .words = dir_words, .help = "seen on its way in or out"),
	FIELD_REF(ev_arp, sip, "sip", F_IP, .help = "address of the sender, as it says"),
	FIELD_REF(ev_arp, tip, "tip", F_IP, .help = "address that is asked for or answered"),
	FIELD_REF(ev_arp, smac, "smac", F_MAC, .help = "hardware address of the sender, as it says"),
	FIELD_REF(ev_arp, tmac, "tmac", F_MAC, .help = "hardware address of the target; zero in a request"),
	FIELD_REF(ev_arp, dev, "dev", F_STR, .help = "interface"),
	FIELD_NUM(ev_arp, ifindex, "ifindex", F_U64, .flags = FIELD_DETAIL, .help = "number of the interface"),
	FIELD_NUM(ev_arp, netns, "dev_netns", F_U64, .flags = FIELD_DETAIL, .help = "network namespace of the interface"),
	{ .name = NULL },
};

const struct tracer_info tracer_arp = {
	.name = "arp",
	.class = EV_BULK,
	.help = "ARP packets sent and received",
	.events = events,
	.min_size = sizeof(struct ev_arp),
	.fields = fields,
};
