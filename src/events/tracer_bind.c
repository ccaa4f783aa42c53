/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/bind.h"
#include "events/words.h"

static const char *const events[] = { "bind", "listen", NULL };

static const struct field_word flag_words[] = {
	{ BIND_WILDCARD, "WILDCARD" }, { BIND_REUSEPORT, "REUSEPORT" }, { BIND_REUSEADDR, "REUSEADDR" },
	{ BIND_ABSTRACT, "ABSTRACT" }, { 0, NULL },
};

static const struct field fields[] = {
	FIELD_NUM(ev_bind, family, "family", F_ENUM, .words = words_families, .help = "address family of the socket"),
	FIELD_NUM(ev_bind, type, "socktype", F_ENUM, .words = words_socket_types, .help = "type of the socket"),
	FIELD_NUM(ev_bind, protocol, "protocol", F_ENUM, .flags = FIELD_OPTIONAL, .words = words_protocols, .help = "protocol of the socket"),
	FIELD_REF(ev_bind, addr, "addr", F_IP, .help = "address of this end"),
	FIELD_NUM(ev_bind, port, "port", F_U64, .flags = FIELD_OPTIONAL, .help = "port of this end"),
	FIELD_REF(ev_bind, path, "path", F_PATH, .flags = FIELD_OPTIONAL, .help = "of AF_UNIX: the socket's file, or its abstract name"),
	FIELD_NUM(ev_bind, flags, "sockflags", F_FLAGS, .flags = FIELD_OPTIONAL, .words = flag_words, .help = "any address, shared port, abstract name"),
	FIELD_NUM(ev_bind, backlog, "backlog", F_U64, .events = 1U << BIND_LISTEN, .help = "connections that may wait"),
	FIELD_NUM(ev_bind, ifindex, "ifindex", F_U64, .flags = FIELD_OPTIONAL, .help = "number of the interface that it is bound to"),
	FIELD_NUM(ev_bind, ethertype, "ethertype", F_U64, .flags = FIELD_OPTIONAL | FIELD_HEX, .help = "of AF_PACKET: the protocol that it sees"),
	FIELD_NUM(ev_bind, cookie, "cookie", F_U64, .flags = FIELD_OPTIONAL | FIELD_HEX | FIELD_DETAIL, .help = "the kernel's cookie of the socket"),
	FIELD_NUM(ev_bind, netns, "sock_netns", F_U64, .flags = FIELD_DETAIL, .help = "network namespace of the socket"),
	{ .name = NULL },
};

const struct tracer_info tracer_bind = {
	.name = "bind",
	.class = EV_BULK,
	.help = "sockets that are bound to an address or listen",
	.events = events,
	.min_size = sizeof(struct ev_bind),
	.fields = fields,
};
