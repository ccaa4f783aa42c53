/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and live events of the real bpfd-api, with a fake enricher that matches and writes a ring. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "bpf/event.h"
#include "common/auto.h"
#include "component/evrig.h"
#include "grpc_api.pb-c.h"
#include "ipc/actions.h"
#include "proto/grpc.h"


#define BIT(t) (1ULL << (t))

/* ---- calls ---- */

static int
create(struct evrig *e, const char *file, const char *text, bool replace, bool dry_run)
{
	Bpfd__V1__CreateRuleRequest rq = BPFD__V1__CREATE_RULE_REQUEST__INIT;

	rq.file = (char *)(uintptr_t)file;
	rq.text = (char *)(uintptr_t)text;
	rq.replace = replace;
	rq.dry_run = dry_run;
	return apicall(e->t, "/bpfd.v1.Rules/Create", &rq.base,
		&bpfd__v1__create_rule_response__descriptor);
}

static const Bpfd__V1__Rule *
created(struct evrig *e)
{
	return ((const Bpfd__V1__CreateRuleResponse *)e->t->answer)->rule;
}

static const Bpfd__V1__ListRulesResponse *
list(struct evrig *e)
{
	Bpfd__V1__ListRulesRequest rq = BPFD__V1__LIST_RULES_REQUEST__INIT;

	assert_int_equal(apicall(e->t, "/bpfd.v1.Rules/List", &rq.base,
		&bpfd__v1__list_rules_response__descriptor), 0);
	return (const void *)e->t->answer;
}

static int
remove_rule(struct evrig *e, const char *name)
{
	Bpfd__V1__RemoveRuleRequest rq = BPFD__V1__REMOVE_RULE_REQUEST__INIT;

	rq.name = (char *)(uintptr_t)name;
	return apicall(e->t, "/bpfd.v1.Rules/Remove", &rq.base, NULL);
}

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

/* ---- rules ---- */

static void
creates_lists_explains_and_removes_a_rule(void **state)
{
	struct evrig *e = *state;
	Bpfd__V1__GetRuleRequest get = BPFD__V1__GET_RULE_REQUEST__INIT;
	const Bpfd__V1__Rule *r;

	assert_int_equal(create(e, "/home/me/etc.toml", "open action=log contains=/etc odd", false, false), 0);
	r = created(e);
	assert_string_equal(r->name, "etc");
	assert_string_equal(r->tracers[0], "open");
	assert_string_equal(r->actions[0], "log");
	assert_string_equal(r->state, "active");
	assert_string_equal(r->origin, "api");
	assert_string_equal(r->mode, "observe");
	assert_int_equal(r->n_problems, 1);
	assert_string_equal(r->problems[0]->code, "W001");
	assert_int_equal(e->t->rig.tracers, BIT(TR_OPEN));
	assert_true(evrig_classes(e, 1 << CLASS_OUTPUT));
	assert_true(evrig_open(e, "cat", "/etc/passwd"));
	assert_false(evrig_open(e, "cat", "/tmp/x"));

	get.name = "etc";
	assert_int_equal(apicall(e->t, "/bpfd.v1.Rules/Get", &get.base,
		&bpfd__v1__get_rule_response__descriptor), 0);
	r = ((const Bpfd__V1__GetRuleResponse *)e->t->answer)->rule;
	assert_string_equal(r->text, "open action=log contains=/etc odd");
	assert_true(strlen(r->explain) > 10);

	assert_int_equal(remove_rule(e, "etc"), 0);
	assert_int_equal(remove_rule(e, "etc"), IPC_NOT_FOUND);
	assert_int_equal(list(e)->n_rules, 0);
	assert_int_equal(e->t->rig.tracers, 0);
	assert_true(evrig_classes(e, 0));
	assert_false(evrig_open(e, "cat", "/etc/passwd"));
}

