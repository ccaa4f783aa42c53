/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpfctl/args.h"
#include "bpfctl/complete.h"

#define READ(a, ...)                                                                               \
	({                                                                                         \
		char *argv_[] = { (char *)"bpfctl", __VA_ARGS__ };                                  \
		args_read((int)ARRAY_SIZE(argv_), argv_, a);                                       \
	})

#define REFUSES(want, ...)                                                                         \
	do {                                                                                       \
		AUTO(args) struct args a_ = { 0 };                                                 \
		assert_int_equal(READ(&a_, __VA_ARGS__), -EINVAL);                                 \
		if (!strstr(buf_text(&a_.error), want))                                            \
			fail_msg("\"%s\" is not in \"%s\"", want, buf_text(&a_.error));            \
		assert_true(a_.hint.len > 0);                                                      \
	} while (0)

static void
takes_options_anywhere(void **state)
{
	AUTO(args) struct args a = { 0 };
	size_t at = 0;

	assert_int_equal(READ(&a, "-o", "json", "load", "--global=a=01", "x.o", "--global", "b=02", "-q",
				"-s/run/x"), 0);
	assert_string_equal(a.cmd->name, "load");
	assert_int_equal(a.n_words, 1);
	assert_string_equal(a.words[0], "x.o");
	assert_string_equal(args_get(&a, "output"), "json");
	assert_string_equal(args_get(&a, "socket"), "/run/x");
	assert_true(args_has(&a, "quiet"));
	assert_false(args_has(&a, "dry-run"));
	assert_string_equal(args_each(&a, "global", &at), "a=01");
	assert_string_equal(args_each(&a, "global", &at), "b=02");
	assert_null(args_each(&a, "global", &at));
}

static void
takes_words_that_look_like_options_after_two_dashes(void **state)
{
	AUTO(args) struct args a = { 0 };

	assert_int_equal(READ(&a, "detach", "--dry-run", "--", "-1", "--help"), 0);
	assert_int_equal(a.n_words, 2);
	assert_string_equal(a.words[0], "-1");
	assert_false(args_has(&a, "help"));
}

static void
takes_a_negative_number_as_a_value(void **state)
{
	AUTO(args) struct args a = { 0 };

	assert_int_equal(READ(&a, "attach", "1", "xdp", "lo", "--priority", "-5"), 0);
	assert_string_equal(args_get(&a, "priority"), "-5");
}

static void
refuses_and_suggests(void **state)
{
	REFUSES("did you mean load?", "lod");
	REFUSES("did you mean --program?", "load", "--progam", "x");
	REFUSES("unknown option -x", "list", "-x");
	REFUSES("unknown command zzzzzz", "zzzzzz");
	REFUSES("--all takes no value", "list", "--all=1");
	REFUSES("--type needs a value", "list", "--type");
	REFUSES("--type is given twice", "list", "--type", "a", "--type", "b");
	REFUSES("something is missing", "attach", "1");
	REFUSES("what is b.o?", "load", "a.o", "b.o");
}

static void
help_needs_no_words(void **state)
{
	AUTO(args) struct args a = { 0 };

	assert_int_equal(READ(&a, "attach", "--help"), 0);
	assert_true(args_has(&a, "help"));
}

static void
help_names_every_command_and_option(void **state)
{
	AUTO(buf) struct buf all = { 0 };

	help_text(&all, NULL);
	for (size_t i = 0; commands[i]; i++) {
		AUTO(buf) struct buf one = { 0 };
		char name[64];

		snprintf(name, sizeof(name), "\n  %s ", commands[i]->name);
		assert_int_equal(strstr(buf_text(&all), name) == NULL, commands[i]->hidden);
		help_text(&one, commands[i]);
		for (const struct opt *o = commands[i]->opts; o->name; o++) {
			snprintf(name, sizeof(name), "--%s", o->name);
			assert_non_null(strstr(buf_text(&one), name));
		}
	}
}

