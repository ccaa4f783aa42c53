/* SPDX-License-Identifier: Apache-2.0 */
/* Live events, tracers and counters of the real bpfd-api, with a fake enricher that matches and writes a ring. */
#include <string.h>
#include <unistd.h>

#include "bpf/event.h"
#include "component/evcalls.h"
#include "proto/grpc.h"

/* ---- calls ---- */

/* A stream whose headers have come: its filter is in use. */
static int32_t
follow(struct evrig *e, const Bpfd__V1__EventsRequest *rq)
{
	int32_t s = apicall_start(e->t, "/bpfd.v1.Trace/Events", &rq->base);

	for (int i = 0; i < 500 && client_reply(e->t->client, s)->http < 0; i++)
		client_turn(e->t->client, 5);
	assert_int_equal(client_reply(e->t->client, s)->http, 200);
	return s;
}

static int32_t
follow_open(struct evrig *e, const char *format)
{
	Bpfd__V1__EventsRequest rq = BPFD__V1__EVENTS_REQUEST__INIT;
	char *tracer = "open";

	rq.tracers = &tracer;
	rq.n_tracers = 1;
	rq.format = (char *)(uintptr_t)format;
	return follow(e, &rq);
}

/* Message i of what a stream has got; NULL: not there. */
static Bpfd__V1__Event *
event(struct evrig *e, int32_t stream, size_t i)
{
	const struct reply *r = client_reply(e->t->client, stream);
	size_t at = 0;

	while (at + GRPC_PREFIX_LEN <= r->len) {
		uint32_t len = (uint32_t)r->body[at + 1] << 24 | (uint32_t)r->body[at + 2] << 16 |
			(uint32_t)r->body[at + 3] << 8 | r->body[at + 4];

		at += GRPC_PREFIX_LEN;
		if (at + len > r->len)
			break;
		if (i-- == 0)
			return bpfd__v1__event__unpack(NULL, len, r->body + at);
		at += len;
	}
	return NULL;
}

static Bpfd__V1__Event *
wait_event(struct evrig *e, int32_t stream, size_t i)
{
	Bpfd__V1__Event *ev = NULL;

	for (int n = 0; n < 500 && !(ev = event(e, stream, i)); n++)
		client_turn(e->t->client, 5);
	assert_non_null(ev);
	return ev;
}

/* ---- streams ---- */

static void
delivers_events_to_those_that_want_them(void **state)
{
	struct evrig *e = *state;
	Bpfd__V1__EventsRequest rq = BPFD__V1__EVENTS_REQUEST__INIT;
	Bpfd__V1__EventFilter f = BPFD__V1__EVENT_FILTER__INIT, *filters[] = { &f };
	char *tracer = "open", *value = "/etc/";
	int32_t all = follow_open(e, ""), some;
	Bpfd__V1__Event *ev;

	assert_int_equal(e->t->rig.tracers, BIT(TR_OPEN));
	f.field = "path";
	f.op = "prefix";
	f.values = &value;
	f.n_values = 1;
	rq.tracers = &tracer;
	rq.n_tracers = rq.n_filters = 1;
	rq.filters = filters;
	some = follow(e, &rq);
	assert_true(evrig_open(e, "cat", "/tmp/x"));
	assert_true(evrig_open(e, "cat", "/etc/passwd"));
	evrig_commit(e);
	ev = wait_event(e, all, 1);
	assert_string_equal(ev->tracer, "open");
	assert_int_equal(ev->pid, 42);
	assert_int_equal(ev->seq, 2);
	assert_string_equal(ev->exe, "/usr/bin/cat");
	assert_string_equal(ev->fields[0]->name, "path");
	assert_string_equal(ev->fields[0]->text, "/etc/passwd");
	bpfd__v1__event__free_unpacked(ev, NULL);
	ev = wait_event(e, some, 0);
	assert_int_equal(ev->seq, 2);
	assert_int_equal(ev->lost, 0);
	bpfd__v1__event__free_unpacked(ev, NULL);
	assert_null(event(e, some, 1));

	/* When they go, so do the tracers that only they wanted. */
	apicall_hang_up(e->t);
	apirig_reset_counts(&e->t->rig);
	for (int i = 0; i < 500 && e->t->rig.tracers; i++)
		usleep(5000);
	assert_int_equal(e->t->rig.tracers, 0);
	evrig_sets(e, 4);
	assert_false(evrig_open(e, "cat", "/etc/passwd"));
}

