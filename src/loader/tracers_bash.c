/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tracer bashreadline: a probe at the end of readline() in every distinct bash, the host's and
 * those of containers, which are opened as the process that runs them sees them.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "loader/handlers.h"
#include "loader/tracers_parts.h"

#define BINARIES_MAX 64
#define LOOKS_MAX 64		/* in LOOKS_MS: each is a process or three, and we wait for them */
#define LOOKS_MS 10000

static unsigned int
n_binaries(const struct tracer_facts *f)
{
	unsigned int n = 0;

	for (const char *pin = tracer_pin_of(f, 'l', NULL); pin; pin = tracer_pin_of(f, 'l', pin))
		n++;
	return n;
}

static void
look_into(struct loader *ld, const struct msg_binary *m)
{
	struct tracer_facts *f = &ld->tracers.t[TR_BASHREADLINE];
	struct msg_one_fd facts;
	struct msg_result res = { 0 };
	AUTO(fd) int file = -1;
	char pin[IPC_NAME_MAX];
	int err = oneshot_fd(ld, IPC_ONE_BINARY, m, NULL, &facts, &file, &res);

	if (!err)
		err = tracers_uprobe_pin(file, pin);
	if (err == 0 && !tracer_has_pin(f, pin))
		err = tracers_uprobe_in(ld, TR_BASHREADLINE, TAKE_FD(file), "readline", &res);
	if (err)
		log_info("tracers.bash", "pid=%u path=%s why=%s", m->pid, LOG_QUOTE(m->path),
			LOG_QUOTE(res.text));
}

void
tracers_bash_host(struct loader *ld)
{
	static const char *const paths[] = { "/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct msg_binary m = { 0 };

		snprintf(m.path, sizeof(m.path), "%s", paths[i]);
		look_into(ld, &m);
	}
}

static bool
may_look(struct tracers *t)
{
	int64_t now = clock_ms();

	if (now - t->looks_since_ms >= LOOKS_MS) {
		t->looks_since_ms = now;
		t->looks = 0;
	}
	if (t->looks++ == LOOKS_MAX)
		log_warn("tracers.bash", "more than %d executables in %d s: the others are not looked into",
			LOOKS_MAX, LOOKS_MS / 1000);
	return t->looks <= LOOKS_MAX;
}

int
on_BINARY_SEEN(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_binary *m,
	int *fds)
{
	struct tracer_facts *f = &ld->tracers.t[TR_BASHREADLINE];
	struct msg_binary binary = *m;

	if (m->pid == 0 || !IPC_STR_OK(m->path))
		return -EPROTO;
	if (!f->loaded || !tracer_pin_of(f, 'u', NULL))
		return 0;
	if (n_binaries(f) >= BINARIES_MAX) {
		snprintf(f->reason, sizeof(f->reason), "%d distinct bash are probed already, more are not",
			BINARIES_MAX);
		return 0;
	}
	binary.path[0] = '\0';
	if (may_look(&ld->tracers))
		look_into(ld, &binary);
	return 0;
}
