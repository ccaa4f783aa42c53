/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/model.h"
#include "rules/parse.h"
#include "rules/runtimes.h"

static struct rules_parsed p;
static struct rule_lists *lists;

static struct rule *
parse(const char *text)
{
	rules_parsed_free(&p);
	assert_int_equal(rules_parse("stem", text, strlen(text), lists, &p), 0);
	return p.rule;
}

static struct rule *
good(const char *text)
{
	struct rule *r = parse(text);

	for (size_t i = 0; i < p.n_problems && !r; i++)
		print_error("%u:%u: %s\n", p.problems[i].line, p.problems[i].column, p.problems[i].text);
	assert_non_null(r);
	return r;
}

/* The one mistake of a text. */
static void
bad(const char *text, unsigned int line, unsigned int column, const char *words)
{
	parse(text);
	assert_null(p.rule);
	for (size_t i = 0; i < p.n_problems; i++)
		if (p.problems[i].line == line && p.problems[i].column == column && !p.problems[i].warning &&
		    strstr(p.problems[i].text, words))
			return;
	for (size_t i = 0; i < p.n_problems; i++)
		print_error("%u:%u: %s\n", p.problems[i].line, p.problems[i].column, p.problems[i].text);
	fail_msg("\"%s\" at %u:%u expected of:\n%s", words, line, column, text);
}

static bool
warned(const char *code)
{
	for (size_t i = 0; i < p.n_problems; i++)
		if (p.problems[i].warning && strcmp(p.problems[i].code, code) == 0)
			return true;
	return false;
}

static int
clean(void **state)
{
	rules_parsed_free(&p);
	rule_lists_free(lists);
	lists = NULL;
	return 0;
}

/* ---- format 1 ---- */

static void
the_readmes_rule_means_what_its_readme_says(void **state)
{
	struct rule *r = good("name = \"setuid_binaries\"\nprogram = \"open\"\n"
			      "[filterEvents.command]\nvalues = [\"sudo\", \"su\"]\n"
			      "containerRuntimes = [\"docker\",\"kube\"]\nactions = ['stdout']\n");

	assert_string_equal(r->name, "setuid_binaries");
	assert_int_equal(r->format, 1);
	assert_int_equal(r->tracers, 1ULL << TR_OPEN);
	assert_int_equal(r->runtimes, 1ULL << RT_DOCKER | 1ULL << RT_KUBE);
	assert_int_equal(r->n_actions, 1);
	assert_int_equal(r->match->kind, NODE_TEST);
	assert_int_equal(r->match->op, OP_contains);
	assert_int_equal(r->match->n_values, 2);
	assert_true(warned("W001"));
	assert_true(warned("W002"));
}

static void
keys_of_format_1_are_in_any_case_and_the_stem_names_the_rule(void **state)
{
	struct rule *r = good("Tracer = 'dockeropenbreakout'\n[FilterEvents]\nContainerRuntimes = ['any']\n"
			      "[filterevents.Filename]\nValues = ['a']\n[filterEvents.COMMAND]\nvalues = ['b']\n");

	assert_string_equal(r->name, "stem");
	assert_int_equal(r->tracers, 1ULL << TR_OPENBREAKOUT);
	assert_int_equal(r->runtimes, 0);
	assert_int_equal(r->match->kind, NODE_ANY);
	assert_true(warned("W001"));
}

static void
match_all_joins_the_keys_of_format_1(void **state)
{
	struct rule *r = good("tracer = 'open'\nmatch = 'all'\n[filterEvents.filename]\nvalues = ['a']\n"
			      "[filterEvents.command]\nvalues = ['b']\n");

	assert_int_equal(r->match->kind, NODE_ALL);
}

static void
a_key_without_meaning_is_a_warning_and_an_unknown_field_a_mistake(void **state)
{
	good("tracer = 'open'\nseverity = 'high'\n");
	assert_true(warned("W003"));
	bad("tracer = 'open'\n[filterEvents.file_name]\nvalues = ['a']\n", 2, 15, "did you mean filename");
	bad("tracer = 'opn'\n", 1, 10, "opn is not a valid tracer; did you mean open");
	bad("name = 'x'\n", 0, 0, "rule tracer cannot be empty");
	bad("tracer = 'open'\ncontainerRuntimes = ['doker']\n", 2, 22, "doker is not a valid container runtime");
	bad("tracer = 'open'\nactions = ['a b']\n", 2, 12, "a b is not a valid action");
	bad("tracer = 'open'\n[filterEvents.command]\nvalues = []\n", 3, 10, "at least one");
}

