/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements of a map, page by page: one is asked for when the client has taken what came before, so
 * that neither this process nor the loader holds more than that of a map of any size.  The bytes are
 * passed on as they are; the client formats them.
 */
#include "api/rpc_maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/programs_op.h"
#include "api/rpc_programs.h"

#define READS_MAX	8
#define UNSENT_MAX	(256u << 10)	/* for the client, before anything more is read */
#define BTF_PART	(128u << 10)
#define PAGE_MAX	(16u << 20)
#define RESUME_MS	2

struct map_read {
	struct op op;
	struct msg_map_read next;	/* the request for the next page */
	bool types, no_elements, started, last;
	bool asking;			/* the loader has a request: its answer ends the wait */
	struct event resume;
	int64_t end_ns;
	int btf;			/* -1: none, or all sent */
	uint64_t btf_at, btf_len, n, bytes;
};

static unsigned int n_reads;

static void
read_free(void *arg)
{
	struct map_read *r = arg;

	if (r->started)
		event_del(&r->resume);
	if (r->btf >= 0)
		close(r->btf);
	n_reads--;
	free(r);
}

static void
on_cancelled(void *arg)
{
	struct map_read *r = arg;

	if (!r->asking)
		op_fail(&r->op, IPC_CANCELLED, "cancelled");
}

const struct map *
rpc_maps_find(const struct model *m, uint32_t id)
{
	const struct group *g;
	const struct map *map;

	TAILQ_FOREACH(g, &m->groups, in_model)
		TAILQ_FOREACH(map, &g->maps, in_group)
			if (map->facts.id == id && map->live == LIVE && g->state == ROW_DONE)
				return map;
	return NULL;
}

static bool
read_all(int fd, void *to, size_t len, uint64_t at)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(fd, (char *)to + have, len - have, (off_t)(at + have));

		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

static void
finish(struct map_read *r)
{
	struct call *call = r->op.call;

	op_what(&r->op, "map=%u key_bytes=%u elements=%llu", r->next.id,
		r->next.how == MAP_READ_KEY ? r->next.key_len : 0, (unsigned long long)r->n);
	call_finish(call);
	op_ok(&r->op);
}

/* false: the read is over and freed, here and below. */
static bool
send_btf(struct map_read *r)
{
	Bpfd__V1__ReadMapResponse rs = BPFD__V1__READ_MAP_RESPONSE__INIT;
	uint64_t left = r->btf_len - r->btf_at;
	size_t len = left < BTF_PART ? (size_t)left : BTF_PART;
	AUTO(mem) uint8_t *part = malloc(len + 1);

	if (!part || !read_all(r->btf, part, len, r->btf_at)) {
		op_fail(&r->op, IPC_RESOURCE_EXHAUSTED, "no memory for the types");
		return false;
	}
	rs.btf.data = part;
	rs.btf.len = len;
	call_send(r->op.call, &rs.base);
	r->btf_at += len;
	if (r->btf_at == r->btf_len) {
		close(r->btf);
		r->btf = -1;
	}
	return true;
}

static bool
send_page(struct map_read *r, const struct answer *a)
{
	Bpfd__V1__ReadMapResponse rs = BPFD__V1__READ_MAP_RESPONSE__INIT;
	AUTO(mem) uint8_t *bytes = a->object_bytes < PAGE_MAX ? malloc((size_t)a->object_bytes + 1) : NULL;

	if (!bytes || !read_all(a->object_fd, bytes, (size_t)a->object_bytes, 0)) {
		op_fail(&r->op, IPC_RESOURCE_EXHAUSTED, "no memory for the elements");
		return false;
	}
	rs.n = a->page.n;
	rs.keys.data = bytes;
	rs.keys.len = (size_t)a->page.n * a->page.key_bytes;
	rs.values.data = bytes + rs.keys.len;
	rs.values.len = (size_t)a->page.n * a->page.value_bytes;
	if (rs.n)
		call_send(r->op.call, &rs.base);
	r->n += rs.n;
	r->last = a->page.last;
	memcpy(r->next.key, a->page.token, sizeof(r->next.key));
	if (!r->last)
		r->next.key_len = a->page.token_len;
	return true;
}

static void go_on(struct map_read *r);

static void
on_page(void *arg, struct answer *a)
{
	struct map_read *r = arg;

	r->asking = false;
	if (!r->op.call || a->lost || a->result.code != IPC_OK || a->object_fd < 0)
		op_fail_answer(&r->op, a);
	else if (send_page(r, a))
		go_on(r);
}

