/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/memfd.h"
#include "ipc/actions.h"

static struct action_table table;

static int
fresh(void **state)
{
	action_table_init(&table);
	return 0;
}

static struct action_def *
added(uint32_t type, const char *name)
{
	struct action_def *a = &table.a[table.n++];

	*a = (struct action_def){ .type = type };
	strcpy(a->name, name);
	return a;
}

static struct action_def *
added_program(void)
{
	struct action_def *a = added(ACTION_EXEC, "notify");

	strcpy(a->path, "/usr/bin/true");
	memcpy(a->args, "true\0-x", 8);
	a->args_len = 8;
	a->uid = a->gid = 65534;
	action_defaults(a);
	return a;
}

static const char *
refusal(void)
{
	static char why[128];

	return action_table_check(&table, why, sizeof(why)) == -EINVAL ? why : NULL;
}

static void
has_an_instance_for_each_type_that_needs_no_word(void **state)
{
	uint32_t n = 0;

	assert_null(refusal());
	for (uint32_t t = 0; t < N_ACTION_TYPES; t++) {
		int i = action_by_name(&table, action_types[t].name);

		if (action_needs_file(t))
			assert_int_equal(i, -ENOENT);
		else {
			assert_int_equal(table.a[i].type, t);
			n++;
		}
	}
	assert_int_equal(table.n, n);
	assert_int_equal(table.a[action_by_name(&table, "kill")].signal, SIGKILL);
	assert_int_equal(table.a[action_by_name(&table, "interrupt")].signal, SIGINT);
}

static void
knows_which_types_destroy(void **state)
{
	for (uint32_t t = 0; t < N_ACTION_TYPES; t++)
		assert_int_equal(action_types[t].destructive != 0,
			action_types[t].class == CLASS_SIGNAL || action_types[t].class == CLASS_CGROUP ||
			action_types[t].class == CLASS_CHECKPOINT);
	assert_string_equal(action_class_names[CLASS_OUTPUT], "output");
}

static void
accepts_named_instances(void **state)
{
	added_program();
	action_defaults(added(ACTION_LOG, "audit"));
	action_defaults(added(ACTION_SIGNAL, "stop-it"));
	assert_null(refusal());
	assert_string_equal(table.a[action_by_name(&table, "audit")].path, "audit.json");
	assert_int_equal(table.a[action_by_name(&table, "notify")].timeout_ms, 10000);
}

static void
refuses_checkpoints_that_are_not_bounded(void **state)
{
	struct action_def *a = added(ACTION_CHECKPOINT, "dump");

	action_init(a, ACTION_CHECKPOINT);
	strcpy(a->name, "dump");
	assert_null(refusal());
	a->timeout_ms = 0;
	assert_non_null(refusal());
	a->timeout_ms = 1;
	a->max_bytes = 1;
	assert_non_null(refusal());
	a->max_bytes = 4096;
	a->after = N_CHECKPOINT_AFTER;
	assert_non_null(refusal());
	a->after = CHECKPOINT_KILL;
	a->flags = 4;
	assert_non_null(refusal());
	a->flags = CHECKPOINT_COMMAND;
	a->args_len = 0;
	assert_non_null(refusal());
	a->flags = 0;
	assert_null(refusal());
	strcpy(a->path, "criu");
	assert_non_null(refusal());
}

static void
refuses_names_that_could_be_paths_or_twins(void **state)
{
	static const char *const bad[] = { "", "../x", "a/b", ".hidden", "a b", "a\nb", "-x", "log" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fresh(state);
		action_defaults(added(ACTION_LOG, bad[i]));
		assert_non_null(refusal());
	}
	fresh(state);
	memset(added(ACTION_STDOUT, "x")->name, 'x', sizeof(table.a[0].name));
	assert_non_null(refusal());
}

static void
refuses_log_files_elsewhere_or_shared(void **state)
{
	struct action_def *a = added(ACTION_LOG, "audit");

	strcpy(a->path, "../passwd");
	assert_non_null(refusal());
	strcpy(a->path, "/etc/passwd");
	assert_non_null(refusal());
	strcpy(a->path, "events.json");
	assert_string_equal(refusal(), "action 10: another one writes the same file");
}

static void
refuses_programs_that_are_not_bounded(void **state)
{
	struct action_def *a = added_program(), good = *a;

	assert_null(refusal());
	strcpy(a->path, "true");
	assert_non_null(refusal());
	*a = good;
	a->args_len = 7;
	assert_non_null(refusal());
	*a = good;
	a->args_len = sizeof(a->args) + 1;
	assert_non_null(refusal());
	*a = good;
	a->timeout_ms = 0;
	assert_non_null(refusal());
	*a = good;
	a->parallel = 1000;
	assert_non_null(refusal());
	*a = good;
	a->uid = 0;
	assert_string_equal(refusal(), "action 10: it would run as root");
}

static void
refuses_numbers_that_name_nothing(void **state)
{
	table.a[0].type = N_ACTION_TYPES;
	assert_non_null(refusal());
	fresh(state);
	table.a[0].format = 99;
	assert_non_null(refusal());
	fresh(state);
	table.a[action_by_name(&table, "kill")].signal = 65;
	assert_non_null(refusal());
	fresh(state);
	table.n = ACTIONS_MAX + 1;
	assert_non_null(refusal());
	fresh(state);
	table.magic ^= 1;
	assert_non_null(refusal());
}

static void
receives_only_what_it_would_accept(void **state)
{
	const struct action_table *got = NULL;
	AUTO(fd) int fd = memfd_sealed("actions", &table, sizeof(table));
	AUTO(fd) int cut = memfd_sealed("actions", &table, sizeof(table) - 8);

	assert_int_equal(action_table_receive(fd, &got), 0);
	assert_memory_equal(got, &table, sizeof(table));
	action_table_free(TAKE_PTR(got));
	assert_int_equal(action_table_receive(cut, &got), -EINVAL);
	table.a[0].type = N_ACTION_TYPES;
	AUTO(fd) int bad = memfd_sealed("actions", &table, sizeof(table));
	assert_int_equal(action_table_receive(bad, &got), -EINVAL);
	assert_int_equal(action_table_receive(-1, &got), -EINVAL);
	assert_null(got);
}

static void
addresses_are_plain_ones(void **state)
{
	static const char *const good[] = { "a@b", "root@localhost", "first.last+tag@mail.example.com" };
	static const char *const bad[] = { "", "root", "@b", "a@", "a b@c", "a@b\r\nRCPT TO:<c@d>", "a@b>", "<a@b>",
		"-a@b", "a@-b", "a@b@c", "\"a\"@b", "a@b,c@d", "\xc3\xa9@b" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(action_address_ok(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(action_address_ok(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(has_an_instance_for_each_type_that_needs_no_word, fresh),
		cmocka_unit_test_setup(knows_which_types_destroy, fresh),
		cmocka_unit_test_setup(accepts_named_instances, fresh),
		cmocka_unit_test_setup(refuses_checkpoints_that_are_not_bounded, fresh),
		cmocka_unit_test_setup(refuses_names_that_could_be_paths_or_twins, fresh),
		cmocka_unit_test_setup(refuses_log_files_elsewhere_or_shared, fresh),
		cmocka_unit_test_setup(refuses_programs_that_are_not_bounded, fresh),
		cmocka_unit_test_setup(refuses_numbers_that_name_nothing, fresh),
		cmocka_unit_test_setup(receives_only_what_it_would_accept, fresh),
		cmocka_unit_test(addresses_are_plain_ones),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("actions", tests, NULL, NULL);
}
