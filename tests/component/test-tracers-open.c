/* SPDX-License-Identifier: Apache-2.0 */
/* The tracer open: real acts on real files. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/open.h"
#include "tracers-dir.h"

static const struct ev_open *
last_open(void)
{
	return last(TR_OPEN, OPEN_OPEN);
}

/* ---- open ---- */

static void
open_has_the_file_and_what_was_asked_for(void **state)
{
	const struct ev_open *e;
	struct statfs fs;
	struct stat st;
	int fd = open("made", O_CREAT | O_RDWR | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	e = last_open();
	assert_str(e, e->path, in_dir("made"));
	assert_str(e, e->filename, "made");
	assert_int_equal(e->h.ret, fd);
	assert_int_equal(e->oflags & (O_CREAT | O_RDWR | O_CLOEXEC), O_CREAT | O_RDWR | O_CLOEXEC);
	assert_int_equal(e->mode, 0640);
	assert_int_equal(e->created, 1);
	assert_int_equal(e->ino, st.st_ino);
	/* An overlay tells stat() of the file system below. */
	if (statfs(".", &fs) == 0 && fs.f_type != OVERLAYFS_SUPER_MAGIC)
		assert_int_equal(e->dev, (uint64_t)major(st.st_dev) << 20 | minor(st.st_dev));
	assert_int_equal(e->h.flags, EV_UNTRUSTED);
}

static void
open_says_what_was_there_already(void **state)
{
	const struct ev_open *e;

	make_file("there");
	make_file("there");
	e = last_open();
	assert_int_equal(e->created, 0);
	close(open("there", O_RDONLY, 0777));
	e = last_open();
	assert_int_equal(e->mode, 0);
}

static void
open_resolves_links_folders_and_dots(void **state)
{
	const struct ev_open *e;
	int folder;

	assert_int_equal(mkdir("folder", 0755), 0);
	make_file("folder/real");
	assert_int_equal(symlink("folder/real", "link"), 0);
	close(open("link", O_RDONLY));
	e = last_open();
	assert_str(e, e->path, in_dir("folder/real"));
	assert_str(e, e->filename, "link");

	folder = open("folder", O_PATH | O_DIRECTORY);
	close(openat(folder, "../folder/./real", O_RDONLY));
	e = last_open();
	assert_str(e, e->path, in_dir("folder/real"));
	assert_str(e, e->filename, "../folder/./real");
	close(folder);
}

static void
open_is_seen_by_every_call_that_opens(void **state)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_NO_MAGICLINKS };
	char room[sizeof(struct file_handle) + MAX_HANDLE_SZ] = "";
	struct file_handle *h = (struct file_handle *)room;
	const struct ev_open *e;
	int mount, fd;

	make_file("all");
	close((int)syscall(SYS_open, "all", O_RDONLY));
	assert_str(last_open(), last_open()->path, in_dir("all"));
	forget(NULL);
	close((int)syscall(SYS_creat, "all", 0600));
	assert_str(last_open(), last_open()->path, in_dir("all"));
	assert_int_equal(last_open()->oflags, O_CREAT | O_WRONLY | O_TRUNC);
	forget(NULL);
	close((int)syscall(SYS_openat2, AT_FDCWD, "all", &how, sizeof(how)));
	assert_str(last_open(), last_open()->path, in_dir("all"));
	assert_int_equal(last_open()->oflags, O_RDONLY);
	forget(NULL);
	h->handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, "all", h, &mount, 0)) {
		print_message("the folder's file system has no handles\n");
		return;
	}
	mount = open(".", O_RDONLY | O_DIRECTORY);
	fd = open_by_handle_at(mount, h, O_RDONLY);
	close(mount);
	if (fd < 0) {
		print_message("no open by handle here: %s\n", strerror(errno));
		return;
	}
	close(fd);
	e = last_open();
	assert_str(e, e->path, in_dir("all"));
	assert_int_equal(e->filename.len, 0);
}

