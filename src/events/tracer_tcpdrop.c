/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/tcpdrop.h"
#include "events/words.h"

static const char *const events[] = { "drop", NULL };

static const struct field_word flag_words[] = {
	{ 1, "FIN" }, { 2, "SYN" }, { 4, "RST" }, { 8, "PSH" }, { 16, "ACK" }, { 32, "URG" }, { 64, "ECE" }, { 128, "CWR" },
	{ 0, NULL },
};

static const struct field fields[] = {
	FIELD_REF(ev_tcpdrop, saddr, "saddr", F_IP, .help = "address of the segment's sender"),
	FIELD_NUM(ev_tcpdrop, sport, "sport", F_U64, .help = "port of the segment's sender"),
	FIELD_REF(ev_tcpdrop, daddr, "daddr", F_IP, .help = "address of its receiver"),
	FIELD_NUM(ev_tcpdrop, dport, "dport", F_U64, .help = "port of its receiver"),
	FIELD_NUM(ev_tcpdrop, reason, "reason", F_ENUM, .words = words_drop_reasons, .help = "the kernel's name for why"),
	FIELD_NUM(ev_tcpdrop, state, "state", F_ENUM, .flags = FIELD_OPTIONAL, .words = words_tcp_states, .help = "state of the socket; none: no socket"),
	FIELD_NUM(ev_tcpdrop, tcpflags, "tcpflags", F_FLAGS, .words = flag_words, .help = "flags of the segment"),
	FIELD_NUM(ev_tcpdrop, seq, "seq", F_U64, .help = "sequence number of the segment"),
	FIELD_NUM(ev_tcpdrop, ack, "ack", F_U64, .help = "acknowledged sequence number"),
	FIELD_NUM(ev_tcpdrop, len, "len", F_U64, .help = "bytes of data in the segment"),
	FIELD_REF(ev_tcpdrop, dev, "dev", F_STR, .flags = FIELD_OPTIONAL, .help = "interface"),
	FIELD_NUM(ev_tcpdrop, kernel_reason, "kernel_reason", F_U64, .flags = FIELD_DETAIL, .help = "number of the reason in the running kernel"),
	FIELD_NUM(ev_tcpdrop, netns, "dev_netns", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "network namespace of the interface"),
	{ .name = NULL },
};

const struct tracer_info tracer_tcpdrop = {
	.name = "tcpdrop",
	.class = EV_BULK,
	.help = "TCP segments that the kernel dropped, with the reason",
	.events = events,
	.min_size = sizeof(struct ev_tcpdrop),
	.fields = fields,
};
