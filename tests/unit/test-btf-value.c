/* SPDX-License-Identifier: Apache-2.0 */
/* Values of maps by hand-made types: what clang writes today, and what it will not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/btf_value.h"

#define INFO(kind, flag, n) ((uint32_t)(flag) << 31 | (uint32_t)(kind) << 24 | (uint32_t)(n))
#define INT(name, bytes, enc) name, INFO(BTF_KIND_INT, 0, 0), bytes, (uint32_t)(enc) << 24 | (bytes) * 8

/* Offsets of names in strings[]. */
static const char strings[] = "\0char\0u32\0s32\0WIDE\0NEG\0a\0b\0c\0text\0bool";
enum { N_CHAR = 1, N_U32 = 6, N_S32 = 10, N_WIDE = 14, N_NEG = 19, N_A = 23, N_B = 25, N_C = 27, N_TEXT = 29, N_BOOL = 34 };
enum { T_CHAR = 1, T_U32, T_S32, T_WIDE, T_TEXT, T_ANON, T_STRUCT, T_LOOP, T_BOOL, T_ENUM, T_BITS, T_TWICE };

static const uint32_t types[] = {
	INT(N_CHAR, 1, BTF_INT_SIGNED),
	INT(N_U32, 4, 0),
	INT(N_S32, 4, BTF_INT_SIGNED),
	0, INFO(BTF_KIND_ENUM64, 0, 1), 8, N_WIDE, 1, 1,
	0, INFO(BTF_KIND_ARRAY, 0, 0), 0, T_CHAR, T_U32, 8,
	0, INFO(BTF_KIND_UNION, 0, 2), 4, N_B, T_U32, 0, N_C, T_S32, 0,
	0, INFO(BTF_KIND_STRUCT, 0, 2), 8, N_A, T_S32, 0, 0, T_ANON, 32,
	0, INFO(BTF_KIND_TYPEDEF, 0, 0), T_LOOP,
	INT(N_BOOL, 1, BTF_INT_BOOL),
	0, INFO(BTF_KIND_ENUM, 1, 1), 4, N_NEG, (uint32_t)-3,
	0, INFO(BTF_KIND_STRUCT, 1, 2), 4, N_A, T_U32, 3u << 24, N_B, T_S32, 5u << 24 | 3,
	0, INFO(BTF_KIND_STRUCT, 0, 1), 4, N_A, T_U32, 64,
};

static struct kbtf btf;
static uint8_t blob[sizeof(struct btf_header) + sizeof(types) + sizeof(strings)] __attribute__((aligned(8)));

static int
make(void **state)
{
	const struct btf_header h = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(h),
		.type_len = sizeof(types), .str_off = sizeof(types), .str_len = sizeof(strings) };

	memcpy(blob, &h, sizeof(h));
	memcpy(blob + sizeof(h), types, sizeof(types));
	memcpy(blob + sizeof(h) + sizeof(types), strings, sizeof(strings));
	return kbtf_read(blob, sizeof(blob), &btf);
}

static void
assert_shown(uint32_t type, const void *data, size_t len, const char *want)
{
	AUTO(buf) struct buf b = { 0 };

	btf_show(&b, &btf, type, data, len);
	assert_string_equal(buf_text(&b), want);
}

static void
assert_parsed(const char *text, uint32_t type, const void *want, size_t len)
{
	AUTO(buf) struct buf why = { 0 };
	uint8_t got[64];

	assert_int_equal(btf_parse(text, &btf, type, got, len, &why), 0);
	assert_memory_equal(got, want, len);
}

static void
assert_refused(const char *text, uint32_t type, size_t len, const char *want)
{
	AUTO(buf) struct buf why = { 0 };
	uint8_t got[64];

	assert_true(btf_parse(text, &btf, type, got, len, &why) < 0);
	assert_non_null(strstr(buf_text(&why), want));
}

