/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/auto.h"
#include "config/container.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct container_facts facts;

static int
read_one(enum container_store store, const char *text)
{
	memset(&facts, 0xff, sizeof(facts));
	return container_read(store, ID, text, strlen(text), &facts);
}

static bool
has_label(const char *want)
{
	for (const char *p = facts.labels; p < facts.labels + facts.labels_len; p += strlen(p) + 1)
		if (strcmp(p, want) == 0)
			return true;
	return false;
}

static void
a_file_of_docker_tells_name_image_and_labels(void **state)
{
	assert_int_equal(read_one(STORE_DOCKER, "{\"StreamConfig\":{},\"State\":{\"Running\":true,\"Pid\":812},"
		"\"ID\":\"" ID "\",\"Args\":[\"-g\",\"daemon off;\"],\"Config\":{\"Hostname\":\"0123456789ab\","
		"\"Env\":[\"PATH=/bin\"],\"Image\":\"nginx:1.25\",\"Labels\":{\"maintainer\":\"N <n@e.org>\","
		"\"com.docker.compose.service\":\"web\"}},\"Image\":\"sha256:aa\",\"Name\":\"/shop-web-1\","
		"\"RestartCount\":0}"), 0);
	assert_string_equal(facts.name, "shop-web-1");
	assert_string_equal(facts.image, "nginx:1.25");
	assert_string_equal(facts.pod, "");
	assert_true(has_label("com.docker.compose.service=web"));
	assert_true(has_label("maintainer=N <n@e.org>"));
}

static void
a_pod_that_docker_runs_has_the_names_of_kubelet(void **state)
{
	assert_int_equal(read_one(STORE_DOCKER, "{\"Config\":{\"Image\":\"sha256:bb\",\"Labels\":{"
		"\"annotation.io.kubernetes.container.hash\":\"77\",\"app\":\"shop\","
		"\"io.kubernetes.container.name\":\"web\",\"io.kubernetes.pod.name\":\"web-0\","
		"\"io.kubernetes.pod.namespace\":\"prod\"}},\"Name\":\"/k8s_web_web-0_prod_u_0\"}"), 0);
	assert_string_equal(facts.name, "web");
	assert_string_equal(facts.pod, "web-0");
	assert_string_equal(facts.k8s_ns, "prod");
	assert_int_equal(facts.labels_len, sizeof("app=shop"));
	assert_true(has_label("app=shop"));
}

static void
a_bundle_of_containerd_tells_what_cri_wrote_into_its_annotations(void **state)
{
	assert_int_equal(read_one(STORE_CONTAINERD, "{\"ociVersion\":\"1.1.0\",\"process\":{\"args\":[\"sh\"],"
		"\"user\":{\"uid\":0},\"noNewPrivileges\":true},\"root\":{\"path\":\"rootfs\"},\"annotations\":{"
		"\"io.kubernetes.cri.container-name\":\"web\",\"io.kubernetes.cri.container-type\":\"container\","
		"\"io.kubernetes.cri.image-name\":\"docker.io/library/nginx:1.25\","
		"\"io.kubernetes.cri.sandbox-id\":\"cd\",\"io.kubernetes.cri.sandbox-name\":\"web-0\","
		"\"io.kubernetes.cri.sandbox-namespace\":\"prod\",\"team\":\"a\\u00e4\\ud83d\\ude00\"},"
		"\"linux\":{\"cgroupsPath\":\"kubepods.slice:cri-containerd:" ID "\",\"resources\":{\"cpu\":{\"shares\":2}}}}"), 0);
	assert_string_equal(facts.name, "web");
	assert_string_equal(facts.image, "docker.io/library/nginx:1.25");
	assert_string_equal(facts.pod, "web-0");
	assert_string_equal(facts.k8s_ns, "prod");
	assert_int_equal(facts.labels_len, strlen("team=aä😀") + 1);
	assert_true(has_label("team=aä😀"));
}

