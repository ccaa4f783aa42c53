/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "oci/oci.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct oci_why why;

static const char *
spelled(const char *text)
{
	static char out[IMAGE_REF_MAX];
	struct oci_ref r;

	if (oci_ref_parse(text, &r, &why))
		return "refused";
	assert_int_equal(oci_ref_text(&r, out, sizeof(out)), 0);
	return out;
}

static void
a_name_alone_is_docker_hubs_latest(void **state)
{
	struct oci_ref r;

	assert_string_equal(spelled("xdp"), "docker.io/library/xdp:latest");
	assert_string_equal(spelled("me/xdp:v1"), "docker.io/me/xdp:v1");
	assert_int_equal(oci_ref_parse("xdp", &r, &why), 0);
	assert_string_equal(r.endpoint, "registry-1.docker.io");
}

static void
a_host_has_a_dot_a_port_or_is_localhost(void **state)
{
	assert_string_equal(spelled("quay.io/a/b"), "quay.io/a/b:latest");
	assert_string_equal(spelled("localhost/a"), "localhost/a:latest");
	assert_string_equal(spelled("host:5000/a"), "host:5000/a:latest");
	assert_string_equal(spelled("[2001:db8::1]:5000/a"), "[2001:db8::1]:5000/a:latest");
	assert_string_equal(spelled("host/a"), "docker.io/host/a:latest");
}

static void
one_place_has_one_spelling(void **state)
{
	assert_string_equal(spelled("QUAY.io/a"), "quay.io/a:latest");
	assert_string_equal(spelled("quay.io:443/a"), "quay.io/a:latest");
	assert_string_equal(spelled("index.docker.io/me/a"), "docker.io/me/a:latest");
	assert_string_equal(spelled("registry-1.docker.io/a"), "docker.io/library/a:latest");
	/* Spelled so, these would be images of docker.io. */
	assert_string_equal(spelled("host:443/a"), "host:443/a:latest");
	assert_string_equal(spelled("Host/a"), "refused");
	assert_string_equal(spelled("quay.io./a"), "refused");
	assert_string_equal(spelled("quay.io:0443/a"), "refused");
	assert_string_equal(spelled("quay..io/a"), "refused");
}

static void
a_digest_decides_whatever_the_tag(void **state)
{
	assert_string_equal(spelled("quay.io/a:v1@sha256:" HEX64), "quay.io/a@sha256:" HEX64);
	assert_string_equal(spelled("quay.io/a@sha256:" HEX64), "quay.io/a@sha256:" HEX64);
	assert_string_equal(spelled("quay.io/a@sha512:" HEX64), "refused");
	assert_string_equal(spelled("quay.io/a@sha256:" HEX64 "0"), "refused");
	assert_string_equal(spelled("quay.io/a@SHA256:" HEX64), "refused");
	assert_string_equal(spelled("quay.io/a@sha256:0123456789ABCDEF"), "refused");
}

static void
refuses_names_that_no_registry_has(void **state)
{
	static const char *const bad[] = { "", "/", "a/", "/a", "a//b", "quay.io/", "quay.io/A", "a_-b", "a___b", ".a/b", "a:",
		"a:.v", "a:-v", "a:v/w", "a b", "a\nb", "quay.io/a/../b", "quay.io/..", "-h.io/a", "h-.io/a", "h:0/a", "h:65536/a",
		"h:/a", "[::1/a", "[]:1/a", "[::1]x/a", "a@", "a@@", "quay.io/a?b", "quay.io/a%2fb", "https://quay.io/a" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why.text[0] = '\0';
		if (strcmp(spelled(bad[i]), "refused") != 0)
			fail_msg("%s was taken as %s", bad[i], spelled(bad[i]));
		assert_true(why.text[0]);
	}
}

static void
refuses_what_is_too_long(void **state)
{
	char text[700] = "quay.io/";

	memset(text + 8, 'a', 300);
	assert_string_equal(spelled(text), "refused");
	memset(text + 8, 'a', 680);
	assert_string_equal(spelled(text), "refused");
	memset(text, 'h', 300);
	memcpy(text + 300, ".io/a", 6);
	assert_string_equal(spelled(text), "refused");
	snprintf(text, sizeof(text), "quay.io/a:%0129d", 1);
	assert_string_equal(spelled(text), "refused");
}

/* ---- credentials ---- */

