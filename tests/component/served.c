/* SPDX-License-Identifier: Apache-2.0 */
#include "served.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int
served_setup(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct served *s = calloc(1, sizeof(*s));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (!s || fd < 0)
		return -1;
	strcpy(s->dir, "/tmp/bpfd-served-XXXXXX");
	if (!mkdtemp(s->dir))
		return -1;
	snprintf(s->path, sizeof(s->path), "%s/sock", s->dir);
	strcpy(sun.sun_path, s->path);
	/* Other users connect in tests. */
	if (chmod(s->dir, 0755) < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    chmod(s->path, 0777) < 0 || listen(fd, 4096) < 0)
		return -1;
	s->base = event_base_new();
	s->cfg = fake_config();
	s->cfg->access_admin.n_uids = 1;	/* whoever runs the tests */
	s->cfg->access_admin.uids[0] = getuid();
	if (server_new(s->base, s->cfg, &s->api, &s->server) < 0 || server_listen(s->server, fd) < 0)
		return -1;
	s->client = client_new(s->base, s->path);
	*state = s;
	return 0;
}

int
served_teardown(void **state)
{
	struct served *s = *state;

	if (s->client)
		client_free(s->client);
	server_free(s->server);
	event_base_free(s->base);
	unlink(s->path);
	rmdir(s->dir);
	free(s->cfg);
	free(s);
	return 0;
}

struct wanted {
	const char *name;
	uint64_t value;
};

static void
look(void *arg, const char *name, uint64_t value)
{
	struct wanted *w = arg;

	if (strcmp(name, w->name) == 0)
		w->value = value;
}

uint64_t
served_counter(struct served *s, const char *name)
{
	struct wanted w = { name, UINT64_MAX };

	server_counters(s->server, look, &w);
	return w.value;
}
