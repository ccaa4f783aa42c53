/* SPDX-License-Identifier: Apache-2.0 */
#include "api/streams.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/programs.h"
#include "api/rpc.h"
#include "api/sets.h"
#include "common/auto.h"
#include "common/log.h"
#include "ipc/tracers.h"
#include "ring/ring.h"

#define BATCH_RECORDS	512		/* in one turn of the loop, so that clients get theirs */
#define BATCH_BYTES	(128 << 10)
#define LOST_MS		200		/* between two tries to tell what was lost */
#define SCRATCH_LAST	0		/* word of the cursor: number of the last rule set */

enum stream_state {
	STREAM_FREE,
	STREAM_LIVE,
	STREAM_ENDED,		/* its bit is in use until a set without it is */
};

struct stream {
	enum stream_state state;
	unsigned int bit;
	struct streams *ss;
	struct call *call;		/* NULL when it is not live */
	struct sets_wait *wait;		/* until its first set is in use */
	struct stream_args args;
	uint32_t first, last;		/* sets: the first with it, the first without; 0: not made yet */
	void *packed;			/* of the set that is being made */
	uint64_t delivered, lost, lost_all;	/* lost: since the last one that the client got */
};

struct encoded { size_t len; bool done; };

struct streams {
	struct api *api;
	struct ring_reader *ring;	/* NULL: there is none */
	int wake;
	struct event readable, again, tell;
	struct stream all[STREAMS_MAX];
	size_t n_live, n_pushed;
	uint64_t live;			/* their bits */
	uint64_t missed;		/* by this consumer, as last looked at */
	uint64_t missed_all, records, delivered_all, lost_all, bad;
	uint64_t last_without;		/* streams_last() without a ring */
	struct event_pb pb;
	struct render render;
	struct encoded enc[N_STREAM_FORMS];
	uint8_t *buf[N_STREAM_FORMS];	/* EVENT_PB_MAX each, made when first needed */
	char *line;
};

/* ---- one record ---- */

static size_t
encode_line(struct streams *ss, const struct bpfd_event *e, unsigned int form)
{
	size_t len;

	ss->render.format = (enum render_format)(form - FORM_LINE);
	len = render_event(&ss->render, e, ss->line, EVENT_PB_MAX / 2);
	return len ? event_pb_line(ss->line, len, ss->buf[form], EVENT_PB_MAX) : 0;
}

static const struct encoded *
encode(struct streams *ss, const struct bpfd_event *e, unsigned int form)
{
	struct encoded *enc = &ss->enc[form];

	if (enc->done)
		return enc;
	enc->done = true;
	if (form == FORM_EVENT)
		enc->len = event_pb(&ss->pb, e, ss->buf[form], EVENT_PB_MAX);
	else if (form == FORM_SEED)
		enc->len = event_pb_seed(e, ss->buf[form], EVENT_PB_MAX);
	else
		enc->len = encode_line(ss, e, form);
	return enc;
}

static void
count_lost(struct stream *st, uint64_t n)
{
	st->lost += n;
	st->lost_all += n;
	st->ss->lost_all += n;
}

static void
send_to(struct stream *st, const uint8_t *bytes, size_t len)
{
	struct streams *ss = st->ss;
	size_t max = ss->api->cfg->events_stream_bytes, lost_len = 0;
	uint8_t lost[12];

	if (st->lost && st->args.form != FORM_SEED)
		lost_len = event_pb_lost(st->lost, lost);
	if (!call_stream(st->call, bytes, len, lost, lost_len, max)) {
		count_lost(st, len != 0);
		return;
	}
	st->lost = 0;
	if (!len)
		return;
	st->delivered++;
	ss->delivered_all++;
}

static bool
wants(const struct stream *st, const struct bpfd_event *e)
{
	/* An earlier stream may have had its bit. */
	if (!st->first || (int32_t)(e->rec->generation - st->first) < 0)
		return false;
	if (!st->args.rules_only || e->n_matches)
		return true;
	return st->args.defaults && (sets_defaults(st->ss->api->sets) & 1ULL << e->ev->tracer);
}

/* The number of bytes that were sent. */
static size_t
deliver(struct streams *ss, const void *rec, size_t len)
{
	uint64_t bits;
	struct bpfd_event e;
	size_t sent = 0;

	ss->records++;
	bits = len >= sizeof(struct rec_hdr) ? ((const struct rec_hdr *)rec)->streams & ss->live : 0;
	if (!bits)
		return 0;
	if (record_check(rec, len, &e) < 0) {
		ss->bad++;
		return 0;
	}
	memset(ss->enc, 0, sizeof(ss->enc));
	for (; bits; bits &= bits - 1) {
		struct stream *st = &ss->all[__builtin_ctzll(bits)];
		const struct encoded *enc;

		if (!wants(st, &e))
			continue;
		enc = encode(ss, &e, st->args.form);
		if (enc->len)
			send_to(st, ss->buf[st->args.form], enc->len);
		sent += enc->len;
	}
	return sent;
}

