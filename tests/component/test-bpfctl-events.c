/* SPDX-License-Identifier: Apache-2.0 */
/* bpfctl as a process against a fake daemon: rules, events, tracers. */
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpfctl-run.h"

static void
gives_rules_and_says_what_is_odd(void **state)
{
	write_text("shadow.toml", "good");
	write_text("bad.toml", "bad");
	assert_int_equal(run("rule create --replace shadow.toml"), 0);
	has(requests, "CreateRule file=shadow.toml replace=1 dry_run=0 text=good");
	has(out, "NAME    TRACER     SEVERITY  MODE     ACTIONS  ORIGIN  STATE");
	has(out, "shadow  open,exec  high      observe  log      api     active");
	has(err, "shadow.toml:2:5: warning: read as\\x1b[31m something else [W001]");
	assert_int_equal(run("rule create bad.toml"), 1);
	has(err, "bad.toml:1:1: it is bad");
	assert_int_equal(run("rule create shadow.toml bad.toml no.toml"), 7);
	assert_int_equal(run("rule create no.toml"), 3);
	assert_int_equal(run("rule create"), 2);
	assert_int_equal(run("rule cr"), 2);
}

static void
lists_gets_explains_and_removes_rules(void **state)
{
	assert_int_equal(run("rule ls --tracer open"), 0);
	has(requests, "ListRules tracer=open");
	has(out, "a_rule_with_a_long_name  open");
	assert_int_equal(run("rule get shadow -o json"), 0);
	has(out, "\"text\": \"a = 1\\n\"");
	assert_int_equal(run("rule get other"), 3);
	assert_int_equal(run("rule explain shadow"), 0);
	assert_string_equal(out, "what it\\x1b does\n");
	assert_int_equal(run("rule rm shadow"), 0);
	assert_string_equal(out, "shadow\n");
	assert_int_equal(run("rule rm other"), 1);
	has(err, "there is no rule other");
	assert_int_equal(run("rule rm shadow other"), 7);
}

static void
checks_rules_without_a_daemon(void **state)
{
	write_text("good.toml", "version = 2\nname = \"x\"\ntracer = \"open\"\n");
	write_text("wrong.toml", "version = 2\nname = \"x\"\ntracer = \"opnn\"\n");
	assert_int_equal(run("-s /nowhere rule check good.toml"), 2);	/* -s twice */
	assert_int_equal(finish(start("nobody", "rule check good.toml")), 0);
	assert_string_equal(out, "");
	assert_int_equal(finish(start("nobody", "rule check wrong.toml")), 1);
	has(out, "wrong.toml:3:");
	has(out, ": error: ");
	assert_int_equal(finish(start("nobody", "rule check good.toml wrong.toml -o json")), 7);
	has(out, "\"line\": 3");
	assert_int_equal(finish(start("nobody", "rule explain good.toml")), 0);
	has(out, "events of: open");
}

static void
checks_that_actions_are_there_without_a_daemon(void **state)
{
	static const char rule[] = "version = 2\nname = \"x\"\ntracer = \"exec\"\nactions = [\"log\", \"%s\"]\n";
	char text[256], folder[600];

	snprintf(folder, sizeof(folder), "%s/actions.d", dir);
	assert_int_equal(mkdir(folder, 0755), 0);
	snprintf(text, sizeof(text), rule, "lgo");
	write_text("typo.toml", text);
	assert_int_equal(finish(start("nobody", "rule check --actions actions.d typo.toml")), 1);
	has(out, "typo.toml: error: there is no action lgo; did you mean log");
	has(out, "there is no actions.d/lgo.toml [action]");
	assert_int_equal(finish(start("nobody", "rule check --actions nowhere.d typo.toml")), 0);
	has(out, "typo.toml: warning: there is no action lgo");
	snprintf(text, sizeof(text), rule, "checkpoint");
	write_text("typo.toml", text);
	assert_int_equal(finish(start("nobody", "rule check --actions actions.d typo.toml")), 1);
	has(out, "needs a file");
	write_text("actions.d/checkpoint.toml", "type = \"checkpoint\"\n");
	assert_int_equal(finish(start("nobody", "rule check --actions actions.d typo.toml")), 0);
	assert_string_equal(out, "");
	snprintf(text, sizeof(text), rule, "deny");
	write_text("typo.toml", text);
	finish(start("nobody", "rule check --actions actions.d typo.toml"));
	assert_null(strstr(out, "[action]"));
}


static void
traces_until_it_is_told_to_end(void **state)
{
	pid_t pid;

	assert_int_equal(run("trace --tracer exit --no-headers --filter 'path prefix /etc/' "
		"--filter uid=0 --filter 'exe in /bin/a,/bin/b'"), 0);
	assert_string_equal(out, "one\ntwo\\x1b[31m\nthree\n");
	has(err, "2 events were lost here");
	has(err, "3 events, 2 lost");
	has(requests, "Events tracers=1 filters=3 rules_only=0 defaults=0 format=table");
	has(requests, "filter path prefix 1 /etc/");
	has(requests, "filter uid  1 0");
	has(requests, "filter exe in 2 /bin/a");
	assert_int_equal(run("trace --count 2 --format seed -q"), 0);
	assert_string_equal(out, "one\ntwo\\x1b[31m\n");
	assert_string_equal(err, "");
	assert_int_equal(run("trace --duration 0.3 --rule-only -o json"), 0);
	has(requests, "rules_only=1 defaults=0 format=json");
	assert_int_equal(run("trace --filter path"), 2);
	assert_int_equal(run("trace --count x"), 2);
	pid = start("sock", "trace --format seed");
	wait_for_request("Events");
	usleep(100000);
	kill(pid, SIGINT);
	assert_int_equal(finish(pid), 0);
	has(err, "3 events, 2 lost");
	wait_for_request("Events cancelled");
}

static void
shows_tracers_and_counters_of_events(void **state)
{
	assert_int_equal(run("tracers"), 0);
	has(out, "open    on      config,rule shadow  12");
	assert_int_equal(run("tracers open"), 0);
	has(out, "path");
	assert_int_equal(run("tracers opens"), 3);
	assert_int_equal(run("stats"), 0);
	has(out, "streams.lost  2");
}

static void
speaks_as_the_first_bpfd_did(void **state)
{
	write_text("shadow.toml", "good");
	assert_int_equal(run("seed-create shadow.toml"), 0);
	assert_string_equal(out, "shadow\n");
	assert_int_equal(run("seed-ls"), 0);
	assert_string_equal(out, "NAME                      TRACER\n"
		"shadow                    open\n"
		"shadow                    exec\n"
		"a_rule_with_a_long_name   open\n");
	assert_int_equal(run("seed-rm shadow"), 0);
	assert_string_equal(out, "shadow\n");
	assert_int_equal(run("seed-rm other"), 1);
	assert_int_equal(run("seed-version"), 0);
	has(out, "bpfd:\n version     : v");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_rules_and_says_what_is_odd),
		cmocka_unit_test(lists_gets_explains_and_removes_rules),
		cmocka_unit_test(checks_rules_without_a_daemon),
		cmocka_unit_test(checks_that_actions_are_there_without_a_daemon),
		cmocka_unit_test(traces_until_it_is_told_to_end),
		cmocka_unit_test(shows_tracers_and_counters_of_events),
		cmocka_unit_test(speaks_as_the_first_bpfd_did),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bpfctl-events", tests, set_up, tear_down);
}
