/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/auto.h"
#include "unit/oci_make.h"

#define ROOM (64 * TAR_BLOCK)

/* An archive that a test writes entry by entry. */
struct archive_text { uint8_t bytes[ROOM]; size_t len; };

static struct oci_why why;
static const struct oci_limits limits = { .object_bytes = 1 << 20, .layer_bytes = 4 << 20 };

static void
add(struct archive_text *a, const char *name, char type, const void *data, size_t len)
{
	struct tar_header h = { .mode = "0000644", .type = type, .magic = "ustar", .version = { '0', '0' } };
	const size_t padded = (len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;

	assert_true(a->len + TAR_BLOCK + padded <= sizeof(a->bytes));
	memcpy(h.name, name, strlen(name));
	snprintf(h.size, sizeof(h.size), "%011zo", len);
	snprintf(h.checksum, sizeof(h.checksum), "%06llo", (unsigned long long)tar_checksum(&h));
	memcpy(a->bytes + a->len, &h, sizeof(h));
	memcpy(a->bytes + a->len + TAR_BLOCK, data, len);
	a->len += TAR_BLOCK + padded;
}

static int
read_as(const char *media, const void *bytes, size_t len, const struct oci_limits *l)
{
	struct oci_desc d = { 0 };
	AUTO(mem) void *object = NULL;
	/* Of exactly its size, so that AddressSanitizer sees every byte read behind it. */
	AUTO(mem) void *copy = malloc(len + !len);
	size_t object_len = 0;
	int err;

	strcpy(d.media, media);
	memcpy(copy, bytes, len);
	why.text[0] = '\0';
	err = oci_layer_object(&d, copy, len, l, &object, &object_len, &why);
	assert_true(!err == (object != NULL) && !err == !why.text[0]);
	return err;
}

static int
read_tar(const struct archive_text *a)
{
	return read_as(OCI_MEDIA_LAYER, a->bytes, a->len, &limits);
}

/* The archive has one good object besides. */
static void
refuses_beside_an_object(const char *name, char type, const void *data, size_t len, const char *says)
{
	const struct tiny_object o = tiny_object();
	AUTO(mem) struct archive_text *a = calloc(1, sizeof(*a));

	add(a, "pass.o", '0', &o, sizeof(o));
	add(a, name, type, data, len);
	assert_int_equal(read_tar(a), -EINVAL);
	if (!strstr(why.text, says))
		fail_msg("%s, not: %s", why.text, says);
}

static void
takes_one_object_and_directories(void **state)
{
	const struct tiny_object o = tiny_object();
	AUTO(mem) struct archive_text *a = calloc(1, sizeof(*a));

	add(a, "./", '5', "", 0);
	add(a, "bpf/", '5', "", 0);
	add(a, "./bpf/pass.o", '0', &o, sizeof(o));
	assert_int_equal(read_tar(a), 0);
	a->len += 20 * TAR_BLOCK;	/* the end, as tar pads it */
	assert_int_equal(read_tar(a), 0);
}

static void
takes_long_names_of_pax_and_gnu(void **state)
{
	const struct tiny_object o = tiny_object();
	AUTO(mem) struct archive_text *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
	static const char pax[] = "30 mtime=1700000000.123456789\n18 path=deep/x.o\n\n";

	add(a, "x", 'x', "30 mtime=1700000000.123456789\n17 path=deep/x.o\n", 47);
	add(a, "x.o", '0', &o, sizeof(o));
	assert_int_equal(read_tar(a), 0);
	add(b, "././@LongLink", 'L', "deep/x.o", 9);
	add(b, "x.o", '0', &o, sizeof(o));
	assert_int_equal(read_tar(b), 0);
	a->len = 0;
	add(a, "x", 'x', pax, sizeof(pax) - 1);
	add(a, "x.o", '0', &o, sizeof(o));
	assert_int_equal(read_tar(a), -EINVAL);
}

static void
refuses_names_that_lead_out(void **state)
{
	static const char *const bad[] = { "../x", "a/../../x", "/x", "..", "a/..", "a\nb", "\xff" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		refuses_beside_an_object(bad[i], '0', "", 0, "names are relative");
		refuses_beside_an_object(bad[i], '5', "", 0, "names are relative");
	}
}

static void
a_long_name_does_not_lead_out_either(void **state)
{
	const struct tiny_object o = tiny_object();
	AUTO(mem) struct archive_text *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));

	add(a, "x", 'x', "15 path=../x.o\n", 15);
	add(a, "x.o", '0', &o, sizeof(o));
	assert_int_equal(read_tar(a), -EINVAL);
	assert_non_null(strstr(why.text, "names are relative"));
	add(b, "././@LongLink", 'L', "/etc/x.o", 9);
	add(b, "x.o", '0', &o, sizeof(o));
	assert_int_equal(read_tar(b), -EINVAL);
	assert_non_null(strstr(why.text, "names are relative"));
}

