/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/auto.h"
#include "common/base64.h"
#include "common/utf8.h"
#include "proto/details.h"
#include "proto/grpc.h"
#include "proto/wire.h"

#define UTF8(literal) utf8_ok(literal, sizeof(literal) - 1)

static void
accepts_text_and_refuses_what_is_no_utf8(void **state)
{
	assert_true(UTF8(""));
	assert_true(UTF8("plain"));
	assert_true(UTF8("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9d"));
	assert_true(UTF8("\xf4\x8f\xbf\xbf"));
	assert_false(utf8_ok("a\0b", 3));
	assert_false(UTF8("\xc3"));
	assert_false(UTF8("\x80"));
	assert_false(UTF8("\xc0\xaf"));			/* overlong */
	assert_false(UTF8("\xe0\x80\xaf"));
	assert_false(UTF8("\xed\xa0\x80"));		/* surrogate */
	assert_false(UTF8("\xf4\x90\x80\x80"));		/* above U+10FFFF */
	assert_false(UTF8("\xe2\x82"));
	assert_false(UTF8("\xe2\x82x"));
}

static void
frames_a_message_with_five_bytes(void **state)
{
	uint8_t p[GRPC_PREFIX_LEN];

	grpc_prefix_put(p, 0x01020304);
	assert_memory_equal(p, "\0\1\2\3\4", 5);
	assert_int_equal(grpc_prefix_len(p), 0x01020304);
}

static void
names_the_status_codes(void **state)
{
	assert_string_equal(grpc_status_name(0), "OK");
	assert_string_equal(grpc_status_name(5), "NOT_FOUND");
	assert_string_equal(grpc_status_name(16), "UNAUTHENTICATED");
	assert_string_equal(grpc_status_name(17), "UNKNOWN");
}

static void
assert_encodes(const char *text, const char *encoded)
{
	char out[128], back[128];

	grpc_percent_encode(out, sizeof(out), text, strlen(text));
	assert_string_equal(out, encoded);
	grpc_percent_decode(back, sizeof(back), out, strlen(out));
	assert_string_equal(back, text);
}

static void
percent_encodes_what_a_header_cannot_hold(void **state)
{
	assert_encodes("plain text.", "plain text.");
	assert_encodes("100%\n", "100%25%0A");
	assert_encodes("\xc3\xbc", "%C3%BC");
	assert_encodes(" both ends ", "%20both ends%20");
	assert_encodes("", "");
}

static void
percent_encoding_is_cut_at_a_whole_character(void **state)
{
	char out[8];

	assert_int_equal(grpc_percent_encode(out, sizeof(out), "ab\xc3\xbc", 4), 2);
	assert_string_equal(out, "ab");
	assert_int_equal(grpc_percent_encode(out, sizeof(out), "a\xc3\xbc", 3), 7);
	assert_string_equal(out, "a%C3%BC");
	grpc_percent_encode(out, sizeof(out), "abcdef ghi", 10);
	assert_string_equal(out, "abcdef");
}

static void
percent_decoding_keeps_malformed_escapes(void **state)
{
	char out[16];

	grpc_percent_decode(out, sizeof(out), "%zz%4%41%", 9);
	assert_string_equal(out, "%zz%4A%");
	assert_int_equal(grpc_percent_decode(out, 3, "abcdef", 6), 2);
}

static void
reads_timeouts_of_one_to_eight_digits(void **state)
{
	uint64_t ns = 7;

	assert_int_equal(grpc_timeout_parse("1n", 2, &ns), 0);
	assert_int_equal(ns, 1);
	assert_int_equal(grpc_timeout_parse("250m", 4, &ns), 0);
	assert_int_equal(ns, 250000000);
	assert_int_equal(grpc_timeout_parse("2H", 2, &ns), 0);
	assert_int_equal(ns, 7200000000000);
	assert_int_equal(grpc_timeout_parse("00000003S", 9, &ns), 0);
	assert_int_equal(ns, 3000000000);
	assert_int_equal(grpc_timeout_parse("99999999H", 9, &ns), 0);
	assert_true(ns == UINT64_MAX);
}

static void
refuses_other_timeouts(void **state)
{
	const char *const bad[] = { "", "S", "5", "5s", "123456789S", "-1S", "1.5S", " 1S", "1S ", "0x1S" };
	uint64_t ns;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(grpc_timeout_parse(bad[i], strlen(bad[i]), &ns), -EINVAL);
}

static void
writes_timeouts_that_it_can_read(void **state)
{
	const uint64_t ms[] = { 0, 1, 1500, 99999999, 100000000, 99999999999, UINT64_MAX };
	char text[GRPC_TIMEOUT_SIZE];
	uint64_t ns;

	for (size_t i = 0; i < ARRAY_SIZE(ms); i++) {
		grpc_timeout_format(ms[i], text);
		assert_int_equal(grpc_timeout_parse(text, strlen(text), &ns), 0);
		if (i + 1 < ARRAY_SIZE(ms))
			assert_true(ns / 1000000 >= ms[i] && ns / 1000000 < ms[i] + 60000);
	}
}

