/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ctl_answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/logs.h"
#include "common/auto.h"

#define ITEMS_MAX	65536
#define LOG_MAX		LOGS_BYTES_MAX	/* of a verifier's log, its end: there is what it refused */

#define CLEAN(array) answer_clean(array, sizeof(array))

void
answer_clean(char *text, size_t size)
{
	text[size - 1] = '\0';
	if (ipc_str_ok(text, size))
		return;
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void
answer_fail(struct answer *a, enum ipc_code code, const char *text)
{
	a->lost = true;
	a->result = (struct msg_result){ .code = code };
	snprintf(a->result.text, sizeof(a->result.text), "%s", text);
}

void
answer_clear(struct answer *a)
{
	free(a->progs);
	free(a->maps);
	free(a->links);
	free(a->counters);
	free(a->tracers);
	free(a->slots);
	free(a->holders);
	free(a->ifaces);
	free(a->log);
	if (a->object_fd >= 0)
		close(a->object_fd);
	if (a->stream_fd >= 0)
		close(a->stream_fd);
	*a = (struct answer){ .object_fd = -1, .stream_fd = -1 };
}

/* Room for one more element; grows by doubling from 8. */
static int
append(void *array, size_t *n, size_t size, const void *item)
{
	char *all = *(void **)array;

	if (*n == ITEMS_MAX)
		return -EPROTO;
	if (*n == 0 || (*n >= 8 && (*n & (*n - 1)) == 0)) {
		all = realloc(all, size * (*n ? *n * 2 : 8));
		if (!all)
			return -ENOMEM;
		*(void **)array = all;
	}
	memcpy(all + *n * size, item, size);
	++*n;
	return 0;
}

static int
add_prog(struct answer *a, const struct msg_prog_facts *m)
{
	struct msg_prog_facts p = *m;

	if (p.n_maps > IPC_MAP_IDS_MAX || p.id == 0)
		return -EPROTO;
	CLEAN(p.kname);
	CLEAN(p.name);
	CLEAN(p.section);
	return append(&a->progs, &a->n_progs, sizeof(p), &p);
}

static int
add_map(struct answer *a, const struct msg_map_facts *m)
{
	struct msg_map_facts f = *m;

	CLEAN(f.name);
	CLEAN(f.shared);
	return append(&a->maps, &a->n_maps, sizeof(f), &f);
}

static int
add_link(struct answer *a, const struct msg_link_facts *m)
{
	struct msg_link_facts l = *m;

	CLEAN(l.kind);
	CLEAN(l.backend);
	CLEAN(l.target);
	CLEAN(l.direction);
	CLEAN(l.mode);
	return append(&a->links, &a->n_links, sizeof(l), &l);
}

static int
add_counter(struct answer *a, const struct msg_counter *m)
{
	struct msg_counter c = *m;

	CLEAN(c.name);
	return append(&a->counters, &a->n_counters, sizeof(c), &c);
}

static int
add_tracer(struct answer *a, const struct msg_tracer_state *m)
{
	struct msg_tracer_state t = *m;

	CLEAN(t.reason);
	CLEAN(t.hooks);
	CLEAN(t.hooks_reason);
	return append(&a->tracers, &a->n_tracers, sizeof(t), &t);
}

static int
add_slot(struct answer *a, const struct msg_slot *m)
{
	struct msg_slot s = *m;

	CLEAN(s.prog.name);
	CLEAN(s.interface);
	return append(&a->slots, &a->n_slots, sizeof(s), &s);
}

static int
add_holder(struct answer *a, const struct msg_holder *m)
{
	struct msg_holder h = *m;

	CLEAN(h.text);
	return append(&a->holders, &a->n_holders, sizeof(h), &h);
}

static int
add_iface(struct answer *a, const struct msg_iface *m)
{
	struct msg_iface f = *m;

	CLEAN(f.name);
	return append(&a->ifaces, &a->n_ifaces, sizeof(f), &f);
}

static int
add_object(struct answer *a, const struct msg_object_fd *m, int *fds)
{
	if (a->object_fd >= 0)
		return -EPROTO;
	a->object_fd = TAKE_FD(fds[0]);
	a->object_bytes = m->size;
	return 0;
}

static int
add_page(struct answer *a, const struct msg_map_page *m, int *fds)
{
	if (a->object_fd >= 0 || m->token_len > sizeof(m->token) || m->last > 1)
		return -EPROTO;
	a->page = *m;
	a->object_bytes = m->n * ((uint64_t)m->key_bytes + m->value_bytes);
	a->object_fd = TAKE_FD(fds[0]);
	return 0;
}

static int
add_stream(struct answer *a, int *fds)
{
	if (a->stream_fd >= 0)
		return -EPROTO;
	a->stream_fd = TAKE_FD(fds[0]);
	return 0;
}

/* The descriptor may be one that a linker can still write: one copy is made, and that is cleaned. */
static int
add_log(struct answer *a, const struct msg_result_log *m, const int *fds)
{
	size_t len = m->len > LOG_MAX ? LOG_MAX : (size_t)m->len, have = 0;
	uint64_t at = m->offset + (m->len - len);

	if (a->log)
		return -EPROTO;
	a->log = calloc(1, len + 1);
	if (!a->log)
		return -ENOMEM;
	while (have < len) {
		ssize_t n = pread(fds[0], a->log + have, len - have, (off_t)(at + have));

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	for (size_t i = 0; i < have; i++)
		if ((a->log[i] < ' ' || a->log[i] > '~') && a->log[i] != '\n' && a->log[i] != '\t')
			a->log[i] = '?';
	a->log_len = have;
	return 0;
}

static int
add_result(struct answer *a, const struct msg_result *m)
{
	size_t n = a->n_progs + a->n_maps + a->n_links + a->n_counters + a->n_tracers + a->n_slots + a->n_holders + a->n_ifaces +
		(a->object_fd >= 0) + (a->stream_fd >= 0);

	if (m->code > IPC_UNAUTHENTICATED || m->n_items != n)
		return -EPROTO;
	a->result = *m;
	CLEAN(a->result.text);
	return 1;
}

int
answer_add(struct answer *a, struct chan_msg *m)
{
	switch (m->hdr.type) {
	case IPC_PROG:
		return add_prog(a, m->payload);
	case IPC_MAP:
		return add_map(a, m->payload);
	case IPC_LINK_FACTS:
		return add_link(a, m->payload);
	case IPC_COUNTER:
		return add_counter(a, m->payload);
	case IPC_TRACER_STATE:
		return add_tracer(a, m->payload);
	case IPC_SLOT:
		return add_slot(a, m->payload);
	case IPC_HOLDER:
		return add_holder(a, m->payload);
	case IPC_IFACE:
		return add_iface(a, m->payload);
	case IPC_OBJECT:
		return add_object(a, m->payload, m->fds);
	case IPC_MAP_PAGE:
		return add_page(a, m->payload, m->fds);
	case IPC_ITER_STREAM:
		return add_stream(a, m->fds);
	case IPC_RESULT_LOG:
		return add_log(a, m->payload, m->fds);
	case IPC_TOKEN:
		a->token = *(const struct msg_token *)m->payload;
		a->has_token = true;
		return 0;
	case IPC_RESULT:
		return add_result(a, m->payload);
	default:
		return -EPROTO;
	}
}
