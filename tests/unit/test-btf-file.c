/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loader/btf_file.h"

#define INFO(kind, vlen) ((uint32_t)(kind) << 24 | (vlen))
#define N_INTS 3000
#define FIRST_STRUCT (N_INTS + 1)

static const char strings[] = "\0int\0pair\0left\0right\0do_it\0word";
enum { S_INT = 1, S_PAIR = 5, S_LEFT = 10, S_RIGHT = 15, S_DO_IT = 21, S_WORD = 27 };

/* 3000 ints; then a struct of two, a pointer, its function, and const typedef of the struct. */
static int
make_file(void)
{
	int fd = memfd_create("btf", MFD_CLOEXEC);
	struct btf_header h = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(h) };
	const struct btf_type one = { .name_off = S_INT, .info = INFO(BTF_KIND_INT, 0), .size = 4 };
	const uint32_t bits = 32;
	const struct btf_type rest[] = {
		{ .info = INFO(BTF_KIND_PTR, 0), .type = FIRST_STRUCT + 2 },
		{ .name_off = S_DO_IT, .info = INFO(BTF_KIND_FUNC, 0), .type = 1 },
		{ .name_off = S_WORD, .info = INFO(BTF_KIND_TYPEDEF, 0), .type = FIRST_STRUCT },
		{ .info = INFO(BTF_KIND_CONST, 0), .type = FIRST_STRUCT + 3 },
		{ .info = INFO(BTF_KIND_CONST, 0), .type = FIRST_STRUCT + 5 },
	};
	const struct btf_type pair = { .name_off = S_PAIR, .info = INFO(BTF_KIND_STRUCT, 2), .size = 8 };
	const struct btf_member members[] = { { S_LEFT, 1, 0 }, { S_RIGHT, 2, 32 } };

	h.type_len = N_INTS * (sizeof(one) + 4) + sizeof(pair) + sizeof(members) + sizeof(rest);
	h.str_off = h.type_len;
	h.str_len = sizeof(strings);
	assert_int_equal(write(fd, &h, sizeof(h)), sizeof(h));
	for (int i = 0; i < N_INTS; i++) {
		assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
		assert_int_equal(write(fd, &bits, 4), 4);
	}
	assert_int_equal(write(fd, &pair, sizeof(pair)), sizeof(pair));
	assert_int_equal(write(fd, members, sizeof(members)), sizeof(members));
	assert_int_equal(write(fd, rest, sizeof(rest)), sizeof(rest));
	assert_int_equal(write(fd, strings, sizeof(strings)), sizeof(strings));
	return fd;
}

static void
finds_types_by_number_in_any_order(void **state)
{
	struct btf_file b;
	char name[32];

	assert_int_equal(btf_file_open(make_file(), &b), 0);
	assert_int_equal(btf_file_name(&b, FIRST_STRUCT + 2, name, sizeof(name)), 0);
	assert_string_equal(name, "do_it");
	assert_int_equal(b.n_marks, 3);
	for (uint32_t id = N_INTS; id > 0; id -= 7) {
		assert_int_equal(btf_file_name(&b, id, name, sizeof(name)), 0);
		assert_string_equal(name, "int");
		if (id < 8)
			break;
	}
	assert_int_equal(btf_file_name(&b, FIRST_STRUCT, name, sizeof(name)), 0);
	assert_string_equal(name, "pair");
	assert_int_equal(btf_file_name(&b, FIRST_STRUCT, name, 4), -E2BIG);
	assert_int_equal(btf_file_name(&b, 0, name, sizeof(name)), -ENOENT);
	assert_int_equal(btf_file_name(&b, FIRST_STRUCT + 1, name, sizeof(name)), -ENOENT);
	assert_int_equal(btf_file_name(&b, FIRST_STRUCT + 6, name, sizeof(name)), -ENOENT);
	assert_int_equal(btf_file_name(&b, UINT32_MAX, name, sizeof(name)), -ENOENT);
	close(b.fd);
}

static void
reads_members_and_looks_through_typedefs(void **state)
{
	struct btf_file b;
	struct btf_found f;
	struct btf_member m;
	char name[32];

	assert_int_equal(btf_file_open(make_file(), &b), 0);
	assert_int_equal(btf_file_resolve(&b, FIRST_STRUCT + 4, &f), 0);
	assert_int_equal(f.id, FIRST_STRUCT);
	assert_int_equal(btf_file_member(&b, &f, 1, &m), 0);
	assert_int_equal(m.offset, 32);
	assert_int_equal(btf_file_text(&b, m.name_off, name, sizeof(name)), 0);
	assert_string_equal(name, "right");
	assert_int_equal(btf_file_member(&b, &f, 2, &m), -ENOENT);
	assert_int_equal(btf_file_resolve(&b, FIRST_STRUCT + 5, &f), -ELOOP);
	close(b.fd);
}

static void
refuses_what_is_no_btf(void **state)
{
	struct btf_file b = { .fd = -7 };
	int fd = memfd_create("other", MFD_CLOEXEC);

	assert_int_equal(write(fd, "neither magic nor anything else of BTF", 38), 38);
	assert_int_equal(btf_file_open(fd, &b), -EINVAL);
	assert_int_equal(b.fd, -7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_types_by_number_in_any_order),
		cmocka_unit_test(reads_members_and_looks_through_typedefs),
		cmocka_unit_test(refuses_what_is_no_btf),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
