/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the gRPC server, fed by bytes.  The preface comes first by itself; of the input, the
 * first byte says how large the pieces are in which the rest arrives.
 */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../component/fake-rpcs.h"
#include "api/conn.h"
#include "common/auto.h"

#define INPUT_MAX (64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct server *
the_server(struct event_base **base)
{
	static struct server *server;
	static struct event_base *the_base;
	static struct api api;

	if (!server) {
		the_base = event_base_new();
		if (!the_base || server_new(the_base, fake_config(), &api, &server) < 0)
			abort();
	}
	*base = the_base;
	return server;
}

/* The client's answers are read and dropped. */
static void
turn(struct event_base *base, int fd)
{
	char sink[4096];

	event_base_loop(base, EVLOOP_NONBLOCK);
	while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct peer peer = { .uid = 1000, .pid = 1, .role = CONFIG_ADMIN };
	struct user user = { .n_conns = 1 };	/* never unused, so never freed */
	struct event_base *base;
	struct server *s = the_server(&base);
	size_t piece;
	int fds[2];

	if (size < 1 || size > INPUT_MAX)
		return 0;
	piece = 1 + (size_t)data[0] * 16;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0 ||
	    conn_new(s, fds[0], &peer, &user) < 0)
		abort();
	if (send(fds[1], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24, MSG_NOSIGNAL) != 24)
		abort();
	for (size_t off = 1; off < size; off += piece) {
		size_t n = size - off < piece ? size - off : piece;

		if (send(fds[1], data + off, n, MSG_NOSIGNAL) < 0)
			break;
		turn(base, fds[1]);
	}
	close(fds[1]);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_loop(base, EVLOOP_NONBLOCK);
	if (s->n_conns || s->n_calls || s->memory || user.n_conns != 1)
		abort();
	return 0;
}
