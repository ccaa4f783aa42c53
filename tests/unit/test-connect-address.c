/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "connect/address.h"

static const struct conf_NETS none;

static const char *
refused(const char *text, bool remote, const struct conf_NETS *allow)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return address_refused((struct sockaddr *)&in, remote, allow);
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return address_refused((struct sockaddr *)&in6, remote, allow);
}

static void
public_ones_are_connected_to(void **state)
{
	const char *const some[] = { "1.1.1.1", "8.8.8.8", "100.128.0.1", "172.32.0.1", "169.253.255.255", "223.255.255.255",
		"2001:db8::1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1" };

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		assert_null(refused(some[i], false, &none));
		assert_null(refused(some[i], true, &none));
	}
}

static void
what_is_no_server_never_is(void **state)
{
	const char *const some[] = { "0.0.0.0", "0.1.2.3", "169.254.1.1", "169.254.169.254", "100.100.100.200", "168.63.129.16",
		"192.0.0.192", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "fe80::1", "febf::1", "ff02::1",
		"fd00:ec2::254", "fd20:ce::254" };

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		assert_non_null(refused(some[i], false, &none));
	assert_string_equal(refused("169.254.169.254", false, &none), "a metadata service");
	assert_string_equal(refused("169.254.1.1", false, &none), "link-local");
}

static void
a_server_cannot_lead_to_this_host_or_its_network(void **state)
{
	const char *const some[] = { "127.0.0.1", "127.255.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"100.64.0.1", "198.18.0.1", "::1", "fc00::1", "fdff::1", "fec0::1" };

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		assert_null(refused(some[i], false, &none));
		assert_non_null(refused(some[i], true, &none));
	}
}

static void
other_spellings_of_them_are_no_way_around(void **state)
{
	const char *const always[] = { "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254",
		"::ffff:0.0.0.0" };
	const char *const remote[] = { "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "::ffff:10.0.0.1" };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		assert_non_null(refused(always[i], false, &none));
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		assert_non_null(refused(remote[i], true, &none));
}

static void
what_is_listed_is_not_refused(void **state)
{
	const struct conf_NETS allow = { .n = 2, .net = {
		{ .address = { [10] = 0xff, [11] = 0xff, 169, 254, 0, 0 }, .bits = 112 },
		{ .address = { 0xfe, 0x80 }, .bits = 10 } } };

	assert_null(refused("169.254.169.254", true, &allow));
	assert_null(refused("::ffff:169.254.1.1", true, &allow));
	assert_null(refused("fe80::5", false, &allow));
	assert_non_null(refused("fec0::5", true, &allow));
	assert_non_null(refused("127.0.0.1", true, &allow));
}

static void
another_family_is_refused(void **state)
{
	const struct sockaddr sa = { .sa_family = AF_UNIX };

	assert_non_null(address_refused(&sa, false, &none));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_ones_are_connected_to),
		cmocka_unit_test(what_is_no_server_never_is),
		cmocka_unit_test(a_server_cannot_lead_to_this_host_or_its_network),
		cmocka_unit_test(other_spellings_of_them_are_no_way_around),
		cmocka_unit_test(what_is_listed_is_not_refused),
		cmocka_unit_test(another_family_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("connect-address", tests, NULL, NULL);
}