static void
refuses_a_bad_rule_with_line_and_column(void **state)
{
	struct evrig *e = *state;

	assert_int_equal(create(e, "x.toml", "bad", false, false), IPC_INVALID_ARGUMENT);
	assert_string_equal(e->t->text, "x.toml:3:7: this is bad");
	assert_int_equal(create(e, "x.toml", "", false, false), IPC_INVALID_ARGUMENT);
	assert_int_equal(create(e, "x.toml", "open action=nothing", false, false), IPC_INVALID_ARGUMENT);
	assert_non_null(strstr(e->t->text, "[x]: nothing is not a valid action"));
	assert_int_equal(create(e, "x.toml", "bashreadline", false, false), IPC_PERMISSION_DENIED);
	assert_int_equal(list(e)->n_rules, 0);
	assert_int_equal(e->n_sets, 1);
}

static void
checks_and_dry_runs_without_a_change(void **state)
{
	struct evrig *e = *state;
	Bpfd__V1__CheckRuleRequest rq = BPFD__V1__CHECK_RULE_REQUEST__INIT;
	const Bpfd__V1__Rule *r;

	assert_int_equal(create(e, "x.toml", "open", false, true), 0);
	rq.text = "bad";
	rq.file = "y.toml";
	assert_int_equal(apicall(e->t, "/bpfd.v1.Rules/Check", &rq.base,
		&bpfd__v1__check_rule_response__descriptor), 0);
	r = ((const Bpfd__V1__CheckRuleResponse *)e->t->answer)->rule;
	assert_string_equal(r->state, "refused");
	assert_int_equal(r->problems[0]->line, 3);
	rq.text = "open";
	assert_int_equal(apicall(e->t, "/bpfd.v1.Rules/Check", &rq.base,
		&bpfd__v1__check_rule_response__descriptor), 0);
	r = ((const Bpfd__V1__CheckRuleResponse *)e->t->answer)->rule;
	assert_string_equal(r->state, "active");
	assert_int_equal(list(e)->n_rules, 0);
	assert_int_equal(e->n_sets, 1);
}

static void
a_name_is_taken_unless_it_is_to_be_replaced(void **state)
{
	struct evrig *e = *state;

	assert_int_equal(create(e, "x.toml", "open contains=/a", false, false), 0);
	assert_int_equal(create(e, "x.toml", "open contains=/b", false, false), IPC_ALREADY_EXISTS);
	assert_int_equal(create(e, "x.toml", "open contains=/b", true, false), 0);
	assert_int_equal(list(e)->n_rules, 1);
	assert_false(evrig_open(e, "cat", "/a"));
	assert_true(evrig_open(e, "cat", "/b"));
	/* Of another tracer it is another rule. */
	assert_int_equal(create(e, "x.toml", "arp", false, false), 0);
	assert_int_equal(list(e)->n_rules, 2);
}

static void
created_rules_outlive_the_process(void **state)
{
	struct evrig *e = *state;
	const Bpfd__V1__ListRulesResponse *rs;

	assert_int_equal(create(e, "first.toml", "open contains=/a", false, false), 0);
	assert_int_equal(create(e, "second.toml", "open contains=/b action=kill enforce", false, false), 0);
	evrig_restart(e);
	rs = list(e);
	assert_int_equal(rs->n_rules, 2);
	assert_string_equal(rs->rules[0]->name, "first");
	assert_string_equal(rs->rules[1]->name, "second");
	assert_string_equal(rs->rules[1]->mode, "observe");
	assert_true(rs->rules[0]->created_unix_ns > 0);
	assert_int_equal(remove_rule(e, "first"), 0);
	evrig_restart(e);
	assert_int_equal(list(e)->n_rules, 1);
	assert_true(evrig_open(e, "cat", "/b"));
}

