/* SPDX-License-Identifier: Apache-2.0 */
/* fake-server PATH: serves fake-rpcs.c on a unix socket until SIGTERM, then drains and ends. */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "api/server.h"
#include "common/auto.h"
#include "fake-rpcs.h"

struct program {
	struct event_base *base;
	struct server *server;
};

static void
on_drained(void *arg)
{
	struct program *p = arg;

	event_base_loopbreak(p->base);
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct program *p = arg;

	server_drain(p->server, on_drained, p);
}

static void
print_counter(void *arg, const char *name, uint64_t value)
{
	if (value)
		printf("%s=%llu\n", name, (unsigned long long)value);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct program p = { .base = event_base_new() };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct event *term = evsignal_new(p.base, SIGTERM, on_signal, &p);
	struct config *cfg = fake_config();
	struct api api = { 0 };

	if (argc != 2 || strlen(argv[1]) >= sizeof(sun.sun_path))
		return 2;
	strcpy(sun.sun_path, argv[1]);
	unlink(argv[1]);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 || listen(fd, 4096) < 0 ||
	    server_new(p.base, cfg, &api, &p.server) < 0 || server_listen(p.server, fd) < 0 ||
	    event_add(term, NULL) < 0)
		return 1;
	puts("ready");
	fflush(stdout);
	event_base_dispatch(p.base);
	server_counters(p.server, print_counter, NULL);
	server_free(p.server);
	event_free(term);
	event_base_free(p.base);
	free(cfg);
	return 0;
}
