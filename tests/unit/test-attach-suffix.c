/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "loader/attach_suffix.h"

static void
assert_round_trip(const struct attach_suffix *s)
{
	char text[ATTACH_SUFFIX_MAX], again[ATTACH_SUFFIX_MAX];
	struct attach_suffix got;

	attach_suffix_write(s, text);
	assert_true(strlen(text) < sizeof(text) - 1);
	assert_null(strchr(text, '.'));
	assert_null(strchr(text, '/'));
	assert_int_equal(attach_suffix_read(text, &got), 0);
	attach_suffix_write(&got, again);
	assert_string_equal(text, again);
}

static void
comes_back_as_it_was_written(void **state)
{
	struct attach_suffix got;

	assert_round_trip(&(struct attach_suffix){ .kind = ATTACH_SUFFIX_LINK, .priority = 1 });
	assert_round_trip(&(struct attach_suffix){ .kind = ATTACH_SUFFIX_LINK, .priority = 1000, .mode = 's',
		.netns_ino = UINT64_MAX });
	assert_round_trip(&(struct attach_suffix){ .priority = 1000, .ifindex = INT32_MAX,
		.handle = UINT32_MAX, .prog_id = UINT32_MAX, .netns_ino = UINT64_MAX, .egress = true,
		.made_qdisc = true });
	assert_round_trip(&(struct attach_suffix){ .kind = ATTACH_SUFFIX_OPS, .priority = 50,
		.prog_id = UINT32_MAX });
	assert_round_trip(&(struct attach_suffix){ .kind = ATTACH_SUFFIX_SOCKET, .priority = 1000, .pid = INT32_MAX,
		.fd = INT32_MAX, .cookie = UINT64_MAX, .prog_id = UINT32_MAX });
	assert_int_equal(attach_suffix_read("k-50-12-3-1f-9", &got), 0);
	assert_true(got.kind == ATTACH_SUFFIX_SOCKET && got.pid == 12 && got.fd == 3 && got.cookie == 0x1f);
	assert_int_equal(attach_suffix_read("s-7-9", &got), 0);
	assert_true(got.kind == ATTACH_SUFFIX_OPS && got.prog_id == 9);
	assert_round_trip(&(struct attach_suffix){ .kind = ATTACH_SUFFIX_MAP, .priority = 1000,
		.map_id = UINT32_MAX, .attach_type = 38, .prog_id = UINT32_MAX });
	assert_int_equal(attach_suffix_read("m-12-7-50-9", &got), 0);
	assert_true(got.kind == ATTACH_SUFFIX_MAP && got.map_id == 12 && got.attach_type == 7);
	assert_true(got.priority == 50 && got.prog_id == 9);
	assert_round_trip(&(struct attach_suffix){ .kind = ATTACH_SUFFIX_DISPATCHER, .priority = 1000, .ifindex = INT32_MAX,
		.proceed_on = 0x1f, .prog_id = UINT32_MAX, .netns_ino = UINT64_MAX });
	assert_int_equal(attach_suffix_read("d-3-50-4-9-4026531840", &got), 0);
	assert_true(got.kind == ATTACH_SUFFIX_DISPATCHER);
	assert_int_equal(got.ifindex, 3);
	assert_int_equal(got.proceed_on, 4);
	assert_int_equal(got.prog_id, 9);
	assert_round_trip(&(struct attach_suffix){ .kind = ATTACH_SUFFIX_HASH,
		.name = "uprobe_multi",
		.hook = UINT64_MAX, .spec_first = UINT16_MAX, .n_specs = UINT16_MAX });
	assert_int_equal(attach_suffix_read("h-usdt-1f-3-2", &got), 0);
	assert_true(got.kind == ATTACH_SUFFIX_HASH);
	assert_string_equal(got.name, "usdt");
	assert_int_equal(got.hook, 0x1f);
	assert_int_equal(got.spec_first, 3);
	assert_int_equal(got.n_specs, 2);
	assert_int_equal(attach_suffix_read("c-3-e-50-1f-q-9-4026531840", &got), 0);
	assert_true(got.kind == ATTACH_SUFFIX_FILTER && got.egress && got.made_qdisc);
	assert_int_equal(got.ifindex, 3);
	assert_int_equal(got.priority, 50);
	assert_int_equal(got.handle, 0x1f);
	assert_int_equal(got.prog_id, 9);
	assert_int_equal(got.netns_ino, 4026531840);
}

