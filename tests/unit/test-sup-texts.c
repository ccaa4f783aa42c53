/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpfd/texts.h"

static char dir[64];
static struct texts got;

static int
make_folder(void **state)
{
	strcpy(dir, "/tmp/bpfd-texts-XXXXXX");
	return mkdtemp(dir) && chmod(dir, 0755) == 0 ? 0 : -1;
}

static int
remove_folder(void **state)
{
	char command[128];

	texts_free(&got);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
put(const char *name, mode_t mode, const char *text)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static const struct bundle_file *
find(const char *name)
{
	for (size_t i = 0; i < got.n; i++)
		if (strcmp(strrchr(got.files[i].path, '/') + 1, name) == 0)
			return &got.files[i];
	fail_msg("%s is not there", name);
	return NULL;
}

static void
a_folder_that_is_not_there_has_no_files(void **state)
{
	assert_int_equal(texts_read(&got, BUNDLE_RULE, path_of("none")), 0);
	assert_int_equal(got.n, 0);
}

static void
reads_toml_files_in_the_order_of_their_names(void **state)
{
	put("b.toml", 0644, "two");
	put("a.toml", 0600, "one");
	put("B.toml", 0644, "");
	put(".hidden.toml", 0644, "no");
	put("a.toml~", 0644, "no");
	put("README", 0644, "no");
	put(".toml", 0644, "no");
	assert_int_equal(texts_read(&got, BUNDLE_LIST, dir), 0);
	assert_int_equal(got.n, 3);
	assert_string_equal(strrchr(got.files[0].path, '/'), "/B.toml");
	assert_int_equal(got.files[0].text_len, 0);
	assert_string_equal(got.files[1].path, path_of("a.toml"));
	assert_memory_equal(got.files[1].text, "one", 3);
	assert_int_equal(got.files[1].kind, BUNDLE_LIST);
	assert_false(got.files[2].refused);
}

static void
keys_are_read_with_policies_and_with_nothing_else(void **state)
{
	static const char *const names[] = { "a.toml", "b.pub", "c.pem", "d.crt", "e.json" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		put(names[i], 0644, "x");
	put("cosign.key", 0644, "no");
	put(".pub", 0644, "no");
	assert_int_equal(texts_read(&got, BUNDLE_TRUST, dir), 0);
	assert_int_equal(got.n, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(strrchr(got.files[i].path, '/') + 1, names[i]);
	texts_free(&got);
	assert_int_equal(texts_read(&got, BUNDLE_RULE, dir), 0);
	assert_int_equal(got.n, 1);
}

static void
says_why_a_file_is_not_read(void **state)
{
	if (geteuid() != 0)
		skip();
	put("foreign.toml", 0644, "x");
	assert_int_equal(chown(path_of("foreign.toml"), 65534, 65534), 0);
	put("group.toml", 0664, "x");
	put("world.toml", 0646, "x");
	put("good.toml", 0644, "x");
	put("large.toml", 0644, "x");
	assert_int_equal(truncate(path_of("large.toml"), BUNDLE_TEXT_MAX + 1), 0);
	assert_int_equal(mkdir(path_of("folder.toml"), 0755), 0);
	assert_int_equal(mkfifo(path_of("fifo.toml"), 0644), 0);
	assert_int_equal(symlink("/etc/passwd", path_of("link.toml")), 0);
	assert_int_equal(texts_read(&got, BUNDLE_RULE, dir), 0);
	assert_int_equal(got.n, 8);
	for (size_t i = 0; i < got.n; i++)
		assert_int_equal(got.files[i].refused, strstr(got.files[i].path, "good") == NULL);
	assert_non_null(strstr(find("foreign.toml")->text, "root"));
	assert_non_null(strstr(find("group.toml")->text, "may write"));
	assert_non_null(strstr(find("world.toml")->text, "may write"));
	assert_non_null(strstr(find("large.toml")->text, "262144"));
	assert_non_null(strstr(find("folder.toml")->text, "regular"));
	assert_non_null(strstr(find("fifo.toml")->text, "regular"));
	assert_non_null(strstr(find("link.toml")->text, "symbolic"));
}

static void
does_not_use_a_folder_that_others_may_write(void **state)
{
	put("a.toml", 0644, "x");
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(texts_read(&got, BUNDLE_RULE, dir), -EPERM);
	assert_int_equal(got.n, 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chown(dir, 65534, 65534), 0);
	assert_int_equal(texts_read(&got, BUNDLE_RULE, dir), -EPERM);
}

static int
same(void *arg, const struct bundle_file *f)
{
	size_t *n = arg;

	assert_string_equal(f->path, got.files[*n].path);
	assert_int_equal(f->text_len, got.files[*n].text_len);
	assert_int_equal(f->refused, got.files[*n].refused);
	++*n;
	return 0;
}

static void
what_is_packed_is_what_was_read(void **state)
{
	char bytes[4096];
	ssize_t len;
	size_t n = 0;
	int fd;

	put("a.toml", 0644, "one");
	put("b.toml", 0666, "two");
	assert_int_equal(texts_read(&got, BUNDLE_RULE, dir), 0);
	assert_int_equal(texts_add(&got, BUNDLE_RULE, "x/asked.toml", "three", 5), 0);
	fd = texts_pack(&got);
	assert_true(fd >= 0);
	len = read(fd, bytes, sizeof(bytes));	/* from its beginning, as standard input */
	close(fd);
	assert_true(len > 0);
	assert_int_equal(bundle_each(bytes, (size_t)len, same, &n), 0);
	assert_int_equal(n, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_has_no_files, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(reads_toml_files_in_the_order_of_their_names, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(keys_are_read_with_policies_and_with_nothing_else, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(says_why_a_file_is_not_read, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(does_not_use_a_folder_that_others_may_write, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_packed_is_what_was_read, make_folder, remove_folder),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
