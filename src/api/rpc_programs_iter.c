/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of an iterator, from the oneshot that reads it to the client.  The loader starts it; what
 * comes here is a channel of text.  A client that reads slowly makes the oneshot wait, not this
 * process; one that goes away ends it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/programs_op.h"
#include "api/rpc_programs.h"
#include "common/auto.h"
#include "ipc/chan.h"

#define RUNS_MAX	4		/* each is a process */
#define UNSENT_MAX	(256u << 10)	/* for the client, before nothing more is read */
#define RESUME_MS	2
#define PARTS_AT_ONCE	16

struct run {
	struct op op;
	uint64_t link_id, bytes;
	struct chan *stream;		/* NULL: not yet */
	struct event readable, late, resume;
};

static unsigned int n_runs;

static void
run_free(void *arg)
{
	struct run *r = arg;

	if (r->stream) {
		event_del(&r->readable);
		event_del(&r->late);
		event_del(&r->resume);
		chan_free(r->stream);
	}
	n_runs--;
	free(r);
}

/* The client went away.  While the loader is asked its answer ends the run. */
static void
on_cancelled(void *arg)
{
	struct run *r = arg;

	if (r->stream)
		op_fail(&r->op, IPC_CANCELLED, "cancelled");
}

/* bytes of ReadIterResponse: field 1, its length, the text. */
static bool
send_text(struct run *r, const uint8_t *text, uint32_t len)
{
	uint8_t head[8] = { 0x0a };
	size_t n = 1;

	for (uint32_t v = len; ; v >>= 7) {
		head[n++] = (uint8_t)(v > 0x7f ? v | 0x80 : v);
		if (v <= 0x7f)
			break;
	}
	return call_stream(r->op.call, head, n, text, len, SIZE_MAX);
}

static void
finish(struct run *r)
{
	struct call *call = r->op.call;

	op_what(&r->op, "link=%llu bytes=%llu", (unsigned long long)r->link_id, (unsigned long long)r->bytes);
	if (!r->bytes)
		call_begin(call);
	call_finish(call);
	op_ok(&r->op);
}

/* false: the run is over and freed. */
static bool
take_part(struct run *r, const struct msg_iter_part *m)
{
	uint64_t max = r->op.api->cfg->limits_iter_bytes, room = max - r->bytes;
	uint32_t len = m->len < room ? m->len : (uint32_t)room;

	if (m->len > sizeof(m->bytes)) {
		op_fail(&r->op, IPC_INTERNAL, "bpfd-oneshot breaks the protocol");
		return false;
	}
	if (len && !send_text(r, m->bytes, len)) {
		op_fail(&r->op, IPC_RESOURCE_EXHAUSTED, "no memory for the text");
		return false;
	}
	r->bytes += len;
	if (len == m->len)
		return true;
	op_fail(&r->op, IPC_RESOURCE_EXHAUSTED, "the text was cut after %llu bytes (limits.iter_bytes)",
		(unsigned long long)max);
	return false;
}

/* false: the run is over and freed. */
static bool
take(struct run *r, const struct chan_msg *m)
{
	const struct msg_iter_end *end = m->payload;

	if (m->hdr.type == IPC_ITER_PART)
		return take_part(r, m->payload);
	if (m->hdr.type != IPC_ITER_END)
		op_fail(&r->op, IPC_INTERNAL, "bpfd-oneshot breaks the protocol");
	else if (end->err)
		op_fail(&r->op, IPC_FAILED_PRECONDITION, "the kernel ended the run after %llu bytes: %s",
			(unsigned long long)r->bytes, strerrordesc_np(-end->err) ?: "error");
	else
		finish(r);
	return false;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval soon = { .tv_usec = RESUME_MS * 1000 };
	struct run *r = arg;
	struct chan_msg m;

	for (int i = 0; i < PARTS_AT_ONCE; i++) {
		int got;

		if (call_unsent(r->op.call) > UNSENT_MAX) {
			event_del(&r->readable);
			event_add(&r->resume, &soon);
			return;
		}
		got = chan_recv(r->stream, &m);
		if (got == -EAGAIN)
			return;
		if (got <= 0) {
			op_fail(&r->op, IPC_UNAVAILABLE, "who read the iterator ended after %llu bytes; see bpfd's log",
				(unsigned long long)r->bytes);
			return;
		}
		if (!take(r, &m))
			return;
	}
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;

	event_add(&r->readable, NULL);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;

	op_fail(&r->op, IPC_DEADLINE_EXCEEDED, "the text was cut after %llu s and %llu bytes (limits.iter_s)",
		(unsigned long long)r->op.api->cfg->limits_iter_s, (unsigned long long)r->bytes);
}

static void
on_stream(void *arg, struct answer *a)
{
	struct run *r = arg;
	const struct api *api = r->op.api;
	const struct timeval limit = { .tv_sec = (time_t)api->cfg->limits_iter_s };

	if (!r->op.call || a->lost || a->result.code != IPC_OK || a->stream_fd < 0) {
		op_fail_answer(&r->op, a);
		return;
	}
	if (chan_new(TAKE_FD(a->stream_fd), ROLE_API, FROM_ONESHOT, &r->stream)) {
		op_fail(&r->op, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	chan_set_phase(r->stream, PHASE_RUN);
	event_assign(&r->readable, api->base, chan_fd(r->stream), EV_READ | EV_PERSIST, on_readable, r);
	evtimer_assign(&r->late, api->base, on_late, r);
	evtimer_assign(&r->resume, api->base, on_resume, r);
	event_add(&r->late, &limit);
	if (event_add(&r->readable, NULL) < 0)
		op_fail(&r->op, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
}

static void
on_ready(void *arg, bool ready)
{
	struct run *r = arg;
	const struct msg_iter_read m = { .link_id = r->link_id };
	int sock, err;

	if (!ready || !r->op.call) {
		op_fail_away(&r->op);
		return;
	}
	sock = call_peer(r->op.call)->sock;
	err = ctl_loader_call(r->op.api->loader, IPC_ITER_READ, &m, &sock, on_stream, r);
	if (err)
		op_fail_errno(&r->op, err);
}

void
rpc_programs_read_iter(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__ReadIterRequest *rq = (const void *)request;
	struct run *r;

	if (!rq->link) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "link: must not be 0");
		return;
	}
	if (n_runs == RUNS_MAX) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "%d iterators are being read already", RUNS_MAX);
		return;
	}
	r = calloc(1, sizeof(*r));
	if (!r) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	n_runs++;
	r->link_id = rq->link;
	op_start(&r->op, call, run_free);
	r->op.cancelled = on_cancelled;
	op_what(&r->op, "link=%llu", (unsigned long long)r->link_id);
	ctl_loader_ready(r->op.api->loader, on_ready, r);
}