static void
the_set_of_a_stub_comes_back(void **state)
{
	struct attach_suffix got;

	assert_round_trip(&(struct attach_suffix){ .kind = ATTACH_SUFFIX_LINK, .priority = 1000,
		.netns_ino = UINT64_MAX, .mode = '-', .proceed_on = UINT32_MAX, .stub_id = UINT32_MAX });
	assert_round_trip(&(struct attach_suffix){ .kind = ATTACH_SUFFIX_FILTER, .priority = 1000,
		.netns_ino = UINT64_MAX, .ifindex = INT32_MAX, .handle = UINT32_MAX, .prog_id = UINT32_MAX,
		.proceed_on = UINT32_MAX, .made_qdisc = true });
	assert_int_equal(attach_suffix_read("l-50-1-n-40000008-7", &got), 0);
	assert_int_equal(got.proceed_on, 0x40000008);
	assert_int_equal(got.stub_id, 7);
	assert_int_equal(attach_suffix_read("c-3-e-50-1f-q-9-4026531840-c", &got), 0);
	assert_int_equal(got.netns_ino, 4026531840);
	assert_int_equal(got.proceed_on, 0xc);
	assert_int_equal(got.prog_id, 9);
}

static void
refuses_everything_else(void **state)
{
	static const char *const bad[] = { "", "l", "l-", "x-1-2-n", "l-0-1-n", "l-1001-1-n", "l-1-1-x",
		"l-1-1-nn", "l-1-1-n-", "l--1-n", "l-+1-1-n", "l-1-18446744073709551616-n", "l- 1-1-n",
		"c-0-e-50-1-q-9-1", "c-3-x-50-1-q-9-1", "c-3-e-0-1-q-9-1", "c-3-e-50-0-q-9-1",
		"c-3-e-50-1-z-9-1", "c-3-e-50-1-q-9", "c-3-e-50-1-q-9-1x", "c-3-e-50-0x1-q-9-1",
		"c-99999999999-e-50-1-q-9-1", "s-7", "s-7-", "s-0-9", "s-7-0", "s-7-9-1", "s-7-4294967296",
		"m-0-7-50-9", "m-12-7-0-9", "m-12-256-50-9", "m-12-7-50",
		"m-12-7-50-9-", "m-12-7-50-99999999999",
		"d-0-50-4-9-1", "d-3-0-4-9-1", "d-3-1001-4-9-1", "d-3-50-20-9-1",
		"d-3-50-4-0-1", "d-3-50-4-9", "d-3-50-4-9-1-", "d-3-50-4-9-x",
		"h-usdt-1f-3", "h--1f-3-2", "h-usdt-0-3-2", "h-USDT-1f-3-2",
		"h-usdt-1f-3-65536", "h-usdt-1f-3-2-", "h-usdt-10000000000000000-3-2",
		"h-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1-0-0",
		"k-50-0-3-1f-9", "k-50-12-3-1f", "k-50-12-3-1f-0", "k-50-12-3-1g-9", "k-0-12-3-1f-9",
		"k-50-12-3-1f-9-",
		"l-1-00000000000000000000000000000000000000000000000000000000000000000000000000001-n",
		"l-1-1-n-8", "l-1-1-n-8-", "l-1-1-n-0-7", "l-1-1-n-8-0", "l-1-1-n-8-7-", "l-1-1-n-100000000-7",
		"c-3-e-50-1-q-9-1-", "c-3-e-50-1-q-9-1-0", "c-3-e-50-1-q-9-1-8-", "c-3-e-50-1-q-9-1-8-7" };
	struct attach_suffix got = { .priority = 7 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(attach_suffix_read(bad[i], &got), -EINVAL);
	assert_int_equal(got.priority, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_as_it_was_written),
		cmocka_unit_test(the_set_of_a_stub_comes_back),
		cmocka_unit_test(refuses_everything_else),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("attach-suffix", tests, NULL, NULL);
}
