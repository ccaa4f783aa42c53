/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the real bpfd-api, with a fake enricher and a fake loader. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>

#include "bpf/event.h"
#include "component/evcalls.h"
#include "ipc/actions.h"

/* ---- calls ---- */

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
	assert_true(evrig_open(e, "cat", "/etc/shadow"));
	assert_false(evrig_open(e, "cat", "/tmp/x"));

	get.name = "etc";
	assert_int_equal(apicall(e->t, "/bpfd.v1.Rules/Get", &get.base,
		&bpfd__v1__get_rule_response__descriptor), 0);
	r = ((const Bpfd__V1__GetRuleResponse *)e->t->answer)->rule;
	assert_string_equal(r->text, "open action=log contains=/etc odd");
	assert_true(strlen(r->explain) > 10);
	assert_int_equal(r->matched, 2);
	assert_int_equal(r->acted, 2);
	/* Another rule: the enricher tells of one at a time here. */
	assert_int_equal(create(e, "all.toml", "open", false, false), 0);
	assert_true(evrig_open(e, "cat", "/tmp/x"));
	assert_int_equal(list(e)->n_rules, 2);
	for (size_t i = 0; i < 2; i++) {
		r = list(e)->rules[i];
		assert_int_equal(r->matched, strcmp(r->name, "etc") == 0 ? 2 : 1);
		assert_int_equal(r->acted, strcmp(r->name, "etc") == 0 ? 2 : 0);
	}
	assert_int_equal(remove_rule(e, "all"), 0);

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
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("api-rules", tests, NULL, NULL);
}
