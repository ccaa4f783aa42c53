/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_SERVED_H
#define BPFD_TESTS_SERVED_H

#include <stdint.h>

#include "api/server.h"
#include "fake-rpcs.h"
#include "h2client.h"

/* cmocka's fixture: a server on a socket in a directory of its own, and one client of it. */
struct served {
	struct event_base *base;
	struct config *cfg;
	struct api api;
	struct server *server;
	struct client *client;		/* NULL: the test has freed it */
	char dir[32], path[48];
};

int	served_setup(void **state);
int	served_teardown(void **state);
uint64_t served_counter(struct served *s, const char *name);

#endif