/* ---- the ring ---- */

/* What this process was too slow for is lost to every stream. */
static void
count_missed(struct streams *ss)
{
	uint64_t n = ring_missed(ss->ring) - ss->missed;

	if (!n)
		return;
	ss->missed += n;
	ss->missed_all += n;
	for (unsigned int i = 0; i < STREAMS_MAX; i++)
		if (ss->all[i].state == STREAM_LIVE && ss->all[i].first)
			count_lost(&ss->all[i], n);
}

static void
tell_later(struct streams *ss)
{
	const struct timeval tv = { .tv_usec = LOST_MS * 1000 };

	for (unsigned int i = 0; i < STREAMS_MAX; i++)
		if (ss->all[i].state == STREAM_LIVE && ss->all[i].lost &&
		    ss->all[i].args.form != FORM_SEED && !evtimer_pending(&ss->tell, NULL)) {
			event_add(&ss->tell, &tv);
			return;
		}
}

/* The last events before a pause may be the lost ones: the client is to know without a next one. */
static void
on_tell(evutil_socket_t fd, short what, void *arg)
{
	struct streams *ss = arg;

	for (unsigned int i = 0; i < STREAMS_MAX; i++) {
		struct stream *st = &ss->all[i];

		if (st->state == STREAM_LIVE && st->lost && st->args.form != FORM_SEED &&
		    call_unsent(st->call) < ss->api->cfg->events_stream_bytes / 2)
			send_to(st, NULL, 0);
	}
	tell_later(ss);
}

/* False: there may be more. */
static bool
drain(struct streams *ss)
{
	const void *rec;
	size_t len, bytes = 0;
	bool empty = false;

	for (unsigned int i = 0; i < BATCH_RECORDS && bytes < BATCH_BYTES && !empty; i++) {
		empty = ring_next(ss->ring, &rec, &len) == 0;
		if (!empty)
			bytes += deliver(ss, rec, len);
	}
	ring_done(ss->ring);
	count_missed(ss);
	return empty;
}

