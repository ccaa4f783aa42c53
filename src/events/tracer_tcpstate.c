/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/tcpstate.h"
#include "events/words.h"

static const char *const events[] = { "state", "connect", "accept", "close", NULL };

#define ON(id) (1U << TCPSTATE_##id)

static const struct field fields[] = {
	FIELD_REF(ev_tcpstate, saddr, "saddr", F_IP, .help = "address of this end"),
	FIELD_NUM(ev_tcpstate, sport, "sport", F_U64, .flags = FIELD_OPTIONAL, .help = "port of this end"),
	FIELD_REF(ev_tcpstate, daddr, "daddr", F_IP, .help = "address of the other end"),
	FIELD_NUM(ev_tcpstate, dport, "dport", F_U64, .flags = FIELD_OPTIONAL, .help = "port of the other end"),
	FIELD_NUM(ev_tcpstate, oldstate, "oldstate", F_ENUM, .words = words_tcp_states, .help = "state before"),
	FIELD_NUM(ev_tcpstate, newstate, "newstate", F_ENUM, .words = words_tcp_states, .help = "state now"),
	FIELD_NUM(ev_tcpstate, family, "family", F_ENUM, .words = words_families, .help = "address family of the socket"),
	FIELD_NUM(ev_tcpstate, protocol, "protocol", F_ENUM, .words = words_protocols, .help = "protocol of the socket"),
	FIELD_NUM(ev_tcpstate, duration_ns, "duration_ns", F_U64, .flags = FIELD_OPTIONAL, .events = ON(CONNECT) | ON(CLOSE),
		  .help = "how long connecting took, or the connection lasted"),
	FIELD_NUM(ev_tcpstate, bytes_in, "bytes_in", F_U64, .events = ON(CLOSE), .help = "bytes of data received"),
	FIELD_NUM(ev_tcpstate, bytes_out, "bytes_out", F_U64, .events = ON(CLOSE), .help = "bytes of data sent"),
	FIELD_NUM(ev_tcpstate, cookie, "cookie", F_U64, .flags = FIELD_OPTIONAL | FIELD_HEX | FIELD_DETAIL, .help = "the kernel's cookie of the socket"),
	FIELD_NUM(ev_tcpstate, netns, "sock_netns", F_U64, .flags = FIELD_DETAIL, .help = "network namespace of the socket"),
	{ .name = NULL },
};

const struct tracer_info tracer_tcpstate = {
	.name = "tcpstate",
	.class = EV_BULK,
	.help = "TCP connections: connect, accept, close and every other state",
	.events = events,
	.min_size = sizeof(struct ev_tcpstate),
	.fields = fields,
};
