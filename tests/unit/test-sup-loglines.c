/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bpfd/loglines.h"

/* What came out: each line as "LEVEL:TEXT|", as far as there is room, and how many there were. */
struct seen {
	char text[8192];
	unsigned int lines;
};

static void
take(void *arg, enum log_level level, const char *text)
{
	struct seen *s = arg;
	size_t len = strlen(s->text);

	s->lines++;
	snprintf(s->text + len, sizeof(s->text) - len, "%d:%s|", (int)level, text);
}

static void
feed(struct loglines *l, struct seen *s, const char *text, int64_t now_ms)
{
	loglines_feed(l, text, strlen(text), now_ms, take, s);
}

static void
cuts_lines_and_takes_their_level(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "<3>a.b: c=1\n<7>d\n", "3:a.b: c=1|7:d|" },
		{ "no level\n", "6:no level|" },
		{ "\n\n<6>x\n\n", "6:x|" },
		{ "<9>nine\n", "6:<9>nine|" },
		{ "<0>emergency\n", "3:emergency|" },
		{ "<6\n", "6:<6|" },
		{ "<6>\n", "6:|" },
		{ "<66>x\n", "6:<66>x|" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct loglines l = { 0 };
		struct seen s = { "", 0 };

		feed(&l, &s, cases[i].in, 0);
		assert_string_equal(s.text, cases[i].out);
	}
}

static void
joins_a_line_that_comes_in_pieces(void **state)
{
	struct loglines l = { 0 };
	struct seen s = { "", 0 };

	feed(&l, &s, "<", 0);
	feed(&l, &s, "4>half", 0);
	assert_int_equal(s.lines, 0);
	feed(&l, &s, " whole\nrest", 0);
	assert_string_equal(s.text, "4:half whole|");
	loglines_end(&l, take, &s);
	assert_string_equal(s.text, "4:half whole|6:rest|");
	loglines_end(&l, take, &s);
	assert_int_equal(s.lines, 2);
}

static void
escapes_what_could_drive_a_terminal_or_forge_a_line(void **state)
{
	static const char in[] = "<6>\033[31m\r\0\x7f\xc3\xa4 ok\n";
	struct loglines l = { 0 };
	struct seen s = { "", 0 };

	loglines_feed(&l, in, sizeof(in) - 1, 0, take, &s);
	assert_string_equal(s.text, "6:\\x1b[31m\\x0d\\x00\\x7f\\xc3\\xa4 ok|");
}

static void
cuts_a_long_line_and_says_so(void **state)
{
	char in[3 * LOGLINES_LINE];
	struct loglines l = { 0 };
	struct seen s = { "", 0 };

	memset(in, 'x', sizeof(in));
	in[sizeof(in) - 1] = '\n';
	loglines_feed(&l, in, sizeof(in), 0, take, &s);
	assert_int_equal(s.lines, 1);
	assert_int_equal(strlen(s.text), 2 + LOGLINES_LINE + 3 + 1);
	assert_string_equal(s.text + strlen(s.text) - 5, "x...|");
	s = (struct seen){ "", 0 };
	feed(&l, &s, "next\n", 0);
	assert_string_equal(s.text, "6:next|");
}

static void
has_room_for_a_long_line_of_nothing_but_escapes(void **state)
{
	char in[2 * LOGLINES_LINE];
	struct loglines l = { 0 };
	struct seen s = { "", 0 };

	memset(in, 0x01, sizeof(in));
	loglines_feed(&l, in, sizeof(in), 0, take, &s);
	loglines_end(&l, take, &s);
	assert_int_equal(s.lines, 1);
	assert_int_equal(strlen(s.text), 2 + 4 * LOGLINES_LINE + 3 + 1);
}

static void
counts_lines_beyond_the_limit_instead_of_passing_them_on(void **state)
{
	struct loglines l = { 0 };
	struct seen s = { "", 0 };

	for (int i = 0; i < LOGLINES_MAX + 7; i++)
		feed(&l, &s, "x\n", 0);
	assert_int_equal(s.lines, LOGLINES_MAX);
	s = (struct seen){ "", 0 };
	feed(&l, &s, "y\n", LOGLINES_WINDOW_MS - 1);
	assert_int_equal(s.lines, 0);
	feed(&l, &s, "z\n", LOGLINES_WINDOW_MS);
	assert_string_equal(s.text, "4:log.dropped: lines=8|6:z|");
}

static void
tells_of_dropped_lines_at_the_end(void **state)
{
	struct loglines l = { 0 };
	struct seen s = { "", 0 };

	for (int i = 0; i < LOGLINES_MAX + 1; i++)
		feed(&l, &s, "x\n", 0);
	s = (struct seen){ "", 0 };
	loglines_end(&l, take, &s);
	assert_string_equal(s.text, "4:log.dropped: lines=1|");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_lines_and_takes_their_level),
		cmocka_unit_test(joins_a_line_that_comes_in_pieces),
		cmocka_unit_test(escapes_what_could_drive_a_terminal_or_forge_a_line),
		cmocka_unit_test(cuts_a_long_line_and_says_so),
		cmocka_unit_test(has_room_for_a_long_line_of_nothing_but_escapes),
		cmocka_unit_test(counts_lines_beyond_the_limit_instead_of_passing_them_on),
		cmocka_unit_test(tells_of_dropped_lines_at_the_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
