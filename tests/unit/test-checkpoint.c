/* SPDX-License-Identifier: Apache-2.0 */
/* What bpfd-checkpoint reads of others, and what it starts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "checkpoint/checkpoint.h"
#include "common/auto.h"

static struct task_facts facts;

static void
knows_a_process_of_a_namespace_by_its_inner_number(void **state)
{
	assert_true(target_status("Name:\tsh\nPPid:\t12\nNSpid:\t400\t1\nVmRSS:\t4 kB\n", &facts));
	assert_int_equal(facts.ppid, 12);
	assert_int_equal(facts.depth, 2);
	assert_int_equal(facts.inner, 1);
	assert_true(target_status("PPid:\t1\nNSpid:\t400\n", &facts));
	assert_int_equal(facts.depth, 1);
	assert_int_equal(facts.inner, 400);
}

static void
believes_no_name_that_looks_like_a_line(void **state)
{
	assert_false(target_status("Name:\tNSpid:\t1\nPPid:\t1\n", &facts));
	assert_false(target_status("Name:\tx PPid:\t1\nNSpid:\t4\t1\n", &facts));
}

static void
refuses_what_is_no_status(void **state)
{
	static const char *const bad[] = { "", "\n", "PPid:\t1\n", "NSpid:\t1\n", "PPid:\t1\nNSpid:\t", "PPid:\t1\nNSpid:\tx\n",
		"PPid:\t-1\nNSpid:\t1\n", "PPid:\t1\nNSpid:\t0\n", "PPid:\t1\nNSpid:\t7\t\n" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(target_status(bad[i], &facts));
}

static const char *
reason(const char *output)
{
	static char line[40];

	memset(line, 'x', sizeof(line));
	reason_of_output(output, strlen(output), line, sizeof(line));
	return line;
}

static void
tells_the_last_error_and_not_that_it_failed(void **state)
{
	assert_string_equal(reason("Warn  a\nError (x): first\nError (y): why\ndone\nError (z): Dumping FAILED.\n"), "Error (y): why");
	assert_string_equal(reason("one\ntwo\n\n"), "two");
	assert_string_equal(reason("no end of line"), "no end of line");
	assert_string_equal(reason(""), "");
	assert_string_equal(reason("\n\n"), "");
}

static void
tells_no_more_than_there_is_room_and_no_control_character(void **state)
{
	assert_string_equal(reason("Error \033[31mred\a\n"), "Error [31mred");
	assert_int_equal(strlen(reason("Error 0123456789012345678901234567890123456789\n")), 39);
}

static struct action_def a;
static const struct program_words words = { .id = "0123abc", .dir = "/d/x.part", .cgroup = "/sys/fs/cgroup/c", .pid = 77 };

static int
fresh(void **state)
{
	action_init(&a, ACTION_CHECKPOINT);
	return 0;
}

static void
assert_words(const struct program_words *of, const char *const *want)
{
	AUTO(mem) char **argv = program_argv(&a, of);
	size_t i = 0;

	assert_non_null(argv);
	for (; want[i]; i++)
		assert_string_equal(argv[i] ? argv[i] : "(none)", want[i]);
	assert_null(argv[i]);
}

static void
has_criu_leave_the_container_as_it_is(void **state)
{
	static const char *const want[] = { "/usr/sbin/criu", "dump", "--tree", "77", "--images-dir", ".", "--leave-running",
		"--tcp-established", "--ext-unix-sk", "--file-locks", "--manage-cgroups=ignore", "--external", "mnt[]:m", NULL };

	assert_words(&words, want);
}

static void
tells_criu_of_a_frozen_one_and_has_it_ended_where_asked(void **state)
{
	static const char *const want[] = { "/usr/sbin/criu", "dump", "--tree", "77", "--images-dir", ".", "--freeze-cgroup",
		"/sys/fs/cgroup/c", NULL };
	struct program_words frozen = words;

	frozen.frozen = true;
	a.after = CHECKPOINT_KILL;
	a.args_len = 0;
	assert_words(&frozen, want);
}

static void
command(const char *args, size_t len)
{
	a.flags = CHECKPOINT_COMMAND;
	a.args_len = (uint32_t)len;
	memcpy(a.args, args, len);
}

static void
puts_the_container_into_a_command_without_making_words_of_it(void **state)
{
	static const char *const want[] = { "/bin/tool", "--export=/d/x.part/c.tar", "0123abc", "77 {x} {", "", NULL };
	static const char *const odd[] = { "/bin/tool", "a b --c", NULL };
	struct program_words spaces = words;

	command("/bin/tool\0--export={dir}/c.tar\0{id}\0{pid} {x} {\0", sizeof("/bin/tool\0--export={dir}/c.tar\0{id}\0{pid} {x} {\0"));
	assert_words(&words, want);
	command("/bin/tool\0{id}", sizeof("/bin/tool\0{id}"));
	spaces.id = "a b --c";
	assert_words(&spaces, odd);
}

static void
stays_within_its_room_whatever_the_places_stand_for(void **state)
{
	char long_dir[5000], args[ACTION_ARGS_MAX];
	struct program_words of = words;

	memset(long_dir, 'd', sizeof(long_dir) - 1);
	long_dir[sizeof(long_dir) - 1] = '\0';
	of.dir = long_dir;
	for (size_t i = 0; i < sizeof(args); i++)
		args[i] = "{dir}"[i % 5];
	args[sizeof(args) - 1] = '\0';
	command(args, sizeof(args));
	free(program_argv(&a, &of));
	memset(args, 0, sizeof(args));
	command(args, sizeof(args));
	free(program_argv(&a, &of));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_a_process_of_a_namespace_by_its_inner_number),
		cmocka_unit_test(believes_no_name_that_looks_like_a_line),
		cmocka_unit_test(refuses_what_is_no_status),
		cmocka_unit_test(tells_the_last_error_and_not_that_it_failed),
		cmocka_unit_test(tells_no_more_than_there_is_room_and_no_control_character),
		cmocka_unit_test_setup(has_criu_leave_the_container_as_it_is, fresh),
		cmocka_unit_test_setup(tells_criu_of_a_frozen_one_and_has_it_ended_where_asked, fresh),
		cmocka_unit_test_setup(puts_the_container_into_a_command_without_making_words_of_it, fresh),
		cmocka_unit_test_setup(stays_within_its_room_whatever_the_places_stand_for, fresh),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
