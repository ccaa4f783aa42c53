/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "bpfctl/safe.h"

static void
plain_is(const char *in, size_t len, bool lines, const char *want)
{
	AUTO(buf) struct buf b = { 0 };

	safe_plain(&b, in, len, lines);
	assert_string_equal(buf_text(&b), want);
}

static void
json_is(const char *in, size_t len, const char *want)
{
	AUTO(buf) struct buf b = { 0 };

	safe_json(&b, in, len);
	assert_string_equal(buf_text(&b), want);
}
#define PLAIN(in, want) plain_is(in, sizeof(in) - 1, false, want)
#define LINES(in, want) plain_is(in, sizeof(in) - 1, true, want)
#define JSON(in, want)  json_is(in, sizeof(in) - 1, want)

static void
leaves_ordinary_text_alone(void **state)
{
	PLAIN("", "");
	PLAIN("xdp_drop \"x\" \\", "xdp_drop \"x\" \\");
	PLAIN("z\xc3\xbcrich \xe4\xb8\xad \xf0\x9f\x90\x9d", "z\xc3\xbcrich \xe4\xb8\xad \xf0\x9f\x90\x9d");
}

static void
escapes_what_a_terminal_would_obey(void **state)
{
	PLAIN("\x1b[31mred\a\b\r", "\\x1b[31mred\\x07\\x08\\x0d");
	PLAIN("a\0b\x7f", "a\\x00b\\x7f");
	PLAIN("\xc2\x9b" "31m", "\\u{9b}31m");		/* C1 CSI */
	PLAIN("a\xe2\x80\xae" "b", "a\\u{202e}b");	/* right-to-left override */
	PLAIN("a\xe2\x80\x8b" "b\xef\xbb\xbf", "a\\u{200b}b\\u{feff}");
	PLAIN("\xf3\xa0\x81\x81", "\\u{e0041}");		/* tag character */
}

static void
escapes_bytes_that_are_not_utf8(void **state)
{
	PLAIN("\xff\xc3", "\\xff\\xc3");
	PLAIN("\xc0\x80", "\\xc0\\x80");			/* overlong NUL */
	PLAIN("\xed\xa0\x80", "\\xed\\xa0\\x80");	/* surrogate */
	PLAIN("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");	/* above U+10FFFF */
	PLAIN("\xe2\x82", "\\xe2\\x82");			/* cut */
}

static void
keeps_lines_where_asked(void **state)
{
	LINES("0: r0 = 1\n\t1: exit\n\x1b", "0: r0 = 1\n\t1: exit\n\\x1b");
	PLAIN("a\n\tb", "a\\n\\tb");
}

static void
writes_json_strings(void **state)
{
	JSON("a\"b\\c/", "\"a\\\"b\\\\c/\"");
	JSON("\b\f\n\r\t\x01\0", "\"\\b\\f\\n\\r\\t\\u0001\\u0000\"");
	JSON("\x7f\xc2\x9b", "\"\\u007f\\u009b\"");
	JSON("\xff", "\"\xef\xbf\xbd\"");
	JSON("\xf3\xa0\x81\x81", "\"\\udb40\\udc41\"");
	JSON("\xf0\x9f\x90\x9d", "\"\xf0\x9f\x90\x9d\"");
}

static void
counts_characters_not_bytes(void **state)
{
	assert_int_equal(safe_width("abc", 3), 3);
	assert_int_equal(safe_width("z\xc3\xbc", 3), 2);
}

static void
buffers_grow_and_keep_their_text(void **state)
{
	AUTO(buf) struct buf b = { 0 };

	assert_string_equal(buf_text(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i % 10);
	buf_fill(&b, '-', 3);
	buf_hex(&b, (const uint8_t *)"\x00\xff", 2);
	assert_int_equal(b.len, 2007);
	assert_string_equal(buf_text(&b) + 1998, "9,---00ff");
	assert_false(b.failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_ordinary_text_alone),
		cmocka_unit_test(escapes_what_a_terminal_would_obey),
		cmocka_unit_test(escapes_bytes_that_are_not_utf8),
		cmocka_unit_test(keeps_lines_where_asked),
		cmocka_unit_test(writes_json_strings),
		cmocka_unit_test(counts_characters_not_bytes),
		cmocka_unit_test(buffers_grow_and_keep_their_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bpfctl-text", tests, NULL, NULL);
}
