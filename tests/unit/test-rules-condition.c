/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "rules/model.h"
#include "rules/parse.h"

static struct rules_parsed p;
static struct rule_lists *lists;

static int
clean(void **state)
{
	rules_parsed_free(&p);
	rule_lists_free(lists);
	lists = NULL;
	return 0;
}

/* A rule of open with these lines. */
static struct rule *
parse(const char *lines)
{
	static char text[70000];

	rules_parsed_free(&p);
	snprintf(text, sizeof(text), "version = 2\ntracer = 'open'\n%s\n", lines);
	assert_int_equal(rules_parse("rule.toml", text, strlen(text), lists, &p), 0);
	return p.rule;
}

/* shared: whether it says that it names what is for all rules, which is no part of what is compared. */
static void
pack(const char *lines, void **bytes, size_t *len, bool *shared)
{
	struct rule *r = parse(lines);

	for (size_t i = 0; i < p.n_problems; i++)
		print_error("%u:%u: %s\n", p.problems[i].line, p.problems[i].column, p.problems[i].text);
	assert_non_null(r);
	*shared = r->shared;
	r->shared = false;
	assert_int_equal(rule_pack(r, bytes, len), 0);
}

/* False: the condition names no list or macro for all rules. */
static bool
same(const char *condition, const char *match)
{
	bool shared, other;
	char lines[2000];
	void *a, *b;
	size_t len_a, len_b;

	snprintf(lines, sizeof(lines), "condition = '''%s'''", condition);
	pack(lines, &a, &len_a, &shared);
	snprintf(lines, sizeof(lines), "[match]\n%s", match);
	pack(lines, &b, &len_b, &other);
	if (len_a != len_b || memcmp(a, b, len_a) != 0)
		fail_msg("%s is not %s", condition, match);
	free(a);
	free(b);
	return shared;
}

/* The first mistake of a condition is at this place, and says this. */
static void
bad(const char *condition, const char *place, const char *words)
{
	char lines[4000];

	snprintf(lines, sizeof(lines), "condition = '''%s'''", condition);
	assert_null(parse(lines));
	assert_true(p.n_problems > 0);
	if (!strstr(p.problems[0].text, place) || !strstr(p.problems[0].text, words) || p.problems[0].line != 3)
		fail_msg("%s: %u: %s", condition, p.problems[0].line, p.problems[0].text);
}

static void
global(const char *file, const char *text, size_t n_problems)
{
	struct rules_parsed problems;

	if (!lists)
		lists = rule_lists_new(RULE_LIST_DEFAULT);
	assert_int_equal(rule_lists_read(lists, file, text, strlen(text), &problems), 0);
	assert_int_equal(problems.n_problems, n_problems);
	rules_parsed_free(&problems);
}

