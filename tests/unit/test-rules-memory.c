/* SPDX-License-Identifier: Apache-2.0 */
/* What rules remember: limits, sequences, counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/rules_make.h"

static struct made made;
static struct made_set set;
static struct match_result got;

#define OPEN(...) (&(struct made_open){ __VA_ARGS__ })

static int
clean(void **state)
{
	made_set_clear(&set);
	return 0;
}

/* ---- limits ---- */

static void
dedup_lets_one_through_per_window_and_counts_the_rest(void **state)
{
	struct matcher *m;
	struct event e;
	uint32_t passed = 0, suppressed = 0;
	struct matcher_stats st;

	made_rule(&set, "version=2\ntracer='open'\ndedup={window='1s', key=['uid']}\n");
	m = made_matcher(&set);
	for (uint64_t i = 0; i < 3000; i++) {
		made_open(&made, OPEN(.uid = i % 3, .ts = 1000000000 + i * 1000000), &e);
		matcher_run(m, &e, &got);
		passed += got.n;
		suppressed += got.n ? got.match[0].suppressed : 0;
	}
	assert_int_equal(passed, 9);
	matcher_stats(m, &st);
	assert_int_equal(st.deduped, 3000 - 9);
	assert_int_equal(suppressed, 6 * 333);
	matcher_free(m);
	made_set_clear(&set);
}

static void
ratelimit_is_a_token_bucket_for_each_key(void **state)
{
	struct matcher *m;
	struct event e;
	uint32_t passed = 0;

	made_rule(&set, "version=2\ntracer='open'\nratelimit={rate='10/s', burst=5, key=['path']}\n");
	m = made_matcher(&set);
	for (uint64_t i = 0; i < 2000; i++) {
		made_open(&made, OPEN(.path = i % 2 ? "/a" : "/b", .ts = 1000000000 + i / 2 * 1000000), &e);
		passed += (matcher_run(m, &e, &got), got.n);
	}
	/* 5 at once and 10 each second of the one second, for each of two. */
	assert_in_range(passed, 28, 30);
	matcher_free(m);
	made_set_clear(&set);
}

static void
a_full_table_forgets_no_count(void **state)
{
	struct matcher *m;
	struct event e;
	uint64_t passed = 0, suppressed = 0;

	made_rule(&set, "version=2\ntracer='open'\ndedup={window='1s', key=['uid']}\n");
	m = made_matcher(&set);
	for (uint32_t i = 0; i < 100000; i++) {
		made_open(&made, OPEN(.uid = i / 4, .ts = 1000000000 + i), &e);
		matcher_run(m, &e, &got);
		passed += got.n;
		suppressed += got.n ? got.match[0].suppressed : 0;
	}
	made_open(&made, OPEN(.uid = 4000000000u, .ts = 5000000000), &e);
	matcher_run(m, &e, &got);
	assert_int_equal(passed, 25000);
	assert_true(suppressed > 0 && suppressed <= 75000);
	matcher_free(m);
	made_set_clear(&set);
}

/* ---- sequences ---- */

static bool
fires(struct matcher *m, const char *rule, const struct made_open *o)
{
	struct event e;

	made_open(&made, o, &e);
	matcher_run(m, &e, &got);
	for (uint32_t i = 0; i < got.n; i++)
		if (strcmp(got.match[i].name, rule) == 0)
			return true;
	return false;
}

#define SECOND 1000000000ULL

static void
a_chain_of_three_fires_in_its_order_in_time_and_for_its_key(void **state)
{
	struct matcher *m;

	made_rule(&set, "version=2\nname='c'\ntracer='open'\ncondition='path = /c'\nafter='b'\nwithin='10s'\nby=['process.key']\n");
	made_rule(&set, "version=2\nname='b'\ntracer='open'\ncondition='path = /b'\nafter='a'\nwithin='10s'\nby=['process.key']\n");
	made_rule(&set, "version=2\nname='a'\ntracer='open'\ncondition='path = /a'\n");
	m = made_matcher(&set);
	assert_false(fires(m, "c", OPEN(.path = "/c", .pid = 1, .ts = SECOND)));
	assert_false(fires(m, "b", OPEN(.path = "/b", .pid = 1, .ts = SECOND)));
	assert_true(fires(m, "a", OPEN(.path = "/a", .pid = 1, .ts = SECOND)));
	assert_false(fires(m, "b", OPEN(.path = "/b", .pid = 2, .ts = 2 * SECOND)));
	assert_false(fires(m, "c", OPEN(.path = "/c", .pid = 1, .ts = 2 * SECOND)));
	assert_true(fires(m, "b", OPEN(.path = "/b", .pid = 1, .ts = 3 * SECOND)));
	assert_false(fires(m, "c", OPEN(.path = "/c", .pid = 2, .ts = 4 * SECOND)));
	assert_true(fires(m, "c", OPEN(.path = "/c", .pid = 1, .ts = 13 * SECOND)));
	assert_true(fires(m, "c", OPEN(.path = "/c", .pid = 1, .ts = 13 * SECOND)));
	assert_false(fires(m, "c", OPEN(.path = "/c", .pid = 1, .ts = 13 * SECOND + 1)));
	assert_false(fires(m, "b", OPEN(.path = "/b", .pid = 1, .ts = 12 * SECOND)));
	matcher_free(m);
	made_set_clear(&set);
}