static void
a_request_of_the_first_api_makes_the_same_rule(void **state)
{
	const char *const values[] = { "sudo", "su" }, *const runtimes[] = { "docker", "kube" };
	const struct rule_seed_filter filters[] = { { "command", values, 2 } };
	const struct rule_seed in = { "n", "open", filters, 1, runtimes, values, 2, 1 };
	struct rule_seed wrong = in;
	struct rule *r = NULL;
	char why[300];

	assert_int_equal(rule_from_seed(&in, &r, why, sizeof(why)), 0);
	assert_int_equal(r->runtimes, 1ULL << RT_DOCKER | 1ULL << RT_KUBE);
	assert_int_equal(r->match->children[0].n_values, 2);
	rule_free(r);
	wrong.name = "";
	assert_int_equal(rule_from_seed(&wrong, &r, why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "rule name cannot be empty");
	wrong = in;
	wrong.tracer = "xyzzy";
	assert_int_equal(rule_from_seed(&wrong, &r, why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "[n]: xyzzy is not a valid tracer");
}

/* ---- format 2 ---- */

static void
every_key_of_format_2_is_read(void **state)
{
	struct rule *r = good("version=2\nname='n'\ntracers=['open','fileops']\nenabled=false\nseverity='high'\n"
			      "description='d'\ntags=['a','b']\nmitre=['T1003.008','TA0006']\nruntimes=['host']\n"
			      "actions=['log',{use='kill',when='severity>=high'}]\nmode='enforce'\norder=5\nstop=true\nurgent=true\n"
			      "ratelimit={rate='10/m',burst=20,key=['uid']}\ndedup={window='1h',key=['path'],count=true}\n"
			      "[match]\nany=[{field='path',op='in',list='l'},{all=[{field='uid',value=0},{not={field='comm',value='x'}}]}]\n"
			      "[[exceptions]]\nname='e'\nfields=['exe','path']\nops=['eq','prefix']\nvalues=[['/a','/b'],[['/c','/d'],'/e']]\n"
			      "[lists]\nl=['/x','/y']\n");

	assert_false(r->enabled);
	assert_int_equal(r->severity, SEV_HIGH);
	assert_int_equal(r->mode, RULE_ENFORCE);
	assert_int_equal(r->order, 5);
	assert_true(r->stop && r->urgent);
	assert_int_equal(r->tracers, 1ULL << TR_OPEN | 1ULL << TR_FILEOPS);
	assert_int_equal(r->runtimes, 1ULL << RT_NOT_FOUND);
	assert_string_equal(r->actions[1].name, "kill");
	assert_int_equal(r->actions[1].min_severity, SEV_HIGH);
	assert_int_equal(r->ratelimit.rate_per_hour, 600);
	assert_int_equal(r->ratelimit.burst, 20);
	assert_int_equal(r->dedup.window_ns, 3600000000000);
	assert_memory_equal(r->tags, "a\0b\0", 5);
	assert_memory_equal(r->mitre, "T1003.008\0TA0006\0", 18);
	assert_int_equal(r->match->kind, NODE_ALL);
	assert_int_equal(r->match->n_children, 2);
	assert_int_equal(r->match->children[0].kind, NODE_NOT);		/* exceptions */
	assert_int_equal(r->match->children[1].kind, NODE_ANY);
	assert_int_equal(r->match->children[1].children[0].n_values, 2);
}

static void
a_mistake_has_its_line_and_column_and_the_nearest_word(void **state)
{
	static const struct { const char *text; unsigned int line, column; const char *says; } cases[] = {
		{ "version = 2\ntracer = 'open'\nacton = ['x']\n", 3, 1, "did you mean actions" },
		{ "version = 2\ntracer = 'open'\n[match]\nfield = 'pth'\nvalue = 'x'\n", 4, 9,
		  "did you mean path" },
		{ "version = 2\ntracer = 'open'\n[match]\nfield = 'path'\nop = 'beginswith'\nvalue = 'x'\n", 5, 6,
		  "there is no operator" },
		{ "version = 2\ntracer = 'open'\n[match]\nfield = 'uid'\nop = 'prefix'\nvalue = 'x'\n", 5, 6,
		  "operator prefix does not fit field uid" },
		{ "version = 2\ntracer = 'open'\n[match]\nfield = 'uid'\nvalues = [0, 'root']\n", 5, 14,
		  "\"root\" is not a number" },
		{ "version = 2\ntracer = 'open'\n[match]\nfield = 'path'\nop = 'regex'\nvalue = 'a('\n", 6, 9,
		  "regular expression: missing closing parenthesis" },
		{ "version = 2\ntracer = 'tcpdrop'\n[match]\nfield = 'saddr'\nop = 'cidr'\nvalue = '10.0.0.0/33'\n", 6, 9,
		  "a network" },
		{ "version = 2\ntracer = 'open'\n[match]\nfield = 'path'\nop = 'in'\nlist = 'l'\n", 6, 8,
		  "there is no list" },
		{ "version = 2\ntracer = 'open'\n[match]\nfield = 'path'\n", 3, 1,
		  "at least one value" },
		{ "version = 2\ntracer = 'open'\n[match]\nop = 'in'\n", 3, 1, "needs a field" },
		{ "version = 2\ntracer = 'open'\nseverity = 'urgent'\n", 3, 12,
		  "severity is one of" },
		{ "version = 2\ntracer = 'open'\nmitre = ['X1']\n", 3, 10, "no id of MITRE" },
		{ "version = 2\ntracer = 'open'\nratelimit = { rate = '10' }\n", 3, 22,
		  "rate is a number" },
		{ "version = 2\ntracer = 'open'\ndedup = { window = '1s', key = ['nokey'] }\n", 3, 33,
		  "no field \"nokey\"" },
		{ "version = 3\n", 1, 11, "version is 1 or 2" },
		{ "version = 2\ntracer = \n", 2, 10, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		bad(cases[i].text, cases[i].line, cases[i].column, cases[i].says);
}

static void
after_within_and_by_belong_together(void **state)
{
	struct rule *r = good("version = 2\ntracer = 'open'\nafter = 'a'\nwithin = '10s'\nby = ['process.key', 'uid']\n");

	assert_string_equal(r->after, "a");
	assert_int_equal(r->sequence.window_ns, 10000000000ULL);
	assert_int_equal(r->sequence.n_keys, 2);
	bad("version = 2\ntracer = 'open'\nwithin = '10s'\n", 0, 0, "belong together");
	bad("version = 2\ntracer = 'open'\nafter = 'a'\nwithin = '10s'\n", 0, 0, "belong together");
	bad("version = 2\ntracer = 'open'\nwithin = '2d'\n", 3, 10, "at most a day");
	bad("version = 2\ntracer = 'open'\nby = ['nix']\n", 3, 7, "no field \"nix\"");
	bad("version = 2\nname = 'a'\ntracer = 'open'\nafter = 'a'\nwithin = '1s'\nby = ['uid']\n", 0, 0, "another rule");
}

static void
lists_of_the_host_are_known_and_the_files_own_come_first(void **state)
{
	const char text[] = "[lists]\nusers = [1, 2, 3]\nnames = ['a']\n";
	struct rules_parsed problems;

	lists = rule_lists_new(3);
	assert_int_equal(rule_lists_read(lists, "l.toml", text, sizeof(text) - 1, &problems), 0);
	assert_int_equal(problems.n_problems, 0);
	rules_parsed_free(&problems);
	assert_int_equal(good("version=2\ntracer='open'\n[match]\nfield='uid'\nlist='users'\n")->match->n_values, 3);
	assert_int_equal(good("version=2\ntracer='open'\n[match]\nfield='uid'\nlist='users'\n[lists]\nusers=[9]\n")->match->n_values, 1);
	assert_int_equal(rule_lists_read(lists, "m.toml", "[list]\n", 7, &problems), 0);
	assert_int_equal(problems.n_problems, 1);
	rules_parsed_free(&problems);
}

static void
deep_nesting_and_many_conditions_are_refused(void **state)
{
	char text[8192] = "version=2\ntracer='open'\n[match]\n", *at = text + strlen(text);

	for (int i = 0; i < 20; i++)
		at += sprintf(at, "not={");
	at += sprintf(at, "field='uid',value=1");
	for (int i = 0; i < 20; i++)
		at += sprintf(at, "}");
	assert_null(parse(text));
	at = text + sprintf(text, "version=2\ntracer='open'\n[match]\nany=[");
	for (int i = 0; i < 300; i++)
		at += sprintf(at, "{field='uid',value=1},");
	strcpy(at, "]\n");
	assert_null(parse(text));
	assert_non_null(strstr(p.problems[0].text, "256"));
}

/* ---- packed ---- */

static void
a_packed_rule_is_the_same_rule(void **state)
{
	struct rule *r = good("version=2\ntracer='open'\ntags=['a']\nactions=['log']\nratelimit={rate='1/s',key=['uid']}\n"
			      "[match]\nall=[{field='path',op='glob',values=['/a*','/b*']},{not={field='uid',value=0}}]\n");
	struct rule *again = NULL;
	void *bytes, *twice;
	size_t len, len2;
	char why[200];

	assert_int_equal(rule_pack(r, &bytes, &len), 0);
	assert_int_equal(rule_unpack(bytes, len, &again, why, sizeof(why)), 0);
	assert_int_equal(rule_pack(again, &twice, &len2), 0);
	assert_int_equal(len, len2);
	assert_memory_equal(bytes, twice, len);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(rule_unpack(bytes, cut, &again, why, sizeof(why)), -EBADMSG);
	free(bytes);
	free(twice);
	rule_free(again);
}

static int
count_file(void *arg, const struct parsed_file *f)
{
	unsigned int *n = arg;

	assert_string_equal(f->file, *n ? "b.toml" : "a.toml");
	assert_int_equal(f->n_problems, *n ? 0 : 1);
	assert_true(*n ? f->packed != NULL : f->packed == NULL);
	if (!*n)
		assert_string_equal(f->problems[0].text, "wrong");
	++*n;
	return 0;
}

static void
parsed_files_come_through_as_they_were(void **state)
{
	const struct rule_problem problem = { .line = 3, .column = 4, .text = "wrong" };
	const struct parsed_file files[] = {
		{ .file = "a.toml", .text = "xyz", .text_len = 3, .problems = &problem, .n_problems = 1 },
		{ .file = "b.toml", .text = "", .packed = "12345", .packed_len = 5 },
	};
	unsigned int n = 0;
	void *bytes;
	size_t len;

	assert_int_equal(parsed_pack(files, 2, &bytes, &len), 0);
	assert_int_equal(parsed_each(bytes, len, count_file, &n), 0);
	assert_int_equal(n, 2);
	for (size_t cut = 0; cut < len; cut++) {
		n = 0;
		assert_int_equal(parsed_each(bytes, cut, count_file, &n), -EBADMSG);
	}
	free(bytes);
}

static void
a_rule_is_explained(void **state)
{
	char *text = rule_explain(good("version=2\ntracer='open'\nname='n'\nactions=['kill']\ndedup={window='2s',key=['uid']}\n"
				       "[match]\nall=[{field='path',op='pathprefix',value='/etc'},{field='uid',op='ne',value=0}]\n"));

	assert_non_null(strstr(text, "path is this directory or lies below it \"/etc\""));
	assert_non_null(strstr(text, "[kernel]"));
	assert_non_null(strstr(text, "one event in 2 s for each uid"));
	assert_non_null(strstr(text, "then: kill"));
	free(text);
}

/* ---- what is shipped ---- */

static void
load_folder(const char *folder)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, NULL, alphasort), loaded = 0;
	static char text[RULE_TEXT_MAX];

	for (int i = 0; i < n; i++) {
		char path[512];
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (strstr(names[i]->d_name, ".toml")) {
			f = fopen(path, "re");
			assert_non_null(f);
			text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
			fclose(f);
			print_message("# %s\n", path);
			free(rule_explain(good(text)));
			loaded++;
		}
		free(names[i]);
	}
	free(names);
	assert_true(loaded > 0);
}

static void
every_shipped_rule_loads(void **state)
{
	load_folder(TEST_SRCDIR "/rules");
	load_folder(TEST_SRCDIR "/rules/seed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_readmes_rule_means_what_its_readme_says, clean),
		cmocka_unit_test_teardown(keys_of_format_1_are_in_any_case_and_the_stem_names_the_rule, clean),
		cmocka_unit_test_teardown(match_all_joins_the_keys_of_format_1, clean),
		cmocka_unit_test_teardown(a_key_without_meaning_is_a_warning_and_an_unknown_field_a_mistake, clean),
		cmocka_unit_test_teardown(a_request_of_the_first_api_makes_the_same_rule, clean),
		cmocka_unit_test_teardown(every_key_of_format_2_is_read, clean),
		cmocka_unit_test_teardown(a_mistake_has_its_line_and_column_and_the_nearest_word, clean),
		cmocka_unit_test_teardown(after_within_and_by_belong_together, clean),
		cmocka_unit_test_teardown(lists_of_the_host_are_known_and_the_files_own_come_first, clean),
		cmocka_unit_test_teardown(deep_nesting_and_many_conditions_are_refused, clean),
		cmocka_unit_test_teardown(a_packed_rule_is_the_same_rule, clean),
		cmocka_unit_test_teardown(parsed_files_come_through_as_they_were, clean),
		cmocka_unit_test_teardown(a_rule_is_explained, clean),
		cmocka_unit_test_teardown(every_shipped_rule_loads, clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