static void
open_that_failed_has_what_was_asked_for(void **state)
{
	const struct ev_open *e;
	int folder;

	assert_int_equal(open("no/../such", O_RDONLY), -1);
	e = last_open();
	assert_int_equal(e->h.ret, -ENOENT);
	assert_str(e, e->path, in_dir("no/../such"));
	assert_int_equal(e->h.flags, EV_UNRESOLVED | EV_UNTRUSTED);
	assert_int_equal(e->ino, 0);

	assert_int_equal(open("/no/such", O_RDONLY), -1);
	e = last_open();
	assert_str(e, e->path, "/no/such");

	assert_int_equal(mkdir("base", 0755), 0);
	folder = open("base", O_PATH);
	assert_int_equal(openat(folder, "none", O_RDONLY), -1);
	close(folder);
	e = last_open();
	assert_str(e, e->path, in_dir("base/none"));

	assert_int_equal(open((const char *)16, O_RDONLY), -1);
	e = last_open();
	assert_int_equal(e->h.ret, -EFAULT);
}

static void
open_keeps_every_byte_of_a_name(void **state)
{
	static const char name[] = "line\nbreak\033[31m\xff\x80 \t\"\\";
	const struct ev_open *e;

	make_file(name);
	e = last_open();
	assert_str(e, e->path, in_dir(name));
	assert_str(e, e->filename, name);
}

/* What is behind the last string. */
static void
assert_zero_behind(const struct ev_open *e)
{
	size_t path = e->path.off + e->path.len, filename = e->filename.off + e->filename.len;
	const char *record = (const char *)e;

	for (size_t i = path > filename ? path : filename; i < e->h.len; i++)
		assert_int_equal(record[i], 0);
}

static void
open_has_names_of_every_length(void **state)
{
	const struct ev_open *e;
	char name[256];
	int fd;

	for (size_t len = 1; len < sizeof(name); len += len < 150 ? 1 : 15) {
		for (size_t i = 0; i < len; i++)
			name[i] = (char)('a' + i % 26);
		name[len] = '\0';
		make_file(name);
		e = last_open();
		assert_str(e, e->path, in_dir(name));
		assert_str(e, e->filename, name);
		assert_zero_behind(e);
		fd = open(in_dir(name), O_RDONLY);
		assert_true(fd >= 0);
		close(fd);
		e = last_open();
		assert_str(e, e->path, in_dir(name));
		assert_str(e, e->filename, in_dir(name));
		assert_zero_behind(e);
		assert_int_equal(unlink(name), 0);
		forget(state);
	}
}

static void
open_has_paths_of_every_depth(void **state)
{
	static const char deeper[] = "/component";
	const struct ev_open *e;
	char path[512] = "depth", file[600];
	int fd;

	fd = open("/", O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	close(fd);
	e = last_open();
	assert_str(e, e->path, "/");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(mkdir(path, 0755), 0);
		snprintf(file, sizeof(file), "%s/file", path);
		make_file(file);
		e = last_open();
		assert_str(e, e->path, in_dir(file));
		assert_str(e, e->filename, file);
		strcat(path, deeper);
	}
}

static void
open_marks_a_path_that_is_not_whole(void **state)
{
	const struct ev_open *e;
	struct ev_count before = tracerrig_count(rig, TR_OPEN);
	char deep[512] = "deep";

	assert_int_equal(mkdir(deep, 0755), 0);
	for (int i = 0; i < 40; i++) {
		strcat(deep, "/d");
		assert_int_equal(mkdir(deep, 0755), 0);
	}
	strcat(deep, "/file");
	make_file(deep);
	e = last_open();
	assert_true(e->h.flags & EV_TRUNCATED);
	assert_int_equal(e->h.cut, EV_CUT(offsetof(struct ev_open, path)));
	assert_true(e->path.len > 30);
	assert_int_not_equal(tracerrig_str(e, e->path)[0], '/');
	assert_true(tracerrig_count(rig, TR_OPEN).cut > before.cut);
}