static void
a_rule_that_another_version_stored_is_read_again(void **state)
{
	struct evrig *e = *state;
	char db[64];
	sqlite3 *s;

	assert_int_equal(create(e, "old.toml", "open contains=/a", false, false), 0);
	evrig_stop(e);
	snprintf(db, sizeof(db), "%s/state/bpfd.db", e->t->rig.dir);
	assert_int_equal(sqlite3_open(db, &s), SQLITE_OK);
	assert_int_equal(sqlite3_exec(s, "UPDATE rules SET packed = x'00'", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(s);
	evrig_again(e);
	for (int i = 0; i < 500 && !evrig_open(e, "cat", "/a"); i++)
		usleep(5000);
	assert_true(evrig_open(e, "cat", "/a"));
	assert_string_equal(list(e)->rules[0]->state, "active");
	evrig_restart(e);
	assert_string_equal(list(e)->rules[0]->state, "active");
	assert_int_equal(e->n_parses, 2);
}

static void
enforces_for_root_only_where_the_configuration_says_so(void **state)
{
	struct evrig *e = *state;
	const Bpfd__V1__Rule *r;

	assert_int_equal(create(e, "x.toml", "open action=kill enforce", false, false), 0);
	r = created(e);
	assert_string_equal(r->mode, "observe");
	assert_int_equal(r->n_problems, 1);
	assert_true(r->problems[0]->warning);
	assert_non_null(strstr(r->problems[0]->text, "actions.api_allow_enforce"));
	e->t->rig.cfg.actions_allow_enforce = e->t->rig.cfg.actions_api_allow_enforce = 1;
	evrig_restart(e);
	assert_string_equal(list(e)->rules[0]->mode, "enforce");
	assert_true(evrig_classes(e, 1 << CLASS_SIGNAL));
}

static void
says_that_the_tracer_of_a_rule_could_not_be_attached(void **state)
{
	struct evrig *e = *state;
	const Bpfd__V1__Rule *r;

	e->t->rig.failing_tracer = TR_OPEN;
	assert_int_equal(create(e, "x.toml", "open", false, false), 0);
	r = created(e);
	assert_string_equal(r->state, "active");
	assert_int_equal(r->n_problems, 1);
	assert_false(r->problems[0]->warning);
	assert_string_equal(r->problems[0]->text,
		"tracer open is not attached: the kernel has no such hook");
}

static void
a_new_enricher_and_a_new_loader_get_what_is_in_force(void **state)
{
	struct evrig *e = *state;
	unsigned int n;

	assert_int_equal(create(e, "x.toml", "open", false, false), 0);
	n = e->n_sets;
	evrig_enricher(e, false);
	evrig_enricher(e, true);
	evrig_sets(e, n + 1);
	assert_true(evrig_open(e, "cat", "/a"));
	apirig_reset_counts(&e->t->rig);
	e->t->rig.tracers = 0;
	apirig_loader(&e->t->rig);
	assert_true(apirig_until(&e->t->rig, IPC_TRACERS_WANT, 1));
	assert_int_equal(e->t->rig.tracers, BIT(TR_OPEN));
}

static void
many_rules_at_once_make_few_sets(void **state)
{
	struct evrig *e = *state;
	Bpfd__V1__CreateRuleRequest rq = BPFD__V1__CREATE_RULE_REQUEST__INIT;
	int32_t streams[20];
	char file[16];

	for (int i = 0; i < 20; i++) {
		snprintf(file, sizeof(file), "r%d.toml", i);
		rq.file = file;
		rq.text = "open";
		streams[i] = apicall_start(e->t, "/bpfd.v1.Rules/Create", &rq.base);
	}
	for (int i = 0; i < 20; i++)
		assert_int_equal(apicall_finish(e->t, streams[i],
			&bpfd__v1__create_rule_response__descriptor), 0);
	assert_int_equal(list(e)->n_rules, 20);
	assert_true(e->n_sets <= 12);
}

static void
enabled_tracers_without_a_rule_go_to_the_default_actions(void **state)
{
	struct evrig *e = *state;

	e->t->rig.cfg.tracers_enabled.mask = BIT(TR_OPEN);
	e->t->rig.cfg.actions_default.n = 1;
	strcpy(e->t->rig.cfg.actions_default.glob[0], "stdout");
	evrig_restart(e);
	assert_true(apirig_until(&e->t->rig, IPC_TRACERS_WANT, 1));
	assert_true(evrig_open(e, "cat", "/any"));
	assert_int_equal(create(e, "x.toml", "open contains=/etc", false, false), 0);
	assert_false(evrig_open(e, "cat", "/any"));
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
	assert_int_equal(rs->n_tracers, N_TRACERS - 1);
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

/* ---- grpc.API ---- */

static int
seed_create(struct evrig *e, const char *name, const char *tracer, const char *runtime, const char *action)
{
	Grpc__CreateRuleRequest rq = GRPC__CREATE_RULE_REQUEST__INIT;
	Grpc__Rule r = GRPC__RULE__INIT;
	Grpc__Rule__FilterEventsEntry entry = GRPC__RULE__FILTER_EVENTS_ENTRY__INIT, *entries[] = { &entry };
	Grpc__Filter f = GRPC__FILTER__INIT;
	char *value = "/etc", *runtimes[] = { (char *)(uintptr_t)runtime };
	char *actions[] = { (char *)(uintptr_t)action };

	f.values = &value;
	f.n_values = 1;
	entry.key = "filename";
	entry.value = &f;
	r.name = (char *)(uintptr_t)name;
	r.tracer = (char *)(uintptr_t)tracer;
	r.filterevents = entries;
	r.n_filterevents = 1;
	r.containerruntimes = runtimes;
	r.n_containerruntimes = runtime != NULL;
	r.actions = actions;
	r.n_actions = action != NULL;
	rq.rule = &r;
	return apicall(e->t, "/grpc.API/CreateRule", &rq.base, &grpc__create_rule_response__descriptor);
}

static void
speaks_the_first_bpfds_api(void **state)
{
	struct evrig *e = *state;
	Grpc__ListRulesRequest lrq = GRPC__LIST_RULES_REQUEST__INIT;
	Grpc__RemoveRuleRequest rrq = GRPC__REMOVE_RULE_REQUEST__INIT;
	Grpc__LiveTraceRequest trq = GRPC__LIVE_TRACE_REQUEST__INIT;
	const Grpc__ListRulesResponse *rs;
	const struct reply *r;
	Grpc__Event *ev;
	bool found = false;
	int32_t s;

	assert_int_equal(seed_create(e, "etc", "open", NULL, "stdout"), 0);
	assert_int_equal(seed_create(e, "etc", "open", NULL, "stdout"), IPC_ALREADY_EXISTS);
	assert_int_equal(apicall(e->t, "/grpc.API/ListRules", &lrq.base,
		&grpc__list_rules_response__descriptor), 0);
	rs = (const void *)e->t->answer;
	assert_int_equal(rs->n_rules, 1);
	assert_string_equal(rs->rules[0]->name, "etc");
	assert_string_equal(rs->rules[0]->tracer, "open");
	assert_string_equal(rs->rules[0]->filterevents[0]->key, "filename");
	assert_string_equal(rs->rules[0]->filterevents[0]->value->values[0], "/etc");
	assert_string_equal(rs->rules[0]->actions[0], "stdout");

	s = apicall_start(e->t, "/grpc.API/LiveTrace", &trq.base);
	for (int i = 0; i < 500 && client_reply(e->t->client, s)->http < 0; i++)
		client_turn(e->t->client, 5);
	evrig_open(e, "cat", "/tmp/no");
	evrig_open(e, "cat", "/etc/shadow");
	evrig_commit(e);
	client_until_bytes(e->t->client, s, GRPC_PREFIX_LEN + 20);
	r = client_reply(e->t->client, s);
	ev = grpc__event__unpack(NULL, r->len - GRPC_PREFIX_LEN, r->body + GRPC_PREFIX_LEN);
	assert_non_null(ev);
	assert_int_equal(ev->pid, 42);
	assert_int_equal(ev->tgid, 1);
	assert_string_equal(ev->tracer, "open");
	assert_string_equal(ev->command, "cat");
	assert_string_equal(ev->containerruntime, "not-found");
	assert_int_equal(ev->returnvalue, 3);
	for (size_t i = 0; i < ev->n_data; i++)
		found |= strcmp(ev->data[i]->key, "filename") == 0 &&
			strcmp(ev->data[i]->value, "/etc/shadow") == 0;
	assert_true(found);
	grpc__event__free_unpacked(ev, NULL);
	client_cancel(e->t->client, s);

	rrq.name = "etc";
	assert_int_equal(apicall(e->t, "/grpc.API/RemoveRule", &rrq.base, NULL), 0);
	assert_int_equal(apicall(e->t, "/grpc.API/RemoveRule", &rrq.base, NULL), IPC_NOT_FOUND);
}

static void
refuses_a_rule_in_the_first_bpfds_words(void **state)
{
	struct evrig *e = *state;
	Grpc__CreateRuleRequest rq = GRPC__CREATE_RULE_REQUEST__INIT;

	assert_int_equal(apicall(e->t, "/grpc.API/CreateRule", &rq.base, NULL), IPC_INVALID_ARGUMENT);
	assert_string_equal(e->t->text, "rule cannot be nil");
	assert_int_equal(seed_create(e, "", "open", NULL, NULL), IPC_INVALID_ARGUMENT);
	assert_string_equal(e->t->text, "rule name cannot be empty");
	assert_int_equal(seed_create(e, "x", "", NULL, NULL), IPC_INVALID_ARGUMENT);
	assert_string_equal(e->t->text, "rule tracer cannot be empty");
	assert_int_equal(seed_create(e, "x", "nothing", NULL, NULL), IPC_INVALID_ARGUMENT);
	assert_non_null(strstr(e->t->text, "[x]: nothing is not a valid tracer"));
	assert_int_equal(seed_create(e, "x", "open", "docket", NULL), IPC_INVALID_ARGUMENT);
	assert_non_null(strstr(e->t->text, "[x]: docket is not a valid container runtime"));
	assert_int_equal(seed_create(e, "x", "open", NULL, "stdin"), IPC_INVALID_ARGUMENT);
	assert_non_null(strstr(e->t->text, "[x]: stdin is not a valid action"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, evrig_setup, evrig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(creates_lists_explains_and_removes_a_rule),
		TEST(refuses_a_bad_rule_with_line_and_column),
		TEST(checks_and_dry_runs_without_a_change),
		TEST(a_name_is_taken_unless_it_is_to_be_replaced),
		TEST(created_rules_outlive_the_process),
		TEST(a_rule_that_another_version_stored_is_read_again),
		TEST(enforces_for_root_only_where_the_configuration_says_so),
		TEST(says_that_the_tracer_of_a_rule_could_not_be_attached),
		TEST(a_new_enricher_and_a_new_loader_get_what_is_in_force),
		TEST(many_rules_at_once_make_few_sets),
		TEST(enabled_tracers_without_a_rule_go_to_the_default_actions),
		TEST(delivers_events_to_those_that_want_them),
		TEST(renders_lines_where_a_format_is_asked_for),
		TEST(refuses_what_it_does_not_know_with_a_hint),
		TEST(a_client_that_does_not_read_loses_exactly_what_it_is_told),
		TEST(the_65th_stream_is_refused_and_a_place_is_free_again),
		TEST(a_stream_of_matched_events_wants_no_tracer_of_its_own),
		TEST(shows_tracers_with_their_fields_and_counters),
		TEST(speaks_the_first_bpfds_api),
		TEST(refuses_a_rule_in_the_first_bpfds_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("api-events", tests, NULL, NULL);
}