static void
a_condition_in_one_line_is_the_same_tree_as_tables(void **state)
{
	static const struct { const char *condition, *match; } cases[] = {
		{ "uid = 0", "field='uid'\nvalue=0" },
		{ "uid==0", "field='uid'\nvalue=0" },
		{ "uid != 0", "field='uid'\nop='ne'\nvalue=0" },
		{ "uid >= 1000", "field='uid'\nop='ge'\nvalue=1000" },
		{ "uid<1000", "field='uid'\nop='lt'\nvalue=1000" },
		{ "uid inrange 5..9", "field='uid'\nop='inrange'\nvalue='5..9'" },
		{ "container", "field='container'\nvalue=true" },
		{ "not container", "not={field='container',value=true}" },
		{ "not not container", "field='container'\nvalue=true" },
		{ "tty exists", "field='tty'\nop='exists'" },
		{ "tty not exists", "field='tty'\nop='exists'\nnot=true" },
		{ "path in {/etc/shadow, /etc/gshadow}", "field='path'\nop='in'\nvalues=['/etc/shadow','/etc/gshadow']" },
		{ "path not in {a,b}", "field='path'\nop='in'\nvalues=['a','b']\nnot=true" },
		{ "basename(exe) in {sh}", "field='basename(exe)'\nop='in'\nvalue='sh'" },
		{ "path glob /a/**/[x-z]*", "field='path'\nop='glob'\nvalue='/a/**/[x-z]*'" },
		{ "path = \"/a b\\\"c\\\\\"", "field='path'\nvalue='/a b\"c\\'" },
		{ "path regex '^/(a|b)\\d$' and args contains LD_PRELOAD=",
		  "all=[{field='path',op='regex',value='^/(a|b)\\d$'},{field='args',op='contains',value='LD_PRELOAD='}]" },
		{ "flags hasany O_WRONLY|O_RDWR", "field='flags'\nop='hasany'\nvalue='O_WRONLY|O_RDWR'" },
		{ "uid != field(euid)", "field='uid'\nop='ne'\nref='euid'" },
		{ "uid = 0 and gid = 0 or comm = x",
		  "any=[{all=[{field='uid',value=0},{field='gid',value=0}]},{field='comm',value='x'}]" },
		{ "uid = 0 and (gid = 0\n or comm = x)",
		  "all=[{field='uid',value=0},{any=[{field='gid',value=0},{field='comm',value='x'}]}]" },
		{ "not (uid = 0 and gid = 0) and container",
		  "all=[{not={all=[{field='uid',value=0},{field='gid',value=0}]}},{field='container',value=true}]" },
		{ "path in {/etc/shadow,/etc/gshadow} and not (exe = /usr/sbin/sshd) and container",
		  "all=[{field='path',op='in',values=['/etc/shadow','/etc/gshadow']},"
		  "{not={field='exe',value='/usr/sbin/sshd'}},{field='container',value=true}]" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		same(cases[i].condition, cases[i].match);
	/* Beside [match] both have to hold; within it a condition is one of the others. */
	parse("condition = 'uid = 0'\n[match]\nfield='gid'\nvalue=0");
	assert_int_equal(p.rule->match->n_children, 2);
	same("uid = 0 or gid = 0", "any=[{condition='uid = 0'},{condition='gid = 0'}]");
}

static void
a_mistake_has_line_and_column_within_the_condition(void **state)
{
	static const struct { const char *text, *place, *words; } cases[] = {
		{ "uid = 0 and nofield = 3", "condition, line 1, column 13:", "no field \"nofield\"" },
		{ "uid = 0\n  and uid = root", "line 2, column 13:", "\"root\" is not a number" },
		{ "uid prefix 3", "line 1, column 1:", "operator prefix does not fit" },
		{ "uid is 3", "line 1, column 5:", "there is no operator \"is\"" },
		{ "uid = ", "line 1, column 7:", "expected a value, not the end" },
		{ "uid = and", "line 1, column 7:", "expected a value, not and" },
		{ "(uid = 0", "line 1, column 9:", "expected )" },
		{ "uid = 0)", "line 1, column 8:", "expected and, or, or the end" },
		{ "uid in {0, 1", "line 1, column 13:", "expected }" },
		{ "uid in {}", "line 1, column 9:", "expected a value" },
		{ "uid = 0 gid = 0", "line 1, column 9:", "expected and, or, or the end, not gid" },
		{ "comm = 'x", "line 1, column 8:", "no end" },
		{ "comm = \"\\n\"", "line 1, column 8:", "backslash" },
		{ "uid in $none", "line 1, column 8:", "there is no list \"none\"" },
		{ "comm", "line 1, column 1:", "an operator has to follow" },
		{ "spawned_shell", "line 1, column 1:", "there is no macro" },
		{ "upper(comm) = X", "line 1, column 1:", "there is no function upper()" },
		{ "uid ! 0", "line 1, column 5:", "there is no operator !" },
		{ "uid = field(nix)", "line 1, column 1:", "no field \"nix\"" },
		{ "uid = field(comm)", "line 1, column 1:", "of different kinds" },
		{ "", "line 1, column 1:", "expected a condition, not the end" },
		{ "not", "line 1, column 4:", "expected a condition, not the end" },
		{ "((((((((((uid = 0))))))))))", "line 1, column 9:", "nested too deeply" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		bad(cases[i].text, cases[i].place, cases[i].words);
}

static void
more_than_256_conditions_are_refused_however_they_come_about(void **state)
{
	char lines[60000], *at = lines + sprintf(lines, "condition = 'uid = 1");

	for (int i = 0; i < 256; i++)
		at += sprintf(at, " or uid = 1");
	strcpy(at, "'");
	assert_null(parse(lines));
	assert_non_null(strstr(p.problems[0].text, "more than 256 conditions"));
	/* 4^7 of them, out of eight lines */
	for (int flags = 0; flags < 2; flags++) {
		at = lines + sprintf(lines, "condition = 'm7'\n[macros]\nm0 = '%s'\n", flags ? "fileless" : "uid = 1");
		for (int i = 1; i < 8; i++)
			at += sprintf(at, "m%d = 'm%d or m%d or m%d or m%d'\n", i, i - 1, i - 1, i - 1, i - 1);
		assert_null(parse(lines));
		assert_int_equal(p.n_problems, 1);
		assert_non_null(strstr(p.problems[0].text, "macro m0 (rule.toml:5:6), line 1, column 1: more than 256 conditions"));
	}
}

static void
macros_and_lists_of_the_host_are_known_to_every_rule(void **state)
{
	global("lists.d/a.toml", "[lists]\nshells = ['sh', 'bash']\n"
		"[macros]\nshell = 'basename(exe) in $shells'\nroots-shell = 'shell and uid = 0'\n", 0);
	assert_true(same("roots-shell or container", "any=[{all=[{field='basename(exe)',op='in',values=['sh','bash']},"
		"{field='uid',value=0}]},{field='container',value=true}]"));
	assert_true(same("basename(exe) in {$shells, fish}", "field='basename(exe)'\nop='in'\nvalues=['sh','bash','fish']"));
	assert_false(same("basename(exe) in {'$shells'}", "field='basename(exe)'\nop='in'\nvalues=['$shells']"));
	assert_true(same("shell", "macro='shell'"));
	same("not shell", "not={macro='shell'}");
	/* A rule's own come first. */
	parse("condition = 'shell'\n[macros]\nshell = 'uid = 7'");
	assert_string_equal(p.rule->match->field, "uid");
	assert_false(p.rule->shared);
}

static void
a_mistake_in_a_list_or_macro_is_named_and_refuses_the_rules_that_need_it(void **state)
{
	global("lists.d/a.toml", "[lists]\ngood = [1]\nbad = [1, [2]]\n"
		"[macros]\nbroken = 'uid = = 3'\ncircle = 'circle'\nnofield = 'uid = 0 or nope = 3'\n", 2);
	assert_non_null(parse("condition = 'uid in $good'"));
	bad("uid in $bad", "line 1, column 8:", "list bad cannot be used: lists.d/a.toml:3:11: ");
	bad("broken", "line 1, column 1:", "macro broken cannot be used: lists.d/a.toml:5:10: macro broken, line 1, column 7");
	bad("uid = 0 or circle", "macro circle (lists.d/a.toml:6:10), line 1, column 1:", "nested too deeply, or in a circle");
	bad("nofield", "macro nofield (lists.d/a.toml:7:11), line 1, column 12:", "no field \"nope\"");
	global("lists.d/b.toml", "[lists]\ngood = [2]\n", 1);
	bad("uid in $good", "column 8:", "list good cannot be used: lists.d/b.toml:2:1: there is a list \"good\" already");
	global("lists.d/c.toml", "[lists\n", 1);
	bad("uid in $elsewhere", "column 8:", "it may be in a file that cannot be used: lists.d/c.toml:");
}

static void
a_list_of_65536_paths_is_taken_and_one_more_is_not(void **state)
{
	bool shared;
	size_t room = 2 << 20;
	AUTO(mem) char *text = malloc(room);
	char *at = text + sprintf(text, "[lists]\nl = [");
	struct rule *again;
	void *bytes;
	size_t len;
	char why[100];

	for (int i = 0; i < 65536; i++)
		at += sprintf(at, "'/some/where/%d',", i);
	strcpy(at, "]\n");
	global("big.toml", text, 0);
	pack("condition = 'path in $l'", &bytes, &len, &shared);
	assert_int_equal(p.rule->match->n_values, 65536);
	assert_int_equal(rule_unpack(bytes, len, &again, why, sizeof(why)), 0);
	rule_free(again);
	free(bytes);
	rule_lists_free(lists);
	lists = NULL;
	strcpy(at, "'/one/more']\n");
	global("big.toml", text, 1);
	bad("path in $l", "column 9:", "list l cannot be used: big.toml:2:");
	assert_non_null(strstr(p.problems[0].text, "more than 65536 values"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_condition_in_one_line_is_the_same_tree_as_tables, clean),
		cmocka_unit_test_teardown(a_mistake_has_line_and_column_within_the_condition, clean),
		cmocka_unit_test_teardown(more_than_256_conditions_are_refused_however_they_come_about, clean),
		cmocka_unit_test_teardown(macros_and_lists_of_the_host_are_known_to_every_rule, clean),
		cmocka_unit_test_teardown(a_mistake_in_a_list_or_macro_is_named_and_refuses_the_rules_that_need_it, clean),
		cmocka_unit_test_teardown(a_list_of_65536_paths_is_taken_and_one_more_is_not, clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
