/* SPDX-License-Identifier: Apache-2.0 */
#include "common/closest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = { "sched_switch", "sched_waking", "sched_wakeup",
	"sys_enter_openat", "sys_enter_openat2", "sys_exit_openat", "eth0", "lo", "veth-test0" };

static const char *
suggest(const char *word)
{
	static struct closest c;
	static char text[480];

	closest_init(&c, word);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		closest_offer(&c, names[i]);
	return closest_text(&c, text, sizeof(text));
}

static void
finds_a_word_with_a_missing_letter(void **state)
{
	assert_string_equal(suggest("sched_swich"), "; did you mean sched_switch?");
}

static void
finds_a_word_with_swapped_letters(void **state)
{
	assert_string_equal(suggest("ehts0"), "; did you mean eth0?");
	assert_string_equal(suggest("teh0"), "; did you mean eth0?");
}

static void
puts_the_nearest_first(void **state)
{
	assert_string_equal(suggest("sys_enter_opena"),
		"; did you mean sys_enter_openat, sys_enter_openat2?");
}

static void
finds_a_word_by_its_beginning(void **state)
{
	assert_string_equal(suggest("veth"), "; did you mean veth-test0?");
}

static void
says_nothing_when_nothing_is_near(void **state)
{
	assert_string_equal(suggest("block_rq_issue"), "");
	assert_string_equal(suggest(""), "");
	assert_string_equal(suggest("l"), "");
}

static void
takes_words_of_any_length(void **state)
{
	static char big[4096], room[16];
	struct closest c;

	memset(big, 'x', sizeof(big) - 1);
	closest_init(&c, big);
	closest_offer(&c, big);
	closest_offer(&c, "xxx");
	closest_init(&c, "pth");
	closest_offer(&c, "path");
	closest_offer(&c, "path");
	assert_int_equal(c.n, 1);
	closest_init(&c, "sched_swich");
	closest_offer(&c, big);
	closest_offer(&c, "sched_switch");
	closest_text(&c, room, sizeof(room));
	assert_true(strlen(room) < sizeof(room));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_word_with_a_missing_letter),
		cmocka_unit_test(finds_a_word_with_swapped_letters),
		cmocka_unit_test(puts_the_nearest_first),
		cmocka_unit_test(finds_a_word_by_its_beginning),
		cmocka_unit_test(says_nothing_when_nothing_is_near),
		cmocka_unit_test(takes_words_of_any_length),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("closest", tests, NULL, NULL);
}
