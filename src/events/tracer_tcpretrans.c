/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/tcpretrans.h"
#include "events/words.h"

static const char *const events[] = { "retransmit", "send-reset", "receive-reset", NULL };

static const struct field fields[] = {
	FIELD_REF(ev_tcpretrans, saddr, "saddr", F_IP, .help = "address of this end"),
	FIELD_NUM(ev_tcpretrans, sport, "sport", F_U64, .help = "port of this end"),
	FIELD_REF(ev_tcpretrans, daddr, "daddr", F_IP, .help = "address of the other end"),
	FIELD_NUM(ev_tcpretrans, dport, "dport", F_U64, .help = "port of the other end"),
	FIELD_NUM(ev_tcpretrans, state, "state", F_ENUM, .flags = FIELD_OPTIONAL, .words = words_tcp_states, .help = "state of the socket; none: no socket"),
	FIELD_NUM(ev_tcpretrans, family, "family", F_ENUM, .words = words_families, .help = "address family of the socket"),
	FIELD_NUM(ev_tcpretrans, len, "len", F_U64, .events = 1U << TCPRETRANS_RETRANSMIT, .help = "bytes of data that are sent again"),
	FIELD_NUM(ev_tcpretrans, cookie, "cookie", F_U64, .flags = FIELD_OPTIONAL | FIELD_HEX | FIELD_DETAIL, .help = "the kernel's cookie of the socket"),
	FIELD_NUM(ev_tcpretrans, netns, "sock_netns", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "network namespace of the socket"),
	{ .name = NULL },
};

const struct tracer_info tracer_tcpretrans = {
	.name = "tcpretrans",
	.class = EV_BULK,
	.help = "TCP segments that are sent again, and connections that are reset",
	.events = events,
	.min_size = sizeof(struct ev_tcpretrans),
	.fields = fields,
};
