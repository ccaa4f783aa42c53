/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "events/dns.h"

#define HEAD(questions, answers) "\x12\x34\x81\x83\0" questions "\0" answers "\0\0\0\0"
#define A_IN "\0\1\0\1"
#define TTL "\0\0\0\x3c"
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static char name[DNS_NAME_ROOM];
static char list[4 * DNS_NAME_ROOM];
static uint16_t type;

static const char *
question(const uint8_t *p, size_t len)
{
	size_t n = dns_question(p, len, name, &type);

	assert_true(n < sizeof(name));
	name[n] = '\0';
	return name;
}

static void
reads_the_head(void **state)
{
	struct dns_head h;

	assert_true(dns_head(BYTES(HEAD("\1", "\2")), &h));
	assert_int_equal(h.id, 0x1234);
	assert_int_equal(h.flags, 0x8183);
	assert_int_equal(h.n_questions, 1);
	assert_int_equal(h.n_answers, 2);
	assert_false(dns_head(BYTES("\x12\x34\x81\x83\0\1\0\2\0\0\0"), &h));
}

static void
writes_a_name_in_small_letters(void **state)
{
	assert_string_equal(question(BYTES(HEAD("\1", "\0") "\3wWw\7EXAMPLE\0" "\0\x1c\0\1")), "www.example");
	assert_int_equal(type, 28);
	assert_string_equal(question(BYTES(HEAD("\1", "\0") "\0" "\0\2\0\1")), ".");
}

static void
escapes_what_a_name_must_not_have(void **state)
{
	assert_string_equal(question(BYTES(HEAD("\1", "\0") "\6a.b\\\x1b \2\xff\0\0" A_IN)),
		"a\\046b\\092\\027\\032.\\255\\000");
}

static void
refuses_a_name_that_is_cut_or_too_long(void **state)
{
	static const char whole[] = HEAD("\1", "\0") "\3www\7example\0" A_IN;
	uint8_t many[12 + 5 * 64 + 5] = HEAD("\1", "\0");

	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		assert_string_equal(question((const uint8_t *)whole, len), "");
	assert_string_equal(question(BYTES(HEAD("\1", "\0") "\x40" A_IN)), "");
	for (size_t i = 0; i < 5; i++) {
		many[12 + i * 64] = 63;
		memset(many + 12 + i * 64 + 1, 'a', 63);
	}
	assert_string_equal(question(many, sizeof(many)), "");
	assert_string_equal(question(BYTES(HEAD("\0", "\0") "\3www\0" A_IN)), "");
}

static void
follows_no_pointer_that_leads_on(void **state)
{
	assert_string_equal(question(BYTES(HEAD("\1", "\0") "\xc0\x0c" A_IN)), "");
	assert_string_equal(question(BYTES(HEAD("\1", "\0") "\1a\xc0\x0c" A_IN)), "");
	assert_string_equal(question(BYTES(HEAD("\1", "\0") "\xc0\x0e\1a\0" A_IN)), "");
	assert_string_equal(question(BYTES(HEAD("\1", "\0") "\xc0")), "");
}

static void
lists_addresses_and_names(void **state)
{
	static const char whole[] = HEAD("\1", "\4") "\1a\7Example\0" A_IN
		"\xc0\x0c\0\5\0\1" TTL "\0\6\3cdn\xc0\x0e"
		"\xc0\x27\0\x10\0\1" TTL "\0\3\2hi"
		"\xc0\x27" A_IN TTL "\0\4\x0a\1\2\3"
		"\xc0\x27\0\x1c\0\1" TTL "\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1";
	static const char want[] = "cdn.example\0" "10.1.2.3\0" "2001:db8::1";

	assert_int_equal(dns_answers(BYTES(whole), 16, list, sizeof(list)), sizeof(want));
	assert_memory_equal(list, want, sizeof(want));
	assert_int_equal(dns_answers(BYTES(whole), 1, list, sizeof(list)), strlen(want) + 1);
	/* What comes before the cut is taken. */
	assert_int_equal(dns_answers((const uint8_t *)whole, sizeof(whole) - 2, 16, list, sizeof(list)), 12 + 9);
	assert_int_equal(dns_answers(BYTES(whole), 16, list, 12 + 8), 12);
}

static void
takes_no_address_of_another_length(void **state)
{
	assert_int_equal(dns_answers(BYTES(HEAD("\0", "\1") "\0" A_IN TTL "\0\3\1\2\3"), 16, list, sizeof(list)), 0);
	assert_int_equal(dns_answers(BYTES(HEAD("\0", "\1") "\0" A_IN TTL "\0\5\1\2\3\4"), 16, list, sizeof(list)), 0);
	assert_int_equal(dns_answers(BYTES(HEAD("\0", "\1") "\0\0\1\0\3" TTL "\0\4\1\2\3\4"), 16, list, sizeof(list)), 0);
	assert_int_equal(dns_answers(BYTES(HEAD("\0", "\1") "\0" A_IN TTL "\0\4\1\2\3\4"), 16, list, sizeof(list)), 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_head),
		cmocka_unit_test(writes_a_name_in_small_letters),
		cmocka_unit_test(escapes_what_a_name_must_not_have),
		cmocka_unit_test(refuses_a_name_that_is_cut_or_too_long),
		cmocka_unit_test(follows_no_pointer_that_leads_on),
		cmocka_unit_test(lists_addresses_and_names),
		cmocka_unit_test(takes_no_address_of_another_length),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
