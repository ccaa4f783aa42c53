/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/kbtf.h"

static const char strings[] = "\0int\0first\0second";

/* int, first(), pointer, second() */
struct blob {
	struct btf_header h;
	struct btf_type integer;
	uint32_t encoding;
	struct btf_type first, proto_ptr, second;
	char strings[sizeof(strings)];
} __attribute__((packed));

static struct blob
make(void)
{
	struct blob b = { .h = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(b.h) } };

	b.h.type_len = offsetof(struct blob, strings) - sizeof(b.h);
	b.h.str_off = b.h.type_len;
	b.h.str_len = sizeof(strings);
	b.integer = (struct btf_type){ .name_off = 1, .info = BTF_KIND_INT << 24, .size = 4 };
	b.first = (struct btf_type){ .name_off = 5, .info = BTF_KIND_FUNC << 24 };
	b.proto_ptr = (struct btf_type){ .info = BTF_KIND_PTR << 24 };
	b.second = (struct btf_type){ .name_off = 11, .info = BTF_KIND_FUNC << 24 };
	memcpy(b.strings, strings, sizeof(strings));
	return b;
}

static char seen[256];

static void
note(void *arg, uint32_t id, const char *name)
{
	size_t n = strlen(seen);

	snprintf(seen + n, sizeof(seen) - n, "%u=%s ", id, name);
	(*(unsigned int *)arg)++;
}

static void
names_every_function_with_its_id(void **state)
{
	struct blob b = make();
	unsigned int n = 0;

	seen[0] = '\0';
	assert_int_equal(kbtf_functions(&b, sizeof(b), note, &n), 0);
	assert_string_equal(seen, "2=first 4=second ");
}

static void
refuses_what_is_cut_or_out_of_bounds(void **state)
{
	struct blob b = make();
	unsigned int n = 0;

	for (size_t len = 0; len < sizeof(b); len++)
		assert_int_equal(kbtf_functions(&b, len, note, &n), -EINVAL);
	b.h.type_len -= 4;
	assert_int_equal(kbtf_functions(&b, sizeof(b), note, &n), -EINVAL);
	b = make();
	b.integer.info = 31u << 24;
	assert_int_equal(kbtf_functions(&b, sizeof(b), note, &n), -EINVAL);
	b = make();
	b.second.info = BTF_KIND_STRUCT << 24 | 0xffff;
	assert_int_equal(kbtf_functions(&b, sizeof(b), note, &n), -EINVAL);
	b = make();
	b.strings[sizeof(strings) - 1] = 'x';
	assert_int_equal(kbtf_functions(&b, sizeof(b), note, &n), -EINVAL);
	b = make();
	b.h.str_off = UINT32_MAX;
	assert_int_equal(kbtf_functions(&b, sizeof(b), note, &n), -EINVAL);
}

static void
reads_the_running_kernels(void **state)
{
	FILE *f = fopen("/sys/kernel/btf/vmlinux", "re");
	size_t room = 32 << 20, len;
	unsigned int n = 0;
	char *blob;

	if (!f) {
		print_message("# skipped: the kernel has no BTF\n");
		skip();
	}
	blob = malloc(room);
	len = fread(blob, 1, room, f);
	fclose(f);
	assert_int_equal(kbtf_functions(blob, len, note, &n), 0);
	assert_true(n > 10000);
	free(blob);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_every_function_with_its_id),
		cmocka_unit_test(refuses_what_is_cut_or_out_of_bounds),
		cmocka_unit_test(reads_the_running_kernels),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kbtf", tests, NULL, NULL);
}