static void
renders_lines_where_a_format_is_asked_for(void **state)
{
	struct evrig *e = *state;
	int32_t seed = follow_open(e, "seed"), json = follow_open(e, "json");
	Bpfd__V1__Event *ev;

	evrig_open(e, "cat", "/etc/passwd");
	evrig_commit(e);
	ev = wait_event(e, seed, 0);
	assert_string_equal(ev->tracer, "");
	assert_true(strncmp(ev->line, "open\t42\t1\t1000\t100\tcat", 20) == 0);
	bpfd__v1__event__free_unpacked(ev, NULL);
	ev = wait_event(e, json, 0);
	assert_true(ev->line[0] == '{');
	bpfd__v1__event__free_unpacked(ev, NULL);
}

static void
refuses_what_it_does_not_know_with_a_hint(void **state)
{
	struct evrig *e = *state;
	Bpfd__V1__EventsRequest rq = BPFD__V1__EVENTS_REQUEST__INIT;
	Bpfd__V1__EventFilter f = BPFD__V1__EVENT_FILTER__INIT, *filters[] = { &f };
	char *tracer = "openx", *value = "x";

	rq.tracers = &tracer;
	rq.n_tracers = 1;
	assert_int_equal(apicall(e->t, "/bpfd.v1.Trace/Events", &rq.base, NULL), IPC_INVALID_ARGUMENT);
	assert_non_null(strstr(e->t->text, "did you mean open"));
	tracer = "open";
	rq.filters = filters;
	rq.n_filters = 1;
	f.values = &value;
	f.n_values = 1;
	f.field = "pth";
	assert_int_equal(apicall(e->t, "/bpfd.v1.Trace/Events", &rq.base, NULL), IPC_INVALID_ARGUMENT);
	assert_non_null(strstr(e->t->text, "did you mean path"));
	f.field = "path";
	f.op = "prefx";
	assert_int_equal(apicall(e->t, "/bpfd.v1.Trace/Events", &rq.base, NULL), IPC_INVALID_ARGUMENT);
	assert_non_null(strstr(e->t->text, "did you mean prefix"));
	f.op = "lt";
	assert_int_equal(apicall(e->t, "/bpfd.v1.Trace/Events", &rq.base, NULL), IPC_INVALID_ARGUMENT);
	f.field = "pid";
	assert_int_equal(apicall(e->t, "/bpfd.v1.Trace/Events", &rq.base, NULL), IPC_INVALID_ARGUMENT);
	rq.n_filters = 0;
	rq.format = "xml";
	assert_int_equal(apicall(e->t, "/bpfd.v1.Trace/Events", &rq.base, NULL), IPC_INVALID_ARGUMENT);
	rq.format = "";
	tracer = "bashreadline";
	assert_int_equal(apicall(e->t, "/bpfd.v1.Trace/Events", &rq.base, NULL), IPC_PERMISSION_DENIED);
	e->t->rig.failing_tracer = TR_OPEN;
	tracer = "open";
	assert_int_equal(apicall(e->t, "/bpfd.v1.Trace/Events", &rq.base, NULL), IPC_FAILED_PRECONDITION);
	assert_string_equal(e->t->text, "the kernel has no such hook");
}

static void
a_client_that_does_not_read_loses_exactly_what_it_is_told(void **state)
{
	struct evrig *e = *state;
	struct client *slow_client, *fast_client;
	uint64_t got = 0, lost = 0, total = 0;
	char path[2000];
	int32_t slow, fast;
	Bpfd__V1__Event *ev;

	e->t->rig.cfg.events_stream_bytes = 65536;
	evrig_restart(e);
	slow = follow_open(e, "");
	slow_client = e->t->client;
	e->t->client = NULL;
	fast = follow_open(e, "seed");
	fast_client = e->t->client;
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	/* Within the ring's size at a time, so that nothing is missed there. */
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 50; i++, total++)
			assert_true(evrig_open(e, "cat", path));
		evrig_commit(e);
		client_turn(fast_client, 20);
	}
	/* The fast one has all. */
	ev = wait_event(e, fast, total - 1);
	bpfd__v1__event__free_unpacked(ev, NULL);
	assert_null(event(e, fast, total));

	e->t->client = slow_client;
	client_turn(slow_client, 600);		/* the rest of it, and the word of what was lost */
	assert_true(evrig_open(e, "cat", "/last"));
	evrig_commit(e);
	total++;
	client_turn(slow_client, 300);
	for (size_t i = 0; (ev = event(e, slow, i)); i++) {
		got += ev->seq != 0;
		lost += ev->lost;
		bpfd__v1__event__free_unpacked(ev, NULL);
	}
	assert_true(lost > 0);
	assert_int_equal(got + lost, total);
	client_free(fast_client);
}

