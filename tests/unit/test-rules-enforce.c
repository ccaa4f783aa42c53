/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules the kernel can decide, and what is said of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/enforce.h"
#include "rules/parse.h"

static char said[1024];		/* problems of the last rule */

/* Of format 2.  Its hooks, or -1. */
static int
hooks(const char *tracer, const char *action, const char *match)
{
	struct rules_parsed p;
	char text[2048];
	int found;

	snprintf(text, sizeof(text), "version = 2\ntracer = \"%s\"\nactions = [\"%s\"]\n%s%s%s", tracer, action,
		match ? "[match]\nall = [" : "", match ? match : "", match ? "]\n" : "");
	assert_int_equal(rules_parse("rule", text, strlen(text), NULL, &p), 0);
	said[0] = '\0';
	for (size_t i = 0; i < p.n_problems; i++)
		strncat(said, p.problems[i].text, sizeof(said) - strlen(said) - 1);
	found = p.rule ? (int)enforce_hooks(p.rule) : -1;
	rules_parsed_free(&p);
	return found;
}

#define HOOK(id) (1 << ENF_##id)
#define F(field, rest) "{ field = \"" field "\", " rest " }"

#define assert_refused(tracer, action, match, why)                                                 \
	do {                                                                                       \
		assert_int_equal(hooks(tracer, action, match), -1);                                \
		assert_non_null(strstr(said, why));                                                \
	} while (0)

static void
what_the_kernel_can_tell_is_taken(void **state)
{
	assert_int_equal(hooks("exec", "deny", F("path", "op = \"in\", values = [\"/bin/nc\", \"/usr/bin/nc\"]")), HOOK(EXEC));
	assert_int_equal(hooks("exec", "kernel_kill", F("comm", "value = \"nc\"") "," F("uid", "op = \"ge\", value = 1000")), HOOK(EXECUTED));
	assert_int_equal(hooks("open", "deny", F("basename(path)", "value = \"shadow\"") "," F("ns.host", "value = false")), HOOK(OPEN));
	assert_int_equal(hooks("tcpstate", "deny", F("daddr", "op = \"cidr\", value = \"169.254.0.0/16\"")), HOOK(CONNECT));
	assert_int_equal(hooks("udp", "deny", F("dport", "op = \"inrange\", value = \"50..60\"")), HOOK(SENDMSG) | HOOK(CONNECT_UDP));
	assert_int_equal(hooks("ptrace", "deny", F("uid", "op = \"ne\", value = 0")), HOOK(PTRACE));
	assert_int_equal(hooks("bpf", "deny", F("event", "op = \"in\", values = [\"prog_load\", \"map_create\"]")), HOOK(BPF));
}

static void
what_it_cannot_is_named(void **state)
{
	assert_refused("exec", "deny", F("args", "op = \"contains\", value = \"x\""), "deny of exec cannot be decided in the kernel by args");
	assert_refused("exec", "deny", F("comm", "value = \"nc\""), "only after its exec");
	assert_refused("exec", "deny", F("path", "op = \"suffix\", value = \".so\""), "by path suffix");
	assert_refused("exec", "deny", F("path", "op = \"prefix\", value = \"/tmp/a\""), "must end with a slash");
	assert_refused("exec", "deny", F("path", "value = \"relative\""), "does not begin with a slash");
	assert_refused("exec", "deny", F("path", "value = \"/a//b\""), "empty part");
	assert_refused("open", "deny", F("container", "value = true"), "ns.host = false may do");
	assert_refused("open", "kernel_kill", F("uid", "value = 0"), "kernel_kill is for rules of tracer exec");
	assert_refused("fork", "deny", F("uid", "value = 0"), "what tracer fork sees cannot be denied");
	assert_refused("open", "deny", F("event", "value = \"open\""), "it would stop every open");
	assert_refused("open", "deny", NULL, "needs a condition");
	assert_refused("ptrace", "deny", F("event", "value = \"ptrace\""), "by event");
}