static void
numbers_have_their_sign_and_width(void **state)
{
	const uint32_t all = UINT32_MAX;
	const int32_t two = -2;

	assert_shown(T_U32, &all, 4, "4294967295");
	assert_shown(T_S32, &all, 4, "-1");
	assert_parsed("0xffffffff", T_S32, &all, 4);
	assert_parsed("-2", T_S32, &two, 4);
	assert_refused("-1", T_U32, 4, "does not fit 32 bits");
	assert_refused("2147483648", T_S32, 4, "signed");
	assert_refused("4294967296", T_U32, 4, "does not fit");
	assert_refused("7x", T_U32, 4, "no number");
	assert_refused("7 8", T_U32, 4, "too much");
	assert_refused("", T_U32, 4, "missing");
}

static void
enums_are_names(void **state)
{
	const uint64_t wide = 0x100000001ULL, other = 5;
	const int32_t neg = -3;

	assert_shown(T_WIDE, &wide, 8, "\"WIDE\"");
	assert_shown(T_WIDE, &other, 8, "5");
	assert_shown(T_ENUM, &neg, 4, "\"NEG\"");
	assert_parsed("WIDE", T_WIDE, &wide, 8);
	assert_parsed("\"NEG\"", T_ENUM, &neg, 4);
	assert_refused("NONE", T_ENUM, 4, "the enum has no");
}

static void
characters_are_text_where_they_are_text(void **state)
{
	assert_shown(T_TEXT, "ab\"\0\0\0\0\0", 8, "\"ab\\\"\"");
	assert_shown(T_TEXT, "ab\0c\0\0\0\0", 8, "\"hex:6162006300000000\"");
	assert_shown(T_TEXT, "\x1b[2J\0\0\0\0", 8, "\"hex:1b5b324a00000000\"");
	assert_shown(T_TEXT, "hex:\0\0\0\0", 8, "\"hex:6865783a00000000\"");
	assert_parsed("ab c", T_TEXT, "ab c\0\0\0\0", 8);
	assert_parsed("\"\\u00e9\\n\"", T_TEXT, "\xc3\xa9\n\0\0\0\0\0", 8);
	assert_parsed("hex:6162636465666768", T_TEXT, "abcdefgh", 8);
	assert_refused("123456789", T_TEXT, 8, "longer than 8");
	assert_refused("hex:61", T_TEXT, 8, "8 bytes");
}

static void
members_of_anonymous_ones_are_their_parents(void **state)
{
	const int32_t data[2] = { -1, -2 };

	assert_shown(T_STRUCT, data, 8, "{\"a\":-1,\"b\":4294967294,\"c\":-2}");
	assert_parsed("{ a: -1, \"c\": -2 }", T_STRUCT, data, 8);
	assert_refused("{d:1}", T_STRUCT, 8, "no member \"d\"");
	assert_refused("{a:1", T_STRUCT, 8, "} is missing");
	assert_refused("{a 1}", T_STRUCT, 8, ": is missing");
	assert_refused("5", T_STRUCT, 8, "a struct is written as");
}

static void
bitfields_are_numbers(void **state)
{
	const uint32_t data = 5 | 0x1fu << 3;

	assert_shown(T_BITS, &data, 4, "{\"a\":5,\"b\":-1}");
	assert_parsed("{a:5,b:-1}", T_BITS, &data, 4);
	assert_refused("{a:8}", T_BITS, 4, "does not fit 3 bits");
}

static void
what_no_type_describes_is_hex(void **state)
{
	const uint8_t two = 2;

	assert_shown(T_LOOP, "abcd", 4, "\"hex:61626364\"");
	assert_shown(T_U32, "abc", 3, "\"hex:616263\"");
	assert_shown(T_TWICE, "abcd", 4, "\"hex:61626364\"");
	assert_shown(99, "abcd", 4, "\"hex:61626364\"");
	assert_shown(T_BOOL, &two, 1, "2");
	assert_parsed("0x64636261", 0, "abcd", 4);
	assert_parsed("hex:616263", 0, "abc", 3);
	assert_refused("5", 0, 3, "no type");
	assert_refused("{a:1}", T_TWICE, 4, "does not fit the map");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_their_sign_and_width),
		cmocka_unit_test(enums_are_names),
		cmocka_unit_test(characters_are_text_where_they_are_text),
		cmocka_unit_test(members_of_anonymous_ones_are_their_parents),
		cmocka_unit_test(bitfields_are_numbers),
		cmocka_unit_test(what_no_type_describes_is_hex),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make, NULL);
}