static void
an_option_name_means_one_thing(void **state)
{
	for (size_t i = 0; commands[i]; i++)
		for (const struct opt *o = commands[i]->opts; o->name; o++) {
			assert_ptr_equal(args_opt(commands[i], o->name), o);
			for (const struct opt *g = global_opts; g->name; g++) {
				assert_string_not_equal(g->name, o->name);
				assert_true(!o->letter || o->letter != g->letter);
			}
		}
}

static void
completes_to(const char *want, const char *const *words, size_t n)
{
	struct complete c = { 0 };

	complete_line(&c, words, n);
	assert_string_equal(buf_text(&c.out), want);
	buf_free(&c.out);
}
#define COMPLETES(want, ...)                                                                       \
	completes_to(want, (const char *const[]){ __VA_ARGS__ },                                   \
		ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })))

static void
completes_from_the_table(void **state)
{
	COMPLETES("unload\tdetach and unload programs\n", "un");
	COMPLETES("--map-owner\tshare the maps of that group, by name\n", "load", "--map-o");
	COMPLETES("--map-owner\tshare the maps of that group, by name\n"
		"--map-group\tlet this unix group read the maps (policy.map_groups)\n", "load", "--map");
	COMPLETES("json\n", "-o", "j");
	COMPLETES("--output=json\n", "--output=j");
	COMPLETES("egress\n", "attach", "1", "tc", "lo", "--direction", "e");
	COMPLETES("links\n", "-q", "list", "l");
	COMPLETES("bash\nzsh\n", "completion", "");
	COMPLETES("", "completion", "bash", "");
	COMPLETES(":file\n", "load", "");
	COMPLETES(":file\n", "load", "--", "-");
	COMPLETES("link\n", "get", "l");
	COMPLETES("xdp:lo,mode=hw\n", "load", "x.o", "--attach", "xdp:lo,mode=h");
	COMPLETES("--attach=xdp:lo,priority=\n", "load", "x.o", "--attach=xdp:lo,prio");
}

static void
completes_nothing_without_a_daemon(void **state)
{
	COMPLETES("", "detach", "");
	COMPLETES("", "attach", "");
	COMPLETES("", "get", "map", "");
	COMPLETES("", "nonsense", "");
}

static void
finds_the_socket_among_the_words(void **state)
{
	const char *const apart[] = { "-s", "/a", "list", "" };
	const char *const joined[] = { "list", "--socket=/b", "" };
	const char *const none[] = { "list", "-s" };

	assert_string_equal(complete_socket(apart, 4), "/a");
	assert_string_equal(complete_socket(joined, 3), "/b");
	assert_null(complete_socket(none, 2));
}

static void
offers_no_name_that_a_shell_would_read(void **state)
{
	struct complete c = { .word = "" };

	complete_add(&c, "", "good_name", "x\x1b");
	complete_add(&c, "", "$(reboot)", NULL);
	complete_add(&c, "", "a b", NULL);
	complete_add(&c, "", "a\nb", NULL);
	assert_string_equal(buf_text(&c.out), "good_name\tx\\x1b\n");
	buf_free(&c.out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_options_anywhere),
		cmocka_unit_test(takes_words_that_look_like_options_after_two_dashes),
		cmocka_unit_test(takes_a_negative_number_as_a_value),
		cmocka_unit_test(refuses_and_suggests),
		cmocka_unit_test(help_needs_no_words),
		cmocka_unit_test(help_names_every_command_and_option),
		cmocka_unit_test(an_option_name_means_one_thing),
		cmocka_unit_test(completes_from_the_table),
		cmocka_unit_test(completes_nothing_without_a_daemon),
		cmocka_unit_test(finds_the_socket_among_the_words),
		cmocka_unit_test(offers_no_name_that_a_shell_would_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bpfctl-args", tests, NULL, NULL);
}