static void
a_rule_is_on_the_hooks_where_it_can_match(void **state)
{
	const char *both = F("exe", "value = \"/bin/x\"");

	assert_int_equal(hooks("socket", "deny", both), HOOK(SOCKET) | HOOK(SOCKET_OTHER));
	assert_int_equal(hooks("socket", "deny", F("family", "op = \"in\", values = [\"INET\", \"INET6\"]")), HOOK(SOCKET));
	assert_int_equal(hooks("socket", "deny", F("family", "value = \"PACKET\"")), HOOK(SOCKET_OTHER));
	assert_int_equal(hooks("bind", "deny", F("port", "op = \"lt\", value = 1024")), HOOK(BIND) | HOOK(LISTEN));
	assert_int_equal(hooks("bind", "deny", F("port", "op = \"lt\", value = 1024") "," F("event", "value = \"bind\"")), HOOK(BIND));
	assert_int_equal(hooks("bind", "deny", F("family", "value = \"UNIX\"") "," F("event", "value = \"listen\"")), HOOK(LISTEN_OTHER));
	assert_int_equal(hooks("bind", "deny", F("port", "op = \"ne\", value = 80") "," F("uid", "value = 7")),
		HOOK(BIND) | HOOK(BIND_OTHER) | HOOK(LISTEN) | HOOK(LISTEN_OTHER));
	assert_refused("bind", "deny", F("port", "op = \"ne\", value = 80"), "it would stop every bind_other");
	assert_int_equal(hooks("mount", "deny", F("event", "value = \"move_mount\"") "," F("uid", "op = \"ne\", value = 0")), HOOK(MOVE));
	assert_int_equal(hooks("mount", "deny", F("mounted", "value = \"/boot\"")), HOOK(MOUNT) | HOOK(MOVE) | HOOK(UMOUNT));
	assert_int_equal(hooks("mount", "deny", F("flags", "op = \"hasall\", value = \"MS_BIND\"")), HOOK(MOUNT));
}

/* Without security modules: who may not bind does not listen. */
static void
a_rule_can_do_without_a_hook_that_another_stands_for(void **state)
{
	assert_int_equal(enforce_hooks_needed(HOOK(BIND) | HOOK(LISTEN)), HOOK(BIND));
	assert_int_equal(enforce_hooks_needed(HOOK(LISTEN)), HOOK(LISTEN));
	assert_int_equal(enforce_hooks_needed(HOOK(BIND_OTHER) | HOOK(LISTEN_OTHER)), HOOK(BIND_OTHER) | HOOK(LISTEN_OTHER));
}

/* Seventy rules of one comparison: the table has room for the first sixty-four. */
static void
a_table_that_is_full_leaves_out_the_last(void **state)
{
	static struct enf_table table;
	struct enforce_source sources[70] = { 0 };
	struct rules_parsed p;
	char text[256], why[400] = "";

	snprintf(text, sizeof(text), "version = 2\ntracer = \"exec\"\nactions = [\"deny\"]\n[match]\nall = [" F("uid", "value = 7") "]\n");
	assert_int_equal(rules_parse("rule", text, strlen(text), NULL, &p), 0);
	assert_non_null(p.rule);
	for (size_t i = 0; i < 70; i++)
		sources[i].rule = p.rule;
	assert_int_equal(enforce_compile(sources, 70, &(struct enforce_protect){ 0 }, &table, why, sizeof(why)), 0);
	assert_int_equal(table.n_rows, ENF_ROWS);
	assert_false(sources[63].left_out);
	assert_true(sources[64].left_out && sources[69].left_out);
	assert_int_equal(enforce_table_check(&table), 0);
	table.steps[3].yes = ENF_STEPS;
	assert_int_not_equal(enforce_table_check(&table), 0);
	rules_parsed_free(&p);
}

static void
names_to_protect_are_plain_or_begin_so(void **state)
{
	static struct enf_table table;
	char why[400] = "";

	assert_int_equal(enforce_compile(NULL, 0, &(struct enforce_protect){ (const char *[]){ "sshd", "systemd-*" }, 2 }, &table, why,
		sizeof(why)), 0);
	assert_int_equal(table.n_protect, 2);
	assert_int_not_equal(enforce_compile(NULL, 0, &(struct enforce_protect){ (const char *[]){ "s?hd" }, 1 }, &table, why,
		sizeof(why)), 0);
	assert_non_null(strstr(why, "s?hd"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_kernel_can_tell_is_taken),
		cmocka_unit_test(what_it_cannot_is_named),
		cmocka_unit_test(a_rule_is_on_the_hooks_where_it_can_match),
		cmocka_unit_test(a_rule_can_do_without_a_hook_that_another_stands_for),
		cmocka_unit_test(a_table_that_is_full_leaves_out_the_last),
		cmocka_unit_test(names_to_protect_are_plain_or_begin_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rules-enforce", tests, NULL, NULL);
}
