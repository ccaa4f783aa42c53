/* SPDX-License-Identifier: Apache-2.0 */
/* What a child is given when it starts; a restarted one gets the same again. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/log.h"

static int
greet_loader(struct child *c)
{
	struct sup *s = c->task.sup;
	struct msg_start_loader start = { .flags = (s->paths.private ? START_PRIVATE : 0) |
		(s->cfg->linker_spare ? START_LINKER : 0) };
	int err;

	memcpy(start.key, s->key, sizeof(start.key));
	err = child_say(c, IPC_START_LOADER, 0, &start, (int[]){ s->cfg_fd, s->bpffs });
	explicit_bzero(start.key, sizeof(start.key));
	return err ? err : helper_give_first(s);
}

static int
greet_api(struct child *c)
{
	struct sup *s = c->task.sup;
	const struct lasting *l = &s->lasting;
	const struct msg_start start = { .flags = s->paths.private ? START_PRIVATE : 0 };
	const struct msg_none none;
	int err;

	if (l->rules < 0)
		rules_read(s);	/* while the loader and its linker start, who do not need them */
	err = child_say(c, IPC_START_API, 0, &start, (int[]){ s->cfg_fd, s->state });

	if (!err)
		err = child_say(c, IPC_API_EVENTS, 0, &none, (int[]){ l->ring_readonly,
			l->consumers[0].cursor, l->consumers[0].event, l->actions });
	if (!err)
		err = child_say(c, IPC_START_RULES, 0, &none, &l->rules);
	for (unsigned int i = 0; i < s->n_listeners && !err; i++) {
		const struct msg_listener m = { .kind = i };

		err = child_say(c, IPC_LISTENER, 0, &m, &s->listeners[i]);
	}
	return err ? err : child_say(c, IPC_API_GO, 0, &none, NULL);
}

static int
greet_enricher(struct child *c)
{
	struct sup *s = c->task.sup;
	const struct lasting *l = &s->lasting;
	const struct msg_start_enricher start = { .ring_bytes = l->ring_bytes,
		.state_bytes = l->state_bytes, .n_cpus = l->n_cpus };
	int err = child_say(c, IPC_START_ENRICHER, 0, &start,
		(int[]){ s->cfg_fd, l->ring, l->state, s->empty });

	for (uint32_t i = 0; i < N_CONSUMERS && !err; i++) {
		const struct msg_consumer m = { .id = i };

		err = child_say(c, IPC_ENRICHER_CONSUMER, 0, &m,
			(int[]){ l->consumers[i].cursor_readonly, l->consumers[i].event });
	}
	return err ? err : child_say(c, IPC_ENRICHER_GO, 0, &(struct msg_none){}, NULL);
}

/* ---- action workers ---- */

#define NEEDS(kind) (1u << ACTION_FD_##kind)

/* What the workers of a class work on; a class that is not here needs nothing. */
static const unsigned int needs[N_ACTION_CLASSES] = {
	[CLASS_OUTPUT] = NEEDS(STDOUT) | NEEDS(LOG_DIR),
	[CLASS_SYSLOG] = NEEDS(SYSLOG) | NEEDS(JOURNAL),
	[CLASS_SIGNAL] = NEEDS(PROC),
	[CLASS_CHECKPOINT] = NEEDS(PROC),
	[CLASS_CGROUP] = NEEDS(PROC) | NEEDS(CGROUP1) | NEEDS(CGROUP2),
};

/* A new one each time: the daemon behind it may have been restarted. */
static int
datagram_to(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	AUTO(fd) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return -1;
	return TAKE_FD(fd);
}

static int
give(struct child *c, enum action_fd_kind kind, uint32_t index, int fd)
{
	const struct msg_action_fd m = { .kind = kind, .index = index };

	return fd < 0 ? 0 : child_say(c, IPC_ACTION_FD, 0, &m, &fd);
}

static int
give_kind(struct child *c, enum action_fd_kind kind)
{
	const struct lasting *l = &c->task.sup->lasting;
	AUTO(fd) int sock = -1;
	int err = 0;

	switch (kind) {
	case ACTION_FD_STDOUT:
		return give(c, kind, 0, STDOUT_FILENO);
	case ACTION_FD_LOG_DIR:
		return give(c, kind, 0, l->log_dir);
	case ACTION_FD_PROC:
		return give(c, kind, 0, l->proc_dir);
	case ACTION_FD_CGROUP1:
		for (uint32_t i = 0; i < N_CGROUP1 && !err; i++)
			err = give(c, kind, i, l->cgroup1[i]);
		return err;
	case ACTION_FD_CGROUP2:
		return give(c, kind, 0, l->cgroup2);
	case ACTION_FD_SYSLOG:
		sock = datagram_to("/dev/log");
		return give(c, kind, 0, sock);
	case ACTION_FD_JOURNAL:
		sock = datagram_to("/run/systemd/journal/socket");
		return give(c, kind, 0, sock);
	case ACTION_FD_SPOOL:
	case ACTION_FD_SECRET:
	case ACTION_FD_TOKEN:
	case ACTION_FD_CA:
		return 0;	/* of an instance: alerts.c */
	case ACTION_FD_EMPTY_DIR:
		return give(c, kind, 0, c->task.sup->empty);
	}
	return -EINVAL;
}

static int
greet_worker(struct child *c)
{
	struct sup *s = c->task.sup;
	const struct lasting *l = &s->lasting;
	const uint32_t class = (uint32_t)(c - &s->children[WORKERS]), consumer = 1 + class;
	const struct msg_start_action start = { .ring_bytes = l->ring_bytes, .class_ = class,
		.epoch = l->ring_epoch,
		.flags = s->cfg->actions_allow_enforce ? ACTION_ALLOW_ENFORCE : 0 };
	const struct msg_none none;
	int err = child_say(c, IPC_START_ACTION, 0, &start,
		(int[]){ s->cfg_fd, l->actions, l->ring_readonly });

	if (!err)
		err = child_say(c, IPC_ACTION_CURSOR, 0, &none,
			(int[]){ l->consumers[consumer].cursor, l->consumers[consumer].event });
	for (unsigned int kind = 0; kind <= ACTION_FD_EMPTY_DIR && !err; kind++)
		if ((needs[class] | NEEDS(EMPTY_DIR)) & 1u << kind)
			err = give_kind(c, kind);
	if (!err)
		err = alerts_give(c);
	return err ? err : child_say(c, IPC_ACTION_GO, 0, &none, NULL);
}

int
greet_again(struct child *c, uint32_t kind)
{
	const size_t class = (size_t)(c - &c->task.sup->children[WORKERS]);

	if ((kind != ACTION_FD_SYSLOG && kind != ACTION_FD_JOURNAL) || !(needs[class] & 1u << kind))
		return -EPROTO;
	return give_kind(c, (enum action_fd_kind)kind);
}

int
greet(struct child *c)
{
	switch (c - c->task.sup->children) {
	case LOADER:
		return greet_loader(c);
	case API:
		return greet_api(c);
	case ENRICHER:
		return greet_enricher(c);
	default:
		return greet_worker(c);
	}
}