static int
find(const char *json, const char *ref, struct oci_auth *out)
{
	struct oci_ref r;

	memset(out, 0, sizeof(*out));
	assert_int_equal(oci_ref_parse(ref, &r, &why), 0);
	return oci_auth_find(json, strlen(json), &r, out, &why);
}

static void
finds_dockers_credentials_by_url_and_by_host(void **state)
{
	static const char hub[] = "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"bWU6cGE6c3M=\"}}}";
	static const char host[] = "{\"auths\":{\"host:5000\":{\"auth\":\"bWU6cGE6c3M\"}}}";
	struct oci_auth a;

	assert_int_equal(find(hub, "me/x", &a), 0);
	assert_string_equal(a.username, "me");
	assert_string_equal(a.password, "pa:ss");
	assert_int_equal(find(hub, "quay.io/x", &a), -ENOENT);
	assert_int_equal(find(host, "host:5000/x", &a), 0);
	assert_int_equal(find(host, "host:5001/x", &a), -ENOENT);
	assert_int_equal(find(host, "host.io/x", &a), -ENOENT);
}

static void
the_most_exact_of_containers_credentials_wins(void **state)
{
	static const char json[] = "{\"auths\":{\"q.io\":{\"auth\":\"YTox\"},\"q.io/n/r\":{\"auth\":\"Yzoz\"},"
		"\"q.io/n\":{\"auth\":\"Yjoy\"}}}";
	struct oci_auth a;

	assert_int_equal(find(json, "q.io/x", &a), 0);
	assert_string_equal(a.username, "a");
	assert_int_equal(find(json, "q.io/n/x", &a), 0);
	assert_string_equal(a.username, "b");
	assert_int_equal(find(json, "q.io/n/r", &a), 0);
	assert_string_equal(a.username, "c");
	assert_int_equal(find(json, "q.io/nr", &a), 0);
	assert_string_equal(a.username, "a");
}

static void
takes_identity_tokens_and_plain_members(void **state)
{
	struct oci_auth a;

	assert_int_equal(find("{\"auths\":{\"q.io\":{\"identitytoken\":\"T\"}}}", "q.io/x", &a), 0);
	assert_string_equal(a.identity_token, "T");
	assert_int_equal(find("{\"auths\":{\"q.io\":{\"username\":\"u\",\"password\":\"p\"}}}", "q.io/x", &a), 0);
	assert_string_equal(a.password, "p");
}

static void
says_that_no_helper_is_run(void **state)
{
	struct oci_auth a;

	assert_int_equal(find("{\"auths\":{\"q.io\":{}},\"credsStore\":\"desktop\"}", "q.io/x", &a), -ENOENT);
	assert_non_null(strstr(why.text, "helper"));
}

/* Not a byte of what may be a password. */
static void
never_repeats_what_a_file_of_credentials_says(void **state)
{
	static const char *const bad[] = { "{\"auths\":{\"q.io\":{\"auth\":\"SECRET\"}}}",
		"{\"auths\":{\"q.io\":{\"identitytoken\":\"SECRET\\u0007\"}}}",
		"{\"auths\":{\"q.io\":{\"identitytoken\":[\"SECRET\"]}}}",
		"{\"auths\":{\"q.io\":{\"auth\":\"bWU6U0VDUkVUCng=\"}}}",
		"{\"auths\":{\"q.io\":{\"auth\" SECRET}}}", "{\"auths\":{\"q.io\":\"SECRET\"}} SECRET", "SECRET",
		"{\"SECRET\":1,\"SECRET\":2}" };
	struct oci_auth a;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(find(bad[i], "q.io/x", &a), -EINVAL);
		if (strstr(why.text, "SECRET"))
			fail_msg("%s", why.text);
		assert_int_equal(a.username[0] | a.password[0] | a.identity_token[0], 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_alone_is_docker_hubs_latest),
		cmocka_unit_test(a_host_has_a_dot_a_port_or_is_localhost),
		cmocka_unit_test(one_place_has_one_spelling),
		cmocka_unit_test(a_digest_decides_whatever_the_tag),
		cmocka_unit_test(refuses_names_that_no_registry_has),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(finds_dockers_credentials_by_url_and_by_host),
		cmocka_unit_test(the_most_exact_of_containers_credentials_wins),
		cmocka_unit_test(takes_identity_tokens_and_plain_members),
		cmocka_unit_test(says_that_no_helper_is_run),
		cmocka_unit_test(never_repeats_what_a_file_of_credentials_says),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("oci-reference", tests, NULL, NULL);
}
