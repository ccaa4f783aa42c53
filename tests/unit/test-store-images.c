/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/store.h"
#include "api/store_images.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

struct fixture {
	char dir[32], db[64], images[64];
	struct store *st;
};

static void
reopen(struct fixture *f)
{
	store_close(f->st);
	f->st = NULL;
	assert_int_equal(store_open(f->db, &f->st), 0);
	assert_int_equal(store_images_open(f->st, f->images), 0);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/test-images-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->db, sizeof(f->db), "%s/bpfd.db", f->dir);
	snprintf(f->images, sizeof(f->images), "%s/images.db", f->dir);
	reopen(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[64];

	store_close(f->st);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", f->dir);
	free(f);
	return system(cmd);
}

static void
put(struct fixture *f, const char *digest, const char *bundle, int64_t used_ns, const char *ref)
{
	const struct stored_image i = { .digest = digest, .facts = "facts", .facts_len = 5,
		.bundle_bytes = strlen(bundle), .pulled_ns = 5, .used_ns = used_ns };
	const char *const refs[] = { ref, NULL };

	assert_int_equal(store_put_image(f->st, &i, bundle, refs), 0);
}

static int
collect(void *arg, const struct stored_image *i)
{
	char *text = arg;

	assert_memory_equal(i->facts, "facts", 5);
	strncat(text, i->digest + 7, 1);
	return 0;
}

static const char *
all(struct fixture *f)
{
	static char text[64];

	text[0] = '\0';
	assert_int_equal(store_each_image(f->st, NULL, collect, text), 0);
	return text;
}

static int
collect_ref(void *arg, const char *ref)
{
	strcat(strcat(arg, ref), " ");
	return 0;
}

static void
finds_by_reference_and_by_digest_also_after_a_restart(void **state)
{
	struct fixture *f = *state;
	char digest[IMAGE_DIGEST_MAX], refs[128] = "";
	void *bytes = NULL;
	size_t len;

	put(f, A, "bundle of a", 1, "host/a:1");
	put(f, A, "bundle of a, again", 1, "host/a:2");
	reopen(f);
	assert_int_equal(store_find_image(f->st, "host/a:1", digest), 0);
	assert_string_equal(digest, A);
	assert_int_equal(store_find_image(f->st, A, digest), 0);
	assert_int_equal(store_find_image(f->st, B, digest), -ENOENT);
	assert_int_equal(store_find_image(f->st, "host/a", digest), -ENOENT);
	assert_int_equal(store_bundle(f->st, A, &bytes, &len), 0);
	assert_int_equal(len, strlen("bundle of a, again"));
	assert_memory_equal(bytes, "bundle of a, again", len);
	free(bytes);
	assert_int_equal(store_each_image_ref(f->st, A, collect_ref, refs), 0);
	assert_string_equal(refs, "host/a:1 host/a:2 ");
	assert_string_equal(all(f), "a");
}

static void
a_reference_that_moves_means_the_new_image_and_the_old_one_stays(void **state)
{
	struct fixture *f = *state;
	char digest[IMAGE_DIGEST_MAX];

	put(f, A, "bundle of a", 1, "host/x:1");
	put(f, B, "bundle of b", 2, "host/x:1");
	assert_int_equal(store_find_image(f->st, "host/x:1", digest), 0);
	assert_string_equal(digest, B);
	assert_string_equal(all(f), "ab");
	assert_int_equal(store_del_image(f->st, B), 0);
	assert_int_equal(store_find_image(f->st, "host/x:1", digest), -ENOENT);
	assert_string_equal(all(f), "a");
}

/* used: letters of those that are in use. */
static bool
in_use(const void *used, const char *digest)
{
	return strchr(used, digest[7]);
}

static unsigned int
trim(struct fixture *f, const char *keep, uint64_t max_bytes, uint64_t max_n, const char *used)
{
	const struct trim_images t = { keep, max_bytes, max_n, in_use, used };
	unsigned int removed;

	assert_int_equal(store_trim_images(f->st, &t, &removed), 0);
	return removed;
}

static void
what_programs_were_loaded_from_goes_last(void **state)
{
	struct fixture *f = *state;

	put(f, A, "0123456789", 1, "host/a:1");
	put(f, B, "0123456789", 2, "host/b:1");
	put(f, C, "0123456789", 3, "host/c:1");
	assert_int_equal(trim(f, C, 30, 2, "a"), 1);
	assert_string_equal(all(f), "ac");
	assert_int_equal(trim(f, C, 30, 1, "a"), 1);
	assert_string_equal(all(f), "c");
}

static void
what_was_used_longest_ago_goes_first(void **state)
{
	struct fixture *f = *state;

	put(f, A, "0123456789", 1, "host/a:1");
	put(f, B, "0123456789", 2, "host/b:1");
	put(f, C, "0123456789", 3, "host/c:1");
	assert_int_equal(store_touch_image(f->st, A, "facts", 5, 9), 0);
	assert_string_equal(all(f), "bca");
	assert_int_equal(store_touch_image(f->st, A, "facts", 5, 0), 0);
	assert_string_equal(all(f), "bca");
	assert_int_equal(trim(f, C, 30, 3, ""), 0);
	assert_int_equal(trim(f, B, 29, 3, ""), 1);
	assert_string_equal(all(f), "ba");
	assert_int_equal(trim(f, B, 5, 1, ""), 1);
	assert_string_equal(all(f), "b");	/* it alone is too large, but meant to be kept */
}

static void
a_damaged_cache_is_put_aside_and_the_store_stays(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	char aside[80];
	int fd;

	put(f, A, "bundle of a", 1, "host/a:1");
	assert_int_equal(store_checkpoint(f->st), 0);
	store_close(f->st);
	f->st = NULL;
	fd = open(f->images, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "this is no database at all", 26, 0), 26);
	close(fd);
	reopen(f);
	assert_string_equal(all(f), "");
	snprintf(aside, sizeof(aside), "%s.unknown", f->images);
	assert_int_equal(stat(aside, &st), 0);
	put(f, B, "bundle of b", 1, "host/b:1");
	reopen(f);
	assert_string_equal(all(f), "b");
}

static void
what_a_removed_image_held_goes_back_to_the_file_system(void **state)
{
	struct fixture *f = *state;
	char *bundle = malloc(1000001);
	struct stat before, after;

	memset(bundle, 'x', 1000000);
	bundle[1000000] = '\0';
	put(f, A, bundle, 1, "host/a:1");
	free(bundle);
	assert_int_equal(store_checkpoint(f->st), 0);
	assert_int_equal(stat(f->images, &before), 0);
	assert_true(before.st_size > 1000000);
	assert_int_equal(store_del_image(f->st, A), 0);
	assert_int_equal(store_checkpoint(f->st), 0);
	assert_int_equal(stat(f->images, &after), 0);
	assert_true(after.st_size < 100000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(finds_by_reference_and_by_digest_also_after_a_restart),
		T(a_reference_that_moves_means_the_new_image_and_the_old_one_stays),
		T(what_was_used_longest_ago_goes_first),
		T(what_programs_were_loaded_from_goes_last),
		T(a_damaged_cache_is_put_aside_and_the_store_stays),
		T(what_a_removed_image_held_goes_back_to_the_file_system),
#undef T
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	store_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