static void
refuses_links_devices_and_a_second_file(void **state)
{
	refuses_beside_an_object("a", '0', "x", 1, "second file");
	refuses_beside_an_object("a", '\0', "x", 1, "second file");
	refuses_beside_an_object(".wh.a", '0', "", 0, "second file");
	refuses_beside_an_object("a", '1', "", 0, "hard link");
	refuses_beside_an_object("a", '2', "", 0, "symbolic link");
	refuses_beside_an_object("a", '3', "", 0, "device");
	refuses_beside_an_object("a", '4', "", 0, "device");
	refuses_beside_an_object("a", '6', "", 0, "fifo");
	refuses_beside_an_object("a", 'S', "", 0, "sparse");
	refuses_beside_an_object("a", 'K', "x", 1, "no ordinary file");
}

static void
refuses_extended_headers_that_change_the_file(void **state)
{
	refuses_beside_an_object("a", 'x', "12 size=100\n", 12, "sparse");
	refuses_beside_an_object("a", 'x', "23 GNU.sparse.major=1\n\n", 23, "sparse");
	refuses_beside_an_object("a", 'g', "12 path=x.o\n", 12, "alike");
	refuses_beside_an_object("a", 'x', "99 path=x.o\n", 12, "malformed");
	refuses_beside_an_object("a", 'x', "path=x.o\n", 9, "malformed");
	refuses_beside_an_object("a", 'x', "6 path\n", 7, "malformed");
	refuses_beside_an_object("a", 'x', "12 path=x.o\n", 12, "without a file");
}

static void
refuses_what_is_cut_off_or_goes_on(void **state)
{
	const struct tiny_object o = tiny_object();
	AUTO(mem) struct archive_text *a = calloc(1, sizeof(*a));
	const size_t whole = TAR_BLOCK + (sizeof(o) + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;

	add(a, "pass.o", '0', &o, sizeof(o));
	for (a->len = 0; a->len < TAR_BLOCK + sizeof(o); a->len += 37)
		assert_int_equal(read_tar(a), -EINVAL);
	a->len = TAR_BLOCK + sizeof(o);	/* as umoci has it */
	assert_int_equal(read_tar(a), 0);
	a->len = whole + 4 * TAR_BLOCK;
	assert_int_equal(read_tar(a), 0);
	a->bytes[a->len - 1] = 1;
	assert_int_equal(read_tar(a), -EINVAL);
	a->bytes[0] ^= 1;
	assert_int_equal(read_tar(a), -EINVAL);
	assert_non_null(strstr(why.text, "no header"));
}

static void
refuses_an_empty_layer_and_what_is_no_object(void **state)
{
	AUTO(mem) struct archive_text *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
	struct tiny_object o = tiny_object();

	assert_int_equal(read_tar(a), -EINVAL);
	assert_non_null(strstr(why.text, "no file"));
	add(a, "x.o", '0', "text", 4);
	assert_int_equal(read_tar(a), -EINVAL);
	assert_non_null(strstr(why.text, "not an ELF file"));
	o.head.e_machine = EM_X86_64;
	add(b, "x.o", '0', &o, sizeof(o));
	assert_int_equal(read_tar(b), -EINVAL);
	assert_non_null(strstr(why.text, "for x86-64"));
}

static void
refuses_an_object_over_the_limit(void **state)
{
	const struct tiny_object o = tiny_object();
	const struct oci_limits small = { .object_bytes = sizeof(o) - 1, .layer_bytes = 1 << 20 };
	AUTO(mem) struct archive_text *a = calloc(1, sizeof(*a));

	add(a, "x.o", '0', &o, sizeof(o));
	assert_int_equal(read_as(OCI_MEDIA_LAYER, a->bytes, a->len, &small), -EFBIG);
	assert_non_null(strstr(why.text, "object_bytes"));
}

static void
a_bomb_ends_at_the_limit(void **state)
{
	const size_t len = 64 << 20;
	AUTO(mem) void *zeros = calloc(1, len);
	static const enum make_compression all[] = { MAKE_GZIP, MAKE_ZSTD };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		AUTO(mem) void *bomb = NULL;
		size_t bomb_len;

		assert_int_equal(make_compress(all[i], zeros, len, &bomb, &bomb_len), 0);
		assert_true(bomb_len < 1 << 17);
		assert_int_equal(read_as(make_media(all[i]), bomb, bomb_len, &limits), -EFBIG);
	}
}

