/* SPDX-License-Identifier: Apache-2.0 */
/* Children that talk to each other: a channel for each pair, made anew when either was restarted. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/log.h"

/* a is told first: whoever lost its peer has noticed already. */
static const struct pair {
	unsigned int a, b;		/* indices of children */
	enum ipc_type to_a, to_b;
} pairs[] = {
	{ LOADER, API, IPC_LOADER_PEER, IPC_API_PEER },
	{ LOADER, ENRICHER, IPC_LOADER_ENRICHER, IPC_ENRICHER_LOADER },
	{ API, ENRICHER, IPC_API_ENRICHER, IPC_ENRICHER_API },
#define ACTION_CLASS(id, name, exe, user, caps, help)                                                   \
	{ ENRICHER, WORKERS + CLASS_##id, IPC_ENRICHER_ACTION, IPC_ACTION_ENRICHER },
#include "ipc/classes.def"
};

_Static_assert(ARRAY_SIZE(pairs) <= 64, "bits of sup.wired");

/* Only ENRICHER_ACTION has a payload: which consumer of the ring is at the other end. */
static int
introduce(struct child *to, enum ipc_type type, unsigned int peer, int fd)
{
	const struct msg_consumer consumer = { .id = peer - WORKERS + 1 };
	const struct msg_none none;

	return child_say(to, type, 0,
		type == IPC_ENRICHER_ACTION ? (const void *)&consumer : (const void *)&none, &fd);
}

static void
wire_pair(struct sup *s, const struct pair *p)
{
	struct child *a = &s->children[p->a], *b = &s->children[p->b];
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0) {
		log_err(-errno, "child.wire", "first=%s second=%s", a->task.name, b->task.name);
		return;
	}
	if (introduce(a, p->to_a, p->b, sv[0]) == 0 && introduce(b, p->to_b, p->a, sv[1]) == 0)
		s->wired |= 1ULL << (p - pairs);
	close(sv[0]);
	close(sv[1]);
}

void
wire(struct sup *s)
{
	if (s->stopping || s->reloading)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (!(s->wired & 1ULL << i) && s->children[pairs[i].a].ready && s->children[pairs[i].b].ready)
			wire_pair(s, &pairs[i]);
}

void
wire_lost(struct child *c)
{
	struct sup *s = c->task.sup;
	const size_t self = (size_t)(c - s->children);

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (pairs[i].a == self || pairs[i].b == self)
			s->wired &= ~(1ULL << i);
}