static void
a_file_of_crio_has_the_labels_in_a_string_of_json(void **state)
{
	assert_int_equal(read_one(STORE_CRIO, "{\"annotations\":{\"io.container.manager\":\"cri-o\","
		"\"io.kubernetes.container.name\":\"web\",\"io.kubernetes.cri-o.ImageName\":\"quay.io/x/web:2\","
		"\"io.kubernetes.cri-o.Labels\":\"{\\\"app\\\":\\\"shop\\\",\\\"io.kubernetes.pod.uid\\\":\\\"u\\\"}\","
		"\"io.kubernetes.pod.name\":\"web-0\",\"io.kubernetes.pod.namespace\":\"prod\"}}"), 0);
	assert_string_equal(facts.name, "web");
	assert_string_equal(facts.image, "quay.io/x/web:2");
	assert_string_equal(facts.pod, "web-0");
	assert_string_equal(facts.k8s_ns, "prod");
	assert_true(has_label("app=shop"));
	assert_int_equal(facts.labels_len, sizeof("app=shop"));
}

static void
the_index_of_podman_tells_of_the_one_that_is_sought(void **state)
{
	static const char text[] = "[{\"id\":\"ff\",\"names\":[\"other\"],\"metadata\":\"{\\\"image-name\\\":\\\"no\\\"}\"},"
		"{\"metadata\":\"{\\\"image-name\\\":\\\"docker.io/library/redis:7\\\",\\\"name\\\":\\\"cache\\\"}\","
		"\"names\":[\"cache\",\"alias\"],\"id\":\"" ID "\",\"flags\":{}},"
		"{\"id\":\"aa\",\"names\":[\"third\"]}]";

	assert_int_equal(read_one(STORE_PODMAN, text), 0);
	assert_string_equal(facts.name, "cache");
	assert_string_equal(facts.image, "docker.io/library/redis:7");
	assert_int_equal(container_read(STORE_PODMAN, "nobody", text, strlen(text), &facts), -ENOENT);
	assert_int_equal(container_read(STORE_PODMAN, "aa", text, strlen(text), &facts), 0);
	assert_string_equal(facts.name, "third");
	assert_string_equal(facts.image, "");
}

static void
what_is_elsewhere_in_the_file_is_not_looked_at(void **state)
{
	assert_int_equal(read_one(STORE_DOCKER, "{\"X\":{\"Name\":\"/no\"},\"Config\":[{\"Image\":\"no\"}],"
		"\"Args\":[\"/Name\"],\"Name\":[\"/no\"]}"), 0);
	assert_string_equal(facts.name, "");
	assert_string_equal(facts.image, "");
	assert_int_equal(read_one(STORE_CONTAINERD, "[{\"annotations\":{\"nerdctl/name\":\"no\"}}]"), 0);
	assert_string_equal(facts.name, "");
}

static void
strings_that_are_too_long_or_not_plain_text_are_none(void **state)
{
	char text[600], name[200];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text), "{\"Name\":\"/%s\",\"Config\":{\"Image\":\"a\\u0007b\",\"Labels\":{"
		"\"nul\":\"a\\u0000b\",\"line\":\"a\\nb\",\"good\":\"x\"}}}", name);
	assert_int_equal(read_one(STORE_DOCKER, text), 0);
	assert_string_equal(facts.name, "");
	assert_string_equal(facts.image, "");
	assert_int_equal(facts.labels_len, sizeof("good=x"));
	assert_true(has_label("good=x"));
}

static void
labels_that_do_not_fit_are_left_out(void **state)
{
	AUTO(mem) char *text = calloc(1, 1 << 16);
	int n = sprintf(text, "{\"Config\":{\"Labels\":{");

	for (int i = 0; i < 64; i++)
		n += sprintf(text + n, "\"k%02d\":\"%0100d\",", i, i);
	sprintf(text + n, "\"last\":\"1\"}}}");
	assert_int_equal(read_one(STORE_DOCKER, text), 0);
	assert_in_range(facts.labels_len, 900, sizeof(facts.labels));
	assert_int_equal(facts.labels[facts.labels_len - 1], '\0');
	assert_true(has_label("last=1"));
}

