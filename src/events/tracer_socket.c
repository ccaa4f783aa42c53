/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/socket.h"
#include "events/words.h"

static const char *const events[] = { "socket", NULL };

static const struct field fields[] = {
	FIELD_NUM(ev_socket, family, "family", F_ENUM, .words = words_families, .help = "address family"),
	FIELD_NUM(ev_socket, type, "socktype", F_ENUM, .words = words_socket_types, .help = "type of the socket"),
	FIELD_NUM(ev_socket, protocol, "protocol", F_U64, .help = "number of the protocol within the family"),
	{ .name = NULL },
};

const struct tracer_info tracer_socket = {
	.name = "socket",
	.class = EV_BULK,
	.help = "sockets of kinds that few programs need: raw, packet, alg, ...",
	.events = events,
	.min_size = sizeof(struct ev_socket),
	.fields = fields,
};