static void
writes_base64_without_padding_and_reads_both(void **state)
{
	const struct {
		const char *plain, *text;
	} rfc4648[] = {
		{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" },
	};
	uint8_t bytes[16];
	char out[16];

	for (size_t i = 0; i < ARRAY_SIZE(rfc4648); i++) {
		size_t len = strlen(rfc4648[i].plain);

		assert_true(BASE64_SIZE(len) > strlen(rfc4648[i].text));
		base64_encode(out, rfc4648[i].plain, len);
		assert_string_equal(out, rfc4648[i].text);
		assert_int_equal(base64_decode(bytes, out, strlen(out)), len);
		assert_memory_equal(bytes, rfc4648[i].plain, len);
	}
	assert_int_equal(base64_decode(bytes, "Zg==", 4), 1);
	assert_int_equal(base64_decode(bytes, "Zm8=", 4), 2);
	assert_int_equal(base64_decode(bytes, "Zm9v\n", 5), -EINVAL);
	assert_int_equal(base64_decode(bytes, "Z", 1), -EINVAL);
	assert_int_equal(base64_decode(bytes, "Z=g=", 4), -EINVAL);
	assert_int_equal(base64_decode(bytes, "====", 4), -EINVAL);
}

static void
carries_a_log_in_status_details(void **state)
{
	AUTO(mem) char *text = details_encode(9, "refused", "line 1\nline 2\n", 14, 0);
	AUTO(mem) char *log = NULL;
	uint64_t id = 7;

	assert_non_null(text);
	assert_null(strchr(text, '='));
	log = details_log(text, strlen(text), &id);
	assert_non_null(log);
	assert_string_equal(log, "line 1\nline 2\n");
	assert_int_equal(id, 0);
	assert_null(details_log("CAk", 3, &id));		/* a status without details */
	assert_null(details_log("?", 1, &id));
	assert_null(details_log("", 0, &id));
}

static void
carries_the_number_of_a_longer_log(void **state)
{
	AUTO(mem) char *text = details_encode(9, "refused", "line 2\n", 7, UINT64_MAX);
	AUTO(mem) char *log = NULL;
	uint64_t id = 0;

	assert_non_null(text);
	log = details_log(text, strlen(text), &id);
	assert_string_equal(log, "line 2\n");
	assert_true(id == UINT64_MAX);
}

static void
reads_every_wire_type(void **state)
{
	const uint8_t bytes[] = { 0x08, 0x96, 0x01, 0x11, 1, 0, 0, 0, 0, 0, 0, 0, 0x1a, 2, 'h', 'i',
		0x25, 2, 0, 0, 0 };
	struct wire w = WIRE(bytes, sizeof(bytes));
	struct wire_field f;

	assert_int_equal(wire_next(&w, &f), 1);
	assert_true(f.number == 1 && f.type == WIRE_VARINT && f.value == 150);
	assert_int_equal(wire_next(&w, &f), 1);
	assert_true(f.number == 2 && f.type == WIRE_FIXED64 && f.value == 1);
	assert_int_equal(wire_next(&w, &f), 1);
	assert_true(f.number == 3 && f.type == WIRE_LEN && f.len == 2 && f.data[1] == 'i');
	assert_int_equal(wire_next(&w, &f), 1);
	assert_true(f.number == 4 && f.type == WIRE_FIXED32 && f.value == 2);
	assert_int_equal(wire_next(&w, &f), 0);
}

static void
refuses_malformed_wire_data(void **state)
{
	const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\x08", 1 },					/* no value */
		{ "\x08\x80", 2 },				/* open varint */
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 },	/* over 64 bits */
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 },
		{ "\x00\x01", 2 },				/* field 0 */
		{ "\x0a\x02x", 3 },				/* length over the end */
		{ "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
		{ "\x0b\x0c", 2 },				/* group */
		{ "\x0e\x01", 2 }, { "\x0f\x01", 2 },		/* types that do not exist */
		{ "\x09\1\2\3\4\5\6\7", 8 }, { "\x0d\1\2\3", 4 },
		{ "\x80\x80\x80\x80\x10\x01", 6 },		/* field number over 2^29-1 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct wire w = WIRE(bad[i].bytes, bad[i].len);
		struct wire_field f;

		assert_int_equal(wire_next(&w, &f), -EBADMSG);
	}
}

static void
reads_what_it_wrote(void **state)
{
	struct wire_buf b = { 0 };
	struct wire w;
	struct wire_field f;

	wire_put_uint(&b, 1, UINT64_MAX);
	wire_put_bytes(&b, 300, "data", 4);
	wire_put_bytes(&b, 2, NULL, 0);
	assert_false(b.failed);
	w = (struct wire)WIRE(b.data, b.len);
	assert_int_equal(wire_next(&w, &f), 1);
	assert_true(f.number == 1 && f.value == UINT64_MAX);
	assert_int_equal(wire_next(&w, &f), 1);
	assert_true(f.number == 300 && f.len == 4 && memcmp(f.data, "data", 4) == 0);
	assert_int_equal(wire_next(&w, &f), 1);
	assert_true(f.number == 2 && f.len == 0);
	assert_int_equal(wire_next(&w, &f), 0);
	wire_buf_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_text_and_refuses_what_is_no_utf8),
		cmocka_unit_test(frames_a_message_with_five_bytes),
		cmocka_unit_test(names_the_status_codes),
		cmocka_unit_test(percent_encodes_what_a_header_cannot_hold),
		cmocka_unit_test(percent_encoding_is_cut_at_a_whole_character),
		cmocka_unit_test(percent_decoding_keeps_malformed_escapes),
		cmocka_unit_test(reads_timeouts_of_one_to_eight_digits),
		cmocka_unit_test(refuses_other_timeouts),
		cmocka_unit_test(writes_timeouts_that_it_can_read),
		cmocka_unit_test(writes_base64_without_padding_and_reads_both),
		cmocka_unit_test(carries_a_log_in_status_details),
		cmocka_unit_test(carries_the_number_of_a_longer_log),
		cmocka_unit_test(reads_every_wire_type),
		cmocka_unit_test(refuses_malformed_wire_data),
		cmocka_unit_test(reads_what_it_wrote),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