static void
an_event_does_not_follow_itself(void **state)
{
	struct matcher *m;

	made_rule(&set, "version=2\nname='a'\ntracer='open'\n");
	made_rule(&set, "version=2\nname='twice'\ntracer='open'\nafter='a'\nwithin='1s'\nby=['uid']\n");
	m = made_matcher(&set);
	assert_false(fires(m, "twice", OPEN(.uid = 1, .ts = SECOND)));
	assert_true(fires(m, "twice", OPEN(.uid = 1, .ts = SECOND + 5)));
	assert_false(fires(m, "twice", OPEN(.uid = 2, .ts = SECOND + 5)));
	matcher_free(m);
	made_set_clear(&set);
}

static void
what_has_no_key_follows_nothing(void **state)
{
	struct matcher *m;

	made_rule(&set, "version=2\nname='a'\ntracer='open'\n");
	made_rule(&set, "version=2\nname='twice'\ntracer='open'\nafter='a'\nwithin='1s'\nby=['container.runtime']\n");
	m = made_matcher(&set);
	assert_false(fires(m, "twice", OPEN(.ts = SECOND)));
	assert_false(fires(m, "twice", OPEN(.ts = SECOND + 5)));
	assert_false(fires(m, "twice", OPEN(.runtime = "docker", .ts = SECOND + 6)));
	assert_true(fires(m, "twice", OPEN(.runtime = "docker", .ts = SECOND + 7)));
	matcher_free(m);
	made_set_clear(&set);
}

static void
flags_that_are_forgotten_in_their_time_are_counted(void **state)
{
	struct matcher_stats st;
	struct matcher *m;
	unsigned int known = 0;

	made_rule(&set, "version=2\nname='a'\ntracer='open'\ncondition='path = /a'\n");
	made_rule(&set, "version=2\nname='b'\ntracer='open'\ncondition='path = /b'\nafter='a'\nwithin='1h'\nby=['uid']\n");
	m = made_matcher(&set);
	for (uint32_t i = 0; i < 10000; i++)
		assert_true(fires(m, "a", OPEN(.path = "/a", .uid = i, .ts = SECOND + i)));
	for (uint32_t i = 0; i < 10000; i++)
		known += fires(m, "b", OPEN(.path = "/b", .uid = i, .ts = 2 * SECOND + i));
	matcher_stats(m, &st);
	assert_int_equal(st.sequence_evicted, 10000 - known);
	assert_in_range(known, 3000, 4096);
	assert_true(fires(m, "b", OPEN(.path = "/b", .uid = 9999, .ts = 2 * SECOND)));
	matcher_free(m);
	made_set_clear(&set);
}

static void
what_rules_have_seen_goes_on_in_the_next_set(void **state)
{
	struct matcher *m, *next;

	made_rule(&set, "version=2\nname='a'\ntracer='open'\ncondition='path = /a'\n");
	made_rule(&set, "version=2\nname='b'\ntracer='open'\ncondition='path = /b'\nafter='a'\nwithin='9s'\nby=['uid']\n");
	made_rule(&set, "version=2\nname='d'\ntracer='open'\ncondition='path = /d'\ndedup={window='9s'}\n");
	m = made_matcher(&set);
	assert_true(fires(m, "a", OPEN(.path = "/a", .ts = SECOND)));
	assert_true(fires(m, "d", OPEN(.path = "/d", .ts = SECOND)));
	made_rule(&set, "version=2\nname='new'\ntracer='open'\n");
	next = made_matcher(&set);
	matcher_adopt(next, m);
	matcher_free(m);
	assert_true(fires(next, "b", OPEN(.path = "/b", .ts = 2 * SECOND)));
	assert_false(fires(next, "d", OPEN(.path = "/d", .ts = 2 * SECOND)));
	matcher_free(next);
	made_set_clear(&set);
	/* Of a rule that is another one now it begins anew. */
	made_rule(&set, "version=2\nname='a'\ntracer='open'\ncondition='path = /a'\n");
	made_rule(&set, "version=2\nname='b'\ntracer='open'\ncondition='path = /b'\nafter='a'\nwithin='9s'\nby=['uid']\n");
	m = made_matcher(&set);
	assert_true(fires(m, "a", OPEN(.path = "/a", .ts = SECOND)));
	made_set_clear(&set);
	made_rule(&set, "version=2\nname='a'\ntracer='open'\ncondition='path = /a'\n");
	made_rule(&set, "version=2\nname='b'\ntracer='open'\ncondition='path = /b'\nafter='a'\nwithin='8s'\nby=['uid']\n");
	next = made_matcher(&set);
	matcher_adopt(next, m);
	matcher_free(m);
	assert_false(fires(next, "b", OPEN(.path = "/b", .ts = 2 * SECOND)));
	matcher_free(next);
	made_set_clear(&set);
}

