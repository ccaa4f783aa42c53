/* SPDX-License-Identifier: Apache-2.0 */
/* grpc.API, the service of genuinetools/bpfd, as the real bpfd-api speaks it. */
#include <string.h>

#include "component/evcalls.h"
#include "grpc_api.pb-c.h"
#include "proto/grpc.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(speaks_the_first_bpfds_api),
		TEST(refuses_a_rule_in_the_first_bpfds_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("api-seed", tests, NULL, NULL);
}
