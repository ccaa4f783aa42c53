/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bpfd_v1.pb-c.h"
#include "proto/wire.h"
#include "proto/wirecheck.h"

static char why[WIRECHECK_WHY];

static int
check(const ProtobufCMessageDescriptor *desc, const void *data, size_t len)
{
	why[0] = '\0';
	return wirecheck(desc, data, len, why, sizeof(why));
}

static void
accepts_a_message_as_protobuf_packs_it(void **state)
{
	Bpfd__V1__ProgramSpec spec = BPFD__V1__PROGRAM_SPEC__INIT;
	Bpfd__V1__ProgramSpec *specs[] = { &spec };
	Bpfd__V1__LoadRequest req = BPFD__V1__LOAD_REQUEST__INIT;
	uint8_t bytes[256];
	size_t len;

	spec.name = "gr\xc3\xbc\xc3\x9f";
	req.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_CONTENT;
	req.content = (ProtobufCBinaryData){ 3, (uint8_t *)"a\0\xff" };	/* bytes may be anything */
	req.programs = specs;
	req.n_programs = 1;
	req.dry_run = 1;
	len = protobuf_c_message_pack(&req.base, bytes);

	assert_int_equal(check(&bpfd__v1__load_request__descriptor, bytes, len), 0);
	assert_int_equal(check(&bpfd__v1__load_request__descriptor, "", 0), 0);
}

static void
names_the_field_that_holds_a_nul(void **state)
{
	assert_int_equal(check(&bpfd__v1__load_request__descriptor, "\x1a\x03" "a\0b", 5), -EINVAL);
	assert_non_null(strstr(why, "LoadRequest.source"));
}

static void
names_the_inner_field_that_is_no_utf8(void **state)
{
	assert_int_equal(check(&bpfd__v1__load_request__descriptor, "\x22\x03\x0a\x01\xff", 5), -EINVAL);
	assert_non_null(strstr(why, "ProgramSpec.name"));
	/* a map's key is a string too */
	assert_int_equal(check(&bpfd__v1__load_request__descriptor, "\x2a\x03\x0a\x01\xff", 5), -EINVAL);
}

static void
refuses_a_field_of_another_type(void **state)
{
	assert_int_equal(check(&bpfd__v1__load_request__descriptor, "\x18\x01", 2), -EINVAL);
	assert_non_null(strstr(why, "LoadRequest.source"));
	assert_int_equal(check(&bpfd__v1__get_request__descriptor, "\x0a\x01\x05", 3), -EINVAL);
}

static void
checks_packed_numbers(void **state)
{
	const ProtobufCMessageDescriptor *desc = &bpfd__v1__unload_response__descriptor;

	assert_int_equal(check(desc, "\x0a\x03\x01\x80\x01", 5), 0);
	assert_int_equal(check(desc, "\x08\x01\x08\x02", 4), 0);	/* not packed */
	assert_int_equal(check(desc, "\x0a\x02\x01\x80", 4), -EINVAL);
	assert_non_null(strstr(why, "UnloadResponse.programs"));
}

static void
passes_over_unknown_fields_that_are_well_formed(void **state)
{
	const ProtobufCMessageDescriptor *desc = &bpfd__v1__get_request__descriptor;

	assert_int_equal(check(desc, "\xfa\x07\x02\xff\xff", 5), 0);
	assert_int_equal(check(desc, "\xfa\x07\x03\xff\xff", 5), -EINVAL);
}

static ProtobufCMessageDescriptor tree;
static const ProtobufCFieldDescriptor branch[] = {
	{ .name = "branch", .id = 1, .label = PROTOBUF_C_LABEL_NONE, .type = PROTOBUF_C_TYPE_MESSAGE,
	  .descriptor = &tree },
};
static const ProtobufCIntRange branch_ids[] = { { 1, 0 }, { 0, 1 } };
static ProtobufCMessageDescriptor tree = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC, .name = "test.Tree", .n_fields = 1,
	.fields = branch, .n_field_ranges = 1, .field_ranges = branch_ids,
};

static void
stops_at_the_depth_limit(void **state)
{
	struct wire_buf b = { 0 };

	for (int depth = 1; depth <= WIRECHECK_DEPTH; depth++) {
		struct wire_buf outer = { 0 };

		assert_int_equal(check(&tree, b.data, b.len), 0);
		wire_put_bytes(&outer, 1, b.data, b.len);
		wire_buf_free(b);
		b = outer;
	}
	assert_int_equal(check(&tree, b.data, b.len), -EINVAL);
	assert_non_null(strstr(why, "test.Tree"));
	wire_buf_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_a_message_as_protobuf_packs_it),
		cmocka_unit_test(names_the_field_that_holds_a_nul),
		cmocka_unit_test(names_the_inner_field_that_is_no_utf8),
		cmocka_unit_test(refuses_a_field_of_another_type),
		cmocka_unit_test(checks_packed_numbers),
		cmocka_unit_test(passes_over_unknown_fields_that_are_well_formed),
		cmocka_unit_test(stops_at_the_depth_limit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
