/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "registry/challenge.h"

static struct challenge
parsed(const char *headers)
{
	struct challenge c;

	assert_true(challenge_parse(headers, &c));
	return c;
}

static void
refused(const char *headers)
{
	struct challenge c;

	if (challenge_parse(headers, &c))
		fail_msg("taken: %s", headers);
}

static void
reads_what_registries_ask_for(void **state)
{
	struct challenge c = parsed("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
		"scope=\"repository:library/x:pull\"\n");

	assert_true(c.bearer && !c.basic);
	assert_string_equal(c.realm, "https://auth.docker.io/token");
	assert_string_equal(c.service, "registry.docker.io");
	c = parsed("Basic realm=\"bpfd\"\n");
	assert_true(c.basic && !c.bearer);
	assert_string_equal(c.realm, "");
}

static void
reads_several_in_one_header_and_in_several(void **state)
{
	static const char *const both[] = {
		"Basic realm=\"a\", Bearer realm=\"https://t\" , service = s",
		"Basic realm=\"a\"\nBearer service=s, realm=\"https://t\"\n",
		"Negotiate, Basic, bEARER Realm=\"https:\\/\\/t\",SERVICE=\"s\"",
		"Digest abc==, Bearer error=\"x, y=\\\"z\\\"\",realm=\"https://t\",service=\"s\",basic" };

	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		struct challenge c = parsed(both[i]);

		if (!c.bearer || strcmp(c.realm, "https://t") != 0 || strcmp(c.service, "s") != 0)
			fail_msg("%s: %d %d \"%s\" \"%s\"", both[i], c.basic, c.bearer, c.realm, c.service);
	}
}

static void
takes_no_realm_of_another_scheme(void **state)
{
	struct challenge c = parsed("Bearer service=\"s\", Basic realm=\"https://evil\"");

	assert_true(c.bearer && c.basic);
	assert_string_equal(c.realm, "");
}

static void
asks_for_nothing_when_there_is_nothing(void **state)
{
	struct challenge c = parsed("");

	assert_true(!c.bearer && !c.basic);
	c = parsed(" , ,\n");
	assert_true(!c.bearer && !c.basic);
}

static void
refuses_what_is_no_challenge(void **state)
{
	char realm[1200];

	refused("Bearer realm=\"");
	refused("Bearer realm=\"x");
	refused("Bearer realm=\"x\\");
	refused("Bearer realm=\"a\tb\"");
	refused("Bearer realm=\"\303\244\"");
	refused("Bearer realm=,");
	refused("\"Bearer\"");
	refused("Bearer realm=\"a\"\n{");
	snprintf(realm, sizeof(realm), "Bearer realm=\"%01100d\"", 0);
	refused(realm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_registries_ask_for),
		cmocka_unit_test(reads_several_in_one_header_and_in_several),
		cmocka_unit_test(takes_no_realm_of_another_scheme),
		cmocka_unit_test(asks_for_nothing_when_there_is_nothing),
		cmocka_unit_test(refuses_what_is_no_challenge),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