/* ---- counts ---- */

static struct rule_count
count_of(const struct matcher *m, size_t rule)
{
	uint64_t id = rule_id(set.entries[rule].packed, set.entries[rule].packed_len);
	struct rule_count one;
	size_t at = 0;

	do {
		if (matcher_counts(m, &at, &one, 1) == 1 && one.id == id)
			return one;
	} while (at);
	return (struct rule_count){ 0 };
}

static void
assert_count(const struct matcher *m, size_t rule, const struct rule_count *want)
{
	struct rule_count c = count_of(m, rule);

	assert_int_equal(c.matched, want->matched);
	assert_int_equal(c.limited, want->limited);
	assert_int_equal(c.deduped, want->deduped);
	assert_int_equal(c.acted, want->acted);
}

static void
events_are_counted_for_each_rule_and_in_the_next_set_too(void **state)
{
	struct matcher *m, *next;
	struct event e;

	made_rule(&set, "version=2\nname='plain'\ntracer='open'\ncondition='uid = 1'\n");
	made_rule(&set, "version=2\nname='once'\ntracer='open'\ncondition='uid = 1'\ndedup={window='9s'}\n");
	made_rule(&set, "version=2\nname='some'\ntracer='open'\nratelimit={rate='2/h', burst=2}\n");
	made_rule(&set, "version=2\nname='mute'\ntracer='open'\ncondition='uid = 1'\n")->actions[SEV_NOTICE] = 0;
	made_rule(&set, "version=2\nname='never'\ntracer='open'\ncondition='uid = 7'\n");
	made_rule(&set, "version=2\nname='stream'\ntracer='open'\ncondition='uid = 1'\n")->stream = 1;
	m = made_matcher(&set);
	for (uint64_t i = 0; i < 10; i++) {
		made_open(&made, OPEN(.uid = i % 2, .ts = SECOND + i), &e);
		matcher_run(m, &e, &got);
	}
	assert_count(m, 0, &(struct rule_count){ .matched = 5, .acted = 5 });
	assert_count(m, 1, &(struct rule_count){ .matched = 5, .deduped = 4, .acted = 1 });
	assert_count(m, 2, &(struct rule_count){ .matched = 10, .limited = 8, .acted = 2 });
	assert_count(m, 3, &(struct rule_count){ .matched = 5 });
	assert_count(m, 4, &(struct rule_count){ 0 });
	assert_count(m, 5, &(struct rule_count){ 0 });

	made_rule(&set, "version=2\nname='new'\ntracer='open'\n");
	next = made_matcher(&set);
	matcher_adopt(next, m);
	matcher_free(m);
	matcher_run(next, &e, &got);
	assert_count(next, 0, &(struct rule_count){ .matched = 6, .acted = 6 });
	assert_count(next, 1, &(struct rule_count){ .matched = 6, .deduped = 5, .acted = 1 });
	assert_count(next, 6, &(struct rule_count){ .matched = 1, .acted = 1 });
	matcher_free(next);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(dedup_lets_one_through_per_window_and_counts_the_rest, clean, clean),
		cmocka_unit_test_setup_teardown(ratelimit_is_a_token_bucket_for_each_key, clean, clean),
		cmocka_unit_test_setup_teardown(a_full_table_forgets_no_count, clean, clean),
		cmocka_unit_test_setup_teardown(a_chain_of_three_fires_in_its_order_in_time_and_for_its_key, clean, clean),
		cmocka_unit_test_setup_teardown(an_event_does_not_follow_itself, clean, clean),
		cmocka_unit_test_setup_teardown(what_has_no_key_follows_nothing, clean, clean),
		cmocka_unit_test_setup_teardown(flags_that_are_forgotten_in_their_time_are_counted, clean, clean),
		cmocka_unit_test_setup_teardown(what_rules_have_seen_goes_on_in_the_next_set, clean, clean),
		cmocka_unit_test_setup_teardown(events_are_counted_for_each_rule_and_in_the_next_set_too, clean, clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
