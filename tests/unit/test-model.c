/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/model.h"

static void
finds_every_number_after_many_puts_and_deletes(void **state)
{
	static int values[4096];
	struct idtab t = { 0 };

	for (uint64_t i = 0; i < 4096; i++)
		assert_int_equal(idtab_put(&t, i * 64, &values[i]), 0);
	for (uint64_t i = 0; i < 4096; i += 3)
		idtab_del(&t, i * 64);
	for (uint64_t i = 0; i < 4096; i++)
		assert_ptr_equal(idtab_get(&t, i * 64), i % 3 ? &values[i] : NULL);
	assert_null(idtab_get(&t, 1));
	assert_int_equal(t.n, 4096 - 1366);
	idtab_del(&t, 1);
	assert_int_equal(idtab_put(&t, 64, &values[9]), 0);
	assert_ptr_equal(idtab_get(&t, 64), &values[9]);
	idtab_clear(&t);
	assert_null(idtab_get(&t, 64));
	idtab_del(&t, 64);
}

static void
keeps_the_last_value_of_a_key(void **state)
{
	struct kvs k = { 0 }, want = { 0 };

	assert_int_equal(kvs_set(&k, "a", "1", 1), 0);
	assert_int_equal(kvs_set(&k, "b", "\0\1", 2), 0);
	assert_int_equal(kvs_set(&k, "a", "", 0), 0);
	assert_int_equal(k.n, 2);
	assert_int_equal(kvs_get(&k, "a")->len, 0);
	assert_true(kvs_contain(&k, &want));
	kvs_set(&want, "b", "\0\1", 2);
	assert_true(kvs_contain(&k, &want));
	kvs_set(&want, "b", "\0\2", 2);
	assert_false(kvs_contain(&k, &want));
	kvs_set(&want, "b", "\0\1", 2);
	kvs_set(&want, "c", "", 0);
	assert_false(kvs_contain(&k, &want));
	kvs_clear(&k);
	kvs_clear(&want);
}

static struct group *
add(struct model *m, uint64_t gid, uint32_t prog_id)
{
	struct msg_prog_facts f = { .gid = gid, .id = prog_id };
	struct group *g = group_new();

	g->gid = gid;
	assert_int_equal(model_add_group(m, g), 0);
	assert_int_equal(model_add_prog(m, g, &f, LIVE), 0);
	return g;
}

static void
keeps_groups_in_the_order_of_their_numbers(void **state)
{
	struct model m;
	struct group *g;
	uint64_t last = 0;

	model_init(&m);
	add(&m, 5, 50);
	add(&m, 9, 90);
	add(&m, 7, 70);
	add(&m, 1, 10);
	TAILQ_FOREACH(g, &m.groups, in_model) {
		assert_true(g->gid > last);
		last = g->gid;
	}
	assert_int_equal(last, 9);
	g = group_new();
	g->gid = 7;
	assert_int_equal(model_add_group(&m, g), -EEXIST);
	group_free(g);
	model_clear(&m);
	assert_int_equal(m.n_progs, 0);
}

static void
a_lost_program_does_not_hide_its_number_s_new_owner(void **state)
{
	struct model m;
	struct prog *old;

	model_init(&m);
	old = TAILQ_FIRST(&add(&m, 1, 33)->progs);
	assert_ptr_equal(model_prog(&m, 33), old);
	add(&m, 2, 33);
	model_prog_lost(&m, old);
	assert_int_equal(model_prog(&m, 33)->group->gid, 2);
	model_del_group(&m, model_group(&m, 1));
	assert_int_equal(model_prog(&m, 33)->group->gid, 2);
	model_del_prog(&m, model_prog(&m, 33));
	assert_null(model_prog(&m, 33));
	model_clear(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_number_after_many_puts_and_deletes),
		cmocka_unit_test(keeps_the_last_value_of_a_key),
		cmocka_unit_test(keeps_groups_in_the_order_of_their_numbers),
		cmocka_unit_test(a_lost_program_does_not_hide_its_number_s_new_owner),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