static void
an_id_is_no_path(void **state)
{
	static const char *const good[] = { ID, "web", "a.b", "A_1-x", "a..b" };
	static const char *const bad[] = { "", ".", "..", ".x", "a/b", "../" ID, "a b", "a\n", "\xc3\xa4" };
	char longest[CONTAINER_FILE_ID_MAX + 1];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(container_id_ok(good[i], strlen(good[i])));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(container_id_ok(bad[i], strlen(bad[i])));
	memset(longest, 'a', sizeof(longest));
	assert_true(container_id_ok(longest, CONTAINER_FILE_ID_MAX - 1));
	assert_false(container_id_ok(longest, CONTAINER_FILE_ID_MAX));
}

static void
a_nul_in_a_key_hides_nothing_else(void **state)
{
	assert_int_equal(read_one(STORE_DOCKER, "{\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx\",\"Labels\":{"
		"\"a\\u0000b\":\"1\",\"back\\\\u0000\":\"2\"}}}"), 0);
	assert_string_equal(facts.name, "web");
	assert_string_equal(facts.image, "nginx");
	assert_int_equal(facts.labels_len, sizeof("back\\u0000=2"));
	assert_true(has_label("back\\u0000=2"));
	assert_int_equal(read_one(STORE_CRIO, "{\"annotations\":{\"io.kubernetes.cri-o.Labels\":"
		"\"{\\\"a\\\\u0000\\\":\\\"1\\\",\\\"app\\\":\\\"shop\\\"}\"}}"), 0);
	assert_int_equal(facts.labels_len, sizeof("app=shop"));
}

static void
numbers_of_any_size_are_stepped_over(void **state)
{
	assert_int_equal(read_one(STORE_CONTAINERD, "{\"process\":{\"rlimits\":[{\"type\":\"RLIMIT_CORE\","
		"\"hard\":18446744073709551615,\"soft\":-2.5e3}]},\"annotations\":{\"nerdctl/name\":\"web\"}}"), 0);
	assert_string_equal(facts.name, "web");
}

static void
only_json_is_json(void **state)
{
	static const char *const good[] = { "[]", "{}", " {\"a\" : [ 1, -2.5e3 , true,null] } ",
		"[[],{},\"\\\\\\/\\b\\f\\n\\r\\t\\\"\"]" };
	static const char *const bad[] = { "", " ", "{", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "[\"x]", "[\"\\x\"]",
		"[\"\\u12g4\"]", "[\"\\ud800\"]", "[\"\\ud800\\u0041\"]", "[\"\\udc00\"]", "[1 2]", "{} {}", "[\"\x01\"]",
		"]", ",", "[\"\\", "[\"\xff\xfe\"]" };
	static char deep[1 << 16];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(read_one(STORE_DOCKER, good[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (read_one(STORE_DOCKER, bad[i]) != -EBADMSG)
			fail_msg("taken: %s", bad[i]);
	memset(deep, '[', sizeof(deep) / 2);
	memset(deep + sizeof(deep) / 2, ']', sizeof(deep) / 2 - 1);
	assert_int_equal(read_one(STORE_DOCKER, deep), -EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_docker_tells_name_image_and_labels),
		cmocka_unit_test(a_pod_that_docker_runs_has_the_names_of_kubelet),
		cmocka_unit_test(a_bundle_of_containerd_tells_what_cri_wrote_into_its_annotations),
		cmocka_unit_test(a_file_of_crio_has_the_labels_in_a_string_of_json),
		cmocka_unit_test(the_index_of_podman_tells_of_the_one_that_is_sought),
		cmocka_unit_test(what_is_elsewhere_in_the_file_is_not_looked_at),
		cmocka_unit_test(strings_that_are_too_long_or_not_plain_text_are_none),
		cmocka_unit_test(labels_that_do_not_fit_are_left_out),
		cmocka_unit_test(an_id_is_no_path),
		cmocka_unit_test(a_nul_in_a_key_hides_nothing_else),
		cmocka_unit_test(numbers_of_any_size_are_stepped_over),
		cmocka_unit_test(only_json_is_json),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-container", tests, NULL, NULL);
}