static void
the_65th_stream_is_refused_and_a_place_is_free_again(void **state)
{
	struct evrig *e = *state;
	Bpfd__V1__EventsRequest rq = BPFD__V1__EVENTS_REQUEST__INIT;
	int32_t streams[64];
	int status = IPC_RESOURCE_EXHAUSTED;

	for (int i = 0; i < 64; i++)
		streams[i] = follow_open(e, "seed");
	assert_int_equal(apicall(e->t, "/bpfd.v1.Trace/Events", &rq.base, NULL),
		IPC_RESOURCE_EXHAUSTED);
	assert_true(evrig_open(e, "cat", "/x"));
	evrig_commit(e);
	for (int i = 0; i < 64; i++)
		bpfd__v1__event__free_unpacked(wait_event(e, streams[i], 0), NULL);
	client_cancel(e->t->client, streams[7]);
	for (int i = 0; i < 100 && status == IPC_RESOURCE_EXHAUSTED; i++) {
		int32_t s = apicall_start(e->t, "/bpfd.v1.Trace/Events", &rq.base);

		client_turn(e->t->client, 20);
		status = client_reply(e->t->client, s)->status;
	}
	assert_int_equal(status, -1);
}

static void
a_stream_of_matched_events_wants_no_tracer_of_its_own(void **state)
{
	struct evrig *e = *state;
	Bpfd__V1__EventsRequest rq = BPFD__V1__EVENTS_REQUEST__INIT;
	Bpfd__V1__Event *ev;
	int32_t s;

	assert_int_equal(create(e, "etc.toml", "open contains=/etc action=log", false, false), 0);
	rq.rules_only = true;
	s = follow(e, &rq);
	evrig_open(e, "cat", "/tmp/x");
	evrig_open(e, "cat", "/etc/passwd");
	evrig_commit(e);
	ev = wait_event(e, s, 0);
	assert_string_equal(ev->fields[0]->text, "/etc/passwd");
	assert_string_equal(ev->rules[0]->name, "etc");
	assert_string_equal(ev->rules[0]->actions[0], "log");
	bpfd__v1__event__free_unpacked(ev, NULL);
	assert_null(event(e, s, 1));
}

/* ---- tracers, stats ---- */

static void
shows_tracers_with_their_fields_and_counters(void **state)
{
	struct evrig *e = *state;
	Bpfd__V1__TracersRequest rq = BPFD__V1__TRACERS_REQUEST__INIT;
	Bpfd__V1__StatsRequest srq = BPFD__V1__STATS_REQUEST__INIT;
	const Bpfd__V1__TracersResponse *rs;
	const Bpfd__V1__StatsResponse *stats;
	const Bpfd__V1__Tracer *open;
	bool found = false;

	assert_int_equal(create(e, "x.toml", "open", false, false), 0);
	follow_open(e, "");
	assert_int_equal(apicall(e->t, "/bpfd.v1.Trace/Tracers", &rq.base,
		&bpfd__v1__tracers_response__descriptor), 0);
	rs = (const void *)e->t->answer;
	assert_int_equal(rs->n_tracers, N_BUILTIN_TRACERS - 1);
	open = rs->tracers[TR_OPEN - 1];
	assert_string_equal(open->status, "on");
	assert_int_equal(open->produced, 41);
	assert_int_equal(open->n_wanted_by, 2);
	assert_string_equal(open->wanted_by[0], "rule x");
	assert_string_equal(open->wanted_by[1], "stream 0");
	assert_string_equal(open->fields[0]->name, "path");
	assert_string_equal(rs->tracers[TR_BASHREADLINE - 1]->status, "denied");
	assert_int_equal(apicall(e->t, "/bpfd.v1.Trace/Stats", &srq.base,
		&bpfd__v1__stats_response__descriptor), 0);
	stats = (const void *)e->t->answer;
	for (size_t i = 0; i < stats->n_counters; i++)
		found |= strcmp(stats->counters[i]->name, "stream.0.lost") == 0;
	assert_true(found);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(delivers_events_to_those_that_want_them),
		TEST(renders_lines_where_a_format_is_asked_for),
		TEST(refuses_what_it_does_not_know_with_a_hint),
		TEST(a_client_that_does_not_read_loses_exactly_what_it_is_told),
		TEST(the_65th_stream_is_refused_and_a_place_is_free_again),
		TEST(a_stream_of_matched_events_wants_no_tracer_of_its_own),
		TEST(shows_tracers_with_their_fields_and_counters),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("api-streams", tests, NULL, NULL);
}