static void
reads_what_the_media_type_says_and_nothing_else(void **state)
{
	const struct tiny_object o = tiny_object();
	AUTO(mem) struct archive_text *a = calloc(1, sizeof(*a));
	AUTO(mem) void *gz = NULL, *zst = NULL;
	size_t gz_len, zst_len;

	add(a, "x.o", '0', &o, sizeof(o));
	assert_int_equal(make_compress(MAKE_GZIP, a->bytes, a->len, &gz, &gz_len), 0);
	assert_int_equal(make_compress(MAKE_ZSTD, a->bytes, a->len, &zst, &zst_len), 0);
	assert_int_equal(read_as(OCI_MEDIA_LAYER "+gzip", gz, gz_len, &limits), 0);
	assert_int_equal(read_as(OCI_MEDIA_DOCKER_LAYER ".gzip", gz, gz_len, &limits), 0);
	assert_int_equal(read_as(OCI_MEDIA_LAYER "+zstd", zst, zst_len, &limits), 0);
	assert_int_equal(read_as(OCI_MEDIA_LAYER "+zstd", gz, gz_len, &limits), -EINVAL);
	assert_int_equal(read_as(OCI_MEDIA_LAYER "+gzip", zst, zst_len, &limits), -EINVAL);
	assert_int_equal(read_as(OCI_MEDIA_LAYER "+gzip", a->bytes, a->len, &limits), -EINVAL);
	assert_int_equal(read_as(OCI_MEDIA_LAYER, gz, gz_len, &limits), -EINVAL);
	assert_int_equal(read_as("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", gz, gz_len, &limits), -EINVAL);
	assert_int_equal(read_as(OCI_MEDIA_LAYER "+gzip", "", 0, &limits), -EINVAL);
	for (size_t cut = 1; cut < gz_len; cut += 3)
		assert_int_equal(read_as(OCI_MEDIA_LAYER "+gzip", gz, cut, &limits), -EINVAL);
	for (size_t cut = 1; cut < zst_len; cut += 3)
		assert_int_equal(read_as(OCI_MEDIA_LAYER "+zstd", zst, cut, &limits), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_one_object_and_directories),
		cmocka_unit_test(takes_long_names_of_pax_and_gnu),
		cmocka_unit_test(refuses_names_that_lead_out),
		cmocka_unit_test(a_long_name_does_not_lead_out_either),
		cmocka_unit_test(refuses_links_devices_and_a_second_file),
		cmocka_unit_test(refuses_extended_headers_that_change_the_file),
		cmocka_unit_test(refuses_what_is_cut_off_or_goes_on),
		cmocka_unit_test(refuses_an_empty_layer_and_what_is_no_object),
		cmocka_unit_test(refuses_an_object_over_the_limit),
		cmocka_unit_test(a_bomb_ends_at_the_limit),
		cmocka_unit_test(reads_what_the_media_type_says_and_nothing_else),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("oci-layer", tests, NULL, NULL);
}