static void
ask(struct map_read *r)
{
	int sock = call_peer(r->op.call)->sock, err;

	err = ctl_loader_call(r->op.api->loader, IPC_MAP_READ, &r->next, &sock, on_page, r);
	if (err) {
		op_fail_errno(&r->op, err);
		return;
	}
	r->asking = true;
	if (r->next.how == MAP_READ_FIRST)
		r->next.how = MAP_READ_NEXT;
}

static void
go_on(struct map_read *r)
{
	const struct timeval soon = { .tv_usec = RESUME_MS * 1000 };

	for (;;) {
		if (programs_now_ns() > r->end_ns) {
			op_fail(&r->op, IPC_DEADLINE_EXCEEDED, "cut after %llu elements and %llu s (limits.map_read_s)",
				(unsigned long long)r->n, (unsigned long long)r->op.api->cfg->limits_map_read_s);
			return;
		}
		if (call_unsent(r->op.call) > UNSENT_MAX) {
			event_add(&r->resume, &soon);
			return;
		}
		if (r->btf >= 0) {
			if (!send_btf(r))
				return;
			continue;
		}
		if (r->last || r->no_elements)
			finish(r);
		else
			ask(r);
		return;
	}
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	go_on(arg);
}

static void
on_types(void *arg, struct answer *a)
{
	struct map_read *r = arg;

	r->asking = false;
	if (!r->op.call || a->lost || a->result.code != IPC_OK || a->object_fd < 0) {
		op_fail_answer(&r->op, a);
		return;
	}
	r->btf = TAKE_FD(a->object_fd);
	r->btf_len = a->object_bytes;
	go_on(r);
}

static void
send_shape(struct map_read *r, const struct map *map)
{
	Bpfd__V1__ReadMapResponse rs = BPFD__V1__READ_MAP_RESPONSE__INIT;
	Bpfd__V1__MapShape shape = BPFD__V1__MAP_SHAPE__INIT;
	Bpfd__V1__Map out;
	struct scratch s;

	scratch_start(&s);
	rpc_fill_map(&s, r->op.api, map, &out);
	shape.map = &out;
	shape.value_bytes = map->facts.value_bytes;
	shape.n_values = map->facts.n_values;
	shape.key_type = map->facts.btf_id ? map->facts.key_type : 0;
	shape.value_type = map->facts.btf_id ? map->facts.value_type : 0;
	rs.shape = &shape;
	call_send(r->op.call, &rs.base);
	arena_end(&s.arena);
}

static void
begin(struct map_read *r, const struct map *map)
{
	const struct msg_map_ref ref = { .id = r->next.id };
	int sock = call_peer(r->op.call)->sock, err;

	evtimer_assign(&r->resume, r->op.api->base, on_resume, r);
	r->started = true;
	r->end_ns = programs_now_ns() + (int64_t)r->op.api->cfg->limits_map_read_s * 1000000000;
	send_shape(r, map);
	if (!r->types || !map->facts.btf_id) {
		go_on(r);
		return;
	}
	err = ctl_loader_call(r->op.api->loader, IPC_MAP_BTF, &ref, &sock, on_types, r);
	r->asking = !err;
	if (err)
		op_fail_errno(&r->op, err);
}

static void
on_ready(void *arg, bool ready)
{
	struct map_read *r = arg;
	const struct map *map;

	r->asking = false;
	if (!ready || !r->op.call) {
		op_fail_away(&r->op);
		return;
	}
	map = rpc_maps_find(&r->op.api->model, r->next.id);
	if (map)
		begin(r, map);
	else
		op_fail(&r->op, IPC_NOT_FOUND, "bpfd keeps no map %u: only maps that came with a load can be read, "
			"not those of its tracers or of others", r->next.id);
}

void
rpc_maps_read(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__ReadMapRequest *rq = (const void *)request;
	struct map_read *r;

	if (!rq->map || rq->key.len > IPC_MAP_KEY_MAX) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, rq->map ? "key: has more than %d bytes" :
			"map: must not be 0", IPC_MAP_KEY_MAX);
		return;
	}
	if (n_reads == READS_MAX) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "%d maps are being read already", READS_MAX);
		return;
	}
	r = calloc(1, sizeof(*r));
	if (!r) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	n_reads++;
	r->btf = -1;
	r->types = rq->types;
	r->no_elements = rq->no_elements;
	r->asking = true;
	r->next.id = rq->map;
	r->next.how = rq->key.len ? MAP_READ_KEY : MAP_READ_FIRST;
	r->next.key_len = (uint32_t)rq->key.len;
	if (rq->key.len)
		memcpy(r->next.key, rq->key.data, rq->key.len);
	op_start(&r->op, call, read_free);
	r->op.cancelled = on_cancelled;
	op_what(&r->op, "map=%u", rq->map);
	ctl_loader_ready(r->op.api->loader, on_ready, r);
}