static void
on_records(evutil_socket_t fd, short what, void *arg)
{
	struct streams *ss = arg;
	uint64_t n;

	if ((what & EV_READ) && read(ss->wake, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_err(-errno, "streams.wake", "descriptor=%d", ss->wake);
	if (!ss->n_live)
		return;
	ring_awake(ss->ring);
	if (!drain(ss) || !ring_sleep(ss->ring))
		event_active(&ss->again, EV_TIMEOUT, 0);
	tell_later(ss);
}

static void
resume(struct streams *ss)
{
	ring_resume(ss->ring);
	ss->missed = ring_missed(ss->ring);
	event_active(&ss->again, EV_TIMEOUT, 0);
}

/* ---- a stream ---- */

/* rule_free() knows how to free a tree. */
void
streams_filter_free(struct rule_node *n)
{
	struct rule *r = n ? calloc(1, sizeof(*r)) : NULL;

	if (r)
		r->match = n;
	rule_free(r);
}

static void
stream_clear(struct stream *st)
{
	streams_filter_free(st->args.filter);
	free(st->packed);
	*st = (struct stream){ .ss = st->ss, .bit = st->bit };
}

static void
stream_end(struct stream *st)
{
	struct streams *ss = st->ss;

	log_info("stream.end", "stream=%u delivered=%llu lost=%llu", st->bit,
		(unsigned long long)st->delivered, (unsigned long long)st->lost_all);
	if (st->args.form == FORM_SEED)
		call_stream_lost(st->call, st->lost_all);
	sets_wait_cancel(st->wait);
	st->wait = NULL;
	st->call = NULL;
	st->state = STREAM_ENDED;
	st->last = 0;
	ss->live &= ~(1ULL << st->bit);
	if (--ss->n_live == 0) {
		ring_pause(ss->ring);
		event_del(&ss->tell);
	}
	sets_changed(ss->api->sets);
}

static void
on_cancel(void *arg)
{
	stream_end(arg);
}

/* Why none of what a stream asks for can be had; NULL: some can. */
static const char *
all_failed(const struct streams *ss, uint64_t tracers)
{
	const char *reason = NULL;

	for (unsigned int t = 1; t < N_TRACERS; t++) {
		const struct msg_tracer_state *s = sets_tracer(ss->api->sets, t);

		if (!(tracers & 1ULL << t))
			continue;
		if (s->status != TRACER_FAILED)
			return NULL;
		reason = s->reason;
	}
	return reason;
}

static void
on_in_use(void *arg, const char *why)
{
	struct stream *st = arg;
	struct call *call = st->call;
	const char *failed = all_failed(st->ss, st->args.tracers);

	st->wait = NULL;
	if (why || failed) {
		stream_end(st);
		call_error(call, why ? IPC_UNAVAILABLE : IPC_FAILED_PRECONDITION, "%s",
			why ? why : failed);
		return;
	}
	call_begin(call);
}

static struct stream *
free_stream(struct streams *ss)
{
	for (unsigned int i = 0; i < STREAMS_MAX; i++)
		if (ss->all[i].state == STREAM_FREE)
			return &ss->all[i];
	return NULL;
}

/* What people type is for administrators, also when a rule or the configuration has it traced. */
static uint64_t
visible_to(const struct peer *peer)
{
	return ipc_tracers_all() & ~(peer->role < CONFIG_ADMIN ? ipc_tracers_sensitive() : 0);
}

static bool
make_buffers(struct streams *ss, unsigned int form)
{
	if (!ss->buf[form])
		ss->buf[form] = malloc(EVENT_PB_MAX);
	if (!ss->line && form >= FORM_LINE)
		ss->line = malloc(EVENT_PB_MAX / 2);
	return ss->buf[form] && (ss->line || form < FORM_LINE);
}

void
streams_add(struct streams *ss, struct call *call, const struct stream_args *args)
{
	struct stream *st = ss->ring ? free_stream(ss) : NULL;
	const struct peer *peer = call_peer(call);

	if (!st) {
		streams_filter_free(args->filter);
		call_error(call, ss->ring ? IPC_RESOURCE_EXHAUSTED : IPC_UNAVAILABLE, ss->ring ?
			"there are 64 live streams already" : "bpfd has no event ring");
		return;
	}
	if (!make_buffers(ss, args->form)) {
		streams_filter_free(args->filter);
		call_error(call, IPC_RESOURCE_EXHAUSTED, "no memory for a stream");
		return;
	}
	sets_changed(ss->api->sets);
	st->wait = sets_wait(ss->api->sets, on_in_use, st);
	if (!st->wait) {
		streams_filter_free(args->filter);
		call_error(call, IPC_RESOURCE_EXHAUSTED, "no memory for a stream");
		return;
	}
	st->state = STREAM_LIVE;
	st->call = call;
	st->args = *args;
	st->args.allowed = visible_to(peer);
	ss->live |= 1ULL << st->bit;
	if (ss->n_live++ == 0)
		resume(ss);
	call_on_cancel(call, on_cancel, st);
	log_info("stream.begin", "stream=%u uid=%u pid=%d tracers=%#llx", st->bit, peer->uid, peer->pid,
		(unsigned long long)args->tracers);
}

/* ---- for the rule set ---- */

static bool
pushed(const struct stream *st)
{
	return st->state == STREAM_LIVE && !(st->args.rules_only && !st->args.tracers);
}

/* Those of mask whose events have every field of the filter. */
static uint64_t
fitting(struct rule *r, uint64_t mask)
{
	uint64_t fit = 0;
	char why[64];

	for (unsigned int t = 1; t < N_TRACERS; t++) {
		r->tracers = mask & 1ULL << t;
		if (r->tracers && rule_check(r, why, sizeof(why)) == 0)
			fit |= r->tracers;
	}
	return fit;
}

static bool
make_rule(struct stream *st, uint64_t base, struct ruleset_entry *out)
{
	struct rule r = { .format = 2, .enabled = true, .match = st->args.filter,
		.tracers = st->args.tracers, .severity = SEV_INFO };
	size_t len;

	base &= st->args.allowed;
	snprintf(r.name, sizeof(r.name), "stream-%u", st->bit);
	if (!r.tracers)
		r.tracers = r.match ? fitting(&r, base) : base;
	free(st->packed);
	st->packed = NULL;
	if (!r.tracers || rule_pack(&r, &st->packed, &len) < 0)
		return false;
	*out = (struct ruleset_entry){ .packed = st->packed, .packed_len = len,
		.stream = 1ULL << st->bit };
	return true;
}

size_t
streams_entries(struct streams *ss, uint32_t generation, uint64_t base, struct ruleset_entry *out)
{
	size_t n = 0;

	ss->n_pushed = 0;
	for (int want_pushed = 1; want_pushed >= 0; want_pushed--)
		for (unsigned int i = 0; i < STREAMS_MAX; i++) {
			struct stream *st = &ss->all[i];

			if (st->state == STREAM_ENDED && !st->last)
				st->last = generation;
			if (st->state != STREAM_LIVE || pushed(st) != want_pushed)
				continue;
			if (!st->first)
				st->first = generation;
			n += make_rule(st, base, &out[n]);
			if (want_pushed)
				ss->n_pushed = n;
		}
	return n;
}

size_t
streams_pushed(const struct streams *ss)
{
	return ss->n_pushed;
}

uint64_t
streams_tracers(const struct streams *ss)
{
	uint64_t mask = 0;

	for (unsigned int i = 0; i < STREAMS_MAX; i++)
		if (ss->all[i].state == STREAM_LIVE)
			mask |= ss->all[i].args.tracers;
	return mask;
}

void
streams_used(struct streams *ss, uint32_t generation)
{
	for (unsigned int i = 0; i < STREAMS_MAX; i++) {
		struct stream *st = &ss->all[i];

		if (st->state == STREAM_ENDED && st->last && (int32_t)(generation - st->last) >= 0)
			stream_clear(st);
	}
}

/* ---- for people ---- */

size_t
streams_of_tracer(const struct streams *ss, unsigned int tracer, unsigned int *bits)
{
	size_t n = 0;

	for (unsigned int i = 0; i < STREAMS_MAX; i++)
		if (ss->all[i].state == STREAM_LIVE && (ss->all[i].args.tracers & 1ULL << tracer))
			bits[n++] = i;
	return n;
}

void
streams_counters(const struct streams *ss, void (*each)(void *arg, const char *name, uint64_t value),
	void *arg)
{
	char name[56];

	each(arg, "api.ring.records", ss->records);
	each(arg, "api.ring.missed", ss->missed_all);
	each(arg, "api.ring.malformed", ss->bad);
	each(arg, "streams.open", ss->n_live);
	each(arg, "streams.delivered", ss->delivered_all);
	each(arg, "streams.lost", ss->lost_all);
	for (unsigned int i = 0; i < STREAMS_MAX; i++) {
		const struct stream *st = &ss->all[i];

		if (st->state != STREAM_LIVE)
			continue;
		snprintf(name, sizeof(name), "stream.%u.delivered", i);
		each(arg, name, st->delivered);
		snprintf(name, sizeof(name), "stream.%u.lost", i);
		each(arg, name, st->lost_all);
	}
}

/* ---- life ---- */

uint64_t *
streams_last(struct streams *ss)
{
	return ss->ring ? &ring_scratch(ss->ring)[SCRATCH_LAST] : &ss->last_without;
}

void
streams_free(struct streams *ss)
{
	if (!ss)
		return;
	if (ss->ring)
		event_del(&ss->readable);
	event_del(&ss->again);
	event_del(&ss->tell);
	for (unsigned int i = 0; i < STREAMS_MAX; i++)
		stream_clear(&ss->all[i]);
	for (unsigned int i = 0; i < N_STREAM_FORMS; i++)
		free(ss->buf[i]);
	free(ss->line);
	ring_close(ss->ring);
	free(ss);
}

AUTO_DEFINE(streams, struct streams *, streams_free)

int
streams_new(struct api *api, int ring, int cursor, int wake, struct streams **out)
{
	AUTO(streams) struct streams *ss = calloc(1, sizeof(*ss));
	int err = 0;

	if (!ss)
		return -ENOMEM;
	ss->api = api;
	ss->wake = wake;
	for (unsigned int i = 0; i < STREAMS_MAX; i++)
		ss->all[i] = (struct stream){ .ss = ss, .bit = i };
	ss->pb = (struct event_pb){ .actions = api->actions, .boot_offset_ns = boot_offset_ns() };
	ss->render = (struct render){ .boot_offset_ns = ss->pb.boot_offset_ns, .host = api->host };
	event_assign(&ss->readable, api->base, wake, EV_READ | EV_PERSIST, on_records, ss);
	evtimer_assign(&ss->again, api->base, on_records, ss);
	evtimer_assign(&ss->tell, api->base, on_tell, ss);
	if (ring >= 0) {
		err = ring_open(ring, cursor, &ss->ring);
		if (err)
			return log_err(err, "streams.ring", "the event ring cannot be used");
		ring_pause(ss->ring);
		if (event_add(&ss->readable, NULL) < 0)
			return -ENOMEM;
	}
	*out = TAKE_PTR(ss);
	return 0;
}