/* The event of a child that opens a file in a place of its own.  opens: 0 when it did. */
static const struct ev_open *
open_of_child(int (*opens)(void))
{
	const struct ev_open *e;
	int go[2], status = 0;
	pid_t pid;
	char c;

	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (!pid)
		_exit(read(go[0], &c, 1) != 1 || opens());
	tracerrig_filter_number(rig, TR_OPEN, DIM_PID, (uint64_t)pid);
	assert_int_equal(write(go[1], "", 1), 1);
	close(go[0]);
	close(go[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	e = tracerrig_wait(rig, TR_OPEN, OPEN_OPEN, (uint32_t)pid);
	assert_non_null(e);
	return e;
}

static int
opens_below_a_bind_mount(void)
{
	return unshare(CLONE_NEWNS) || mount("", "/", "", MS_REC | MS_PRIVATE, NULL) ||
	       mount("a", "b", "", MS_BIND, NULL) || open("b/f", O_RDONLY) < 0;
}

static void
open_sees_a_bind_mount_where_it_is(void **state)
{
	const struct ev_open *e;

	assert_int_equal(mkdir("a", 0755), 0);
	assert_int_equal(mkdir("b", 0755), 0);
	make_file("a/f");
	e = open_of_child(opens_below_a_bind_mount);
	assert_str(e, e->path, in_dir("b/f"));
}

static int
opens_in_a_chroot(void)
{
	return chroot("jail") || chdir("/") || open("/link", O_RDONLY) < 0;
}

static void
open_in_a_chroot_has_the_whole_path(void **state)
{
	const struct ev_open *e;

	assert_int_equal(mkdir("jail", 0755), 0);
	make_file("jail/f");
	assert_int_equal(symlink("/f", "jail/link"), 0);
	e = open_of_child(opens_in_a_chroot);
	assert_str(e, e->path, in_dir("jail/f"));
	assert_str(e, e->filename, "/link");
}

static char racing[16];
static volatile int race_over;	/* a bool: gcc -fsanitize=bool forgets that it is volatile */

static void *
rewrite(void *arg)
{
	while (!race_over)
		*(volatile char *)&racing[4] ^= 'a' ^ 'b';
	return NULL;
}

/* Of the last n rounds; how many names were others by the time they were read. */
static size_t
assert_real(char (*real)[80], size_t n)
{
	size_t at = 0, i = 0, differ = 0;
	const struct ev_open *e;

	tracerrig_drain(rig, 0);
	while ((e = tracerrig_next(rig, &at, TR_OPEN, OPEN_OPEN, (uint32_t)getpid()))) {
		const char *given = tracerrig_str(e, e->filename);

		if (strncmp(given, "./ra", 4))
			continue;
		assert_true(i < n);
		assert_str(e, e->path, real[i]);
		differ += real[i][strlen(real[i]) - 1] != given[4];
		i++;
	}
	assert_int_equal(i, n);
	tracerrig_forget(rig);
	return differ;
}

static void
open_is_not_fooled_by_a_name_that_changes(void **state)
{
	enum { ROUNDS = 100000, AT_ONCE = 1000 };
	static char real[AT_ONCE][80];
	size_t differ = 0;
	pthread_t thread;

	make_file("raa");
	make_file("rab");
	memcpy(racing, "./raa", 6);
	forget(NULL);
	race_over = 0;
	assert_int_equal(pthread_create(&thread, NULL, rewrite, NULL), 0);
	for (size_t i = 0; i < ROUNDS; i++) {
		int fd = (int)syscall(SYS_openat, AT_FDCWD, racing, O_RDONLY);
		char link[64];
		ssize_t len;

		assert_true(fd >= 0);
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		memset(real[i % AT_ONCE], 0, sizeof(real[0]));
		len = readlink(link, real[i % AT_ONCE], sizeof(real[0]) - 1);
		assert_true(len > 0);
		close(fd);
		if (i % AT_ONCE == AT_ONCE - 1)
			differ += assert_real(real, AT_ONCE);
	}
	race_over = 1;
	pthread_join(thread, NULL);
	print_message("%zu of %d names had changed\n", differ, ROUNDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_has_the_file_and_what_was_asked_for),
		TEST(open_says_what_was_there_already),
		TEST(open_resolves_links_folders_and_dots),
		TEST(open_is_seen_by_every_call_that_opens),
		TEST(open_that_failed_has_what_was_asked_for),
		TEST(open_keeps_every_byte_of_a_name),
		TEST(open_has_names_of_every_length),
		TEST(open_has_paths_of_every_depth),
		TEST(open_marks_a_path_that_is_not_whole),
		TEST(open_sees_a_bind_mount_where_it_is),
		TEST(open_in_a_chroot_has_the_whole_path),
		TEST(open_is_not_fooled_by_a_name_that_changes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
