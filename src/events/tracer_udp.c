/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/udp.h"
#include "events/words.h"

static const char *const events[] = { "send", "connect", NULL };

static const struct field fields[] = {
	FIELD_REF(ev_udp, daddr, "daddr", F_IP, .help = "address of the other end"),
	FIELD_NUM(ev_udp, dport, "dport", F_U64, .help = "port of the other end"),
	FIELD_NUM(ev_udp, sport, "sport", F_U64, .flags = FIELD_OPTIONAL, .help = "port of this end, where it has one by now"),
	FIELD_NUM(ev_udp, count, "count", F_U64, .help = "datagrams that the event stands for: since the one before, of this process and destination"),
	FIELD_NUM(ev_udp, family, "family", F_ENUM, .words = words_families, .help = "address family of the socket"),
	FIELD_NUM(ev_udp, protocol, "protocol", F_ENUM, .words = words_protocols, .help = "protocol of the socket"),
	FIELD_NUM(ev_udp, cookie, "cookie", F_U64, .flags = FIELD_OPTIONAL | FIELD_HEX | FIELD_DETAIL, .help = "the kernel's cookie of the socket"),
	FIELD_NUM(ev_udp, netns, "sock_netns", F_U64, .flags = FIELD_DETAIL, .help = "network namespace of the socket"),
	{ .name = NULL },
};

const struct tracer_info tracer_udp = {
	.name = "udp",
	.class = EV_BULK,
	.help = "where processes send datagrams, each destination once a minute",
	.events = events,
	.min_size = sizeof(struct ev_udp),
	.fields = fields,
};
