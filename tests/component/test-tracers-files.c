/* SPDX-License-Identifier: Apache-2.0 */
/* open, openbreakout, fileops and filetop: real acts on real files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "bpf/fileops.h"
#include "bpf/filetop.h"
#include "bpf/open.h"
#include "bpf/openbreakout.h"
#include "tracerrig.h"

static const char *const tracers[] = { "open", "openbreakout", "fileops", "filetop", NULL };
static struct tracerrig *rig;
static char dir[64];			/* the test's own, the working directory too */

/* Of the whole machine only what this process does; openbreakout's are its children's. */
static void
own_alone(unsigned int tracer)
{
	tracerrig_filter(rig, tracer, (struct ev_tracer_filter){ .dims = DIM_PID });
	tracerrig_filter_number(rig, tracer, DIM_PID, (uint64_t)getpid());
}

static int
setup(void **state)
{
	int err = tracerrig_open(tracers, &(struct tracerrig_options){ .bulk_bytes = 1 << 22 }, &rig);

	if (err)
		return err;
	own_alone(TR_OPEN);
	own_alone(TR_FILEOPS);
	own_alone(TR_FILETOP);
	strcpy(dir, "/tmp/bpfd-files-XXXXXX");
	return !mkdtemp(dir) || chdir(dir) ? -1 : 0;
}

static int
teardown(void **state)
{
	char cmd[128];

	tracerrig_close(rig);
	rig = NULL;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return chdir("/") || system(cmd);
}

static int
forget(void **state)
{
	tracerrig_drain(rig, 0);
	tracerrig_forget(rig);
	return 0;
}

/* A name in the folder, valid until the next call but three. */
static const char *
in_dir(const char *name)
{
	static char paths[4][4400];
	static unsigned int at;
	char *path = paths[at++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void
make_file(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY, 0644);

	assert_true(fd >= 0);
	close(fd);
}

static void
assert_str(const void *record, struct ev_str s, const char *want)
{
	assert_string_equal(tracerrig_str(record, s), want);
}

/* The event of the last act of this process. */
static const void *
last(unsigned int tracer, unsigned int event)
{
	const void *found = NULL, *e;
	size_t at = 0;

	assert_non_null(tracerrig_wait(rig, tracer, event, (uint32_t)getpid()));
	while ((e = tracerrig_next(rig, &at, tracer, event, (uint32_t)getpid())))
		found = e;
	return found;
}

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
	assert_true(e->path.len > 30);
	assert_int_not_equal(tracerrig_str(e, e->path)[0], '/');
	assert_true(tracerrig_count(rig, TR_OPEN).cut > before.cut);
}

static void
open_sees_a_bind_mount_where_it_is(void **state)
{
	const struct ev_open *e;
	int go[2], status = 0;
	pid_t pid;
	char c;

	assert_int_equal(mkdir("a", 0755), 0);
	assert_int_equal(mkdir("b", 0755), 0);
	make_file("a/f");
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (!pid) {
		if (read(go[0], &c, 1) != 1 || unshare(CLONE_NEWNS) ||
		    mount("", "/", "", MS_REC | MS_PRIVATE, NULL) || mount("a", "b", "", MS_BIND, NULL))
			_exit(1);
		_exit(open("b/f", O_RDONLY) < 0);
	}
	tracerrig_filter_number(rig, TR_OPEN, DIM_PID, (uint64_t)pid);
	assert_int_equal(write(go[1], "", 1), 1);
	close(go[0]);
	close(go[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	e = tracerrig_wait(rig, TR_OPEN, OPEN_OPEN, (uint32_t)pid);
	assert_non_null(e);
	assert_str(e, e->path, in_dir("b/f"));
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

static void
open_is_not_fooled_by_a_name_that_changes(void **state)
{
	enum { ROUNDS = 2000 };
	static char real[ROUNDS][80];
	size_t at = 0, n = 0, differ = 0;
	const struct ev_open *e;
	pthread_t thread;

	make_file("raa");
	make_file("rab");
	memcpy(racing, "./raa", 6);
	forget(NULL);
	race_over = 0;
	assert_int_equal(pthread_create(&thread, NULL, rewrite, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		int fd = (int)syscall(SYS_openat, AT_FDCWD, racing, O_RDONLY);
		char link[64];
		ssize_t len;

		assert_true(fd >= 0);
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, real[i], sizeof(real[i]) - 1);
		assert_true(len > 0);
		close(fd);
	}
	race_over = 1;
	pthread_join(thread, NULL);
	tracerrig_drain(rig, 100);
	while ((e = tracerrig_next(rig, &at, TR_OPEN, OPEN_OPEN, (uint32_t)getpid()))) {
		const char *given = tracerrig_str(e, e->filename);

		if (strncmp(given, "./ra", 4))
			continue;
		assert_str(e, e->path, real[n]);
		differ += real[n][strlen(real[n]) - 1] != given[4];
		n++;
	}
	assert_int_equal(n, ROUNDS);
	print_message("%zu of %d names had changed\n", differ, ROUNDS);
}

/* ---- filters ---- */

/* Opens name; did the event come? */
static bool
passes(const char *name)
{
	forget(NULL);
	close(open(name, O_RDONLY));
	tracerrig_drain(rig, 20);
	return tracerrig_find(rig, TR_OPEN, OPEN_OPEN, (uint32_t)getpid());
}

static void
filter_of_the_cheap_kinds(void **state)
{
	const struct ev_hdr *h;
	struct ev_count before, after;
	char comm[16] = "";

	make_file("plain");
	h = &last_open()->h;
	prctl(PR_GET_NAME, comm);
	const struct { uint32_t dim; uint64_t right, wrong; const char *text; } kinds[] = {
		{ DIM_PID, h->tgid, 1, NULL }, { DIM_UID, h->uid, 4242, NULL },
		{ DIM_CGROUP, h->cgroup ? h->cgroup : h->cgroup1, 424242, NULL }, { DIM_COMM, 0, 0, comm },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].dim == DIM_PID)
			continue;	/* what all others of these tests go by */
		tracerrig_filter(rig, TR_OPEN, (struct ev_tracer_filter){ .dims = kinds[i].dim | DIM_PID });
		before = tracerrig_count(rig, TR_OPEN);
		assert_false(passes("plain"));
		after = tracerrig_count(rig, TR_OPEN);
		assert_true(after.filtered > before.filtered);
		if (kinds[i].text)
			tracerrig_filter_text(rig, TR_OPEN, kinds[i].dim, kinds[i].text);
		else
			tracerrig_filter_number(rig, TR_OPEN, kinds[i].dim, kinds[i].right);
		assert_true(passes("plain"));
		/* Of so many that they are looked up. */
		for (uint64_t more = 1; more <= EV_INLINE; more++)
			tracerrig_filter_number(rig, TR_OPEN, kinds[i].dim, 1000000 + more);
		assert_true(passes("plain"));
	}
	own_alone(TR_OPEN);
}

static uint32_t
components(const char *path)
{
	uint32_t n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

static void
filter_of_paths_and_prefixes(void **state)
{
	struct ev_tracer_filter f = { .dims = DIM_PID | DIM_PATH };

	make_file("wanted");
	make_file("wanted-not");
	assert_int_equal(mkdir("tree", 0755), 0);
	make_file("tree/leaf");
	assert_int_equal(symlink("wanted", "alias"), 0);

	tracerrig_filter(rig, TR_OPEN, f);
	tracerrig_filter_text(rig, TR_OPEN, DIM_PATH, in_dir("wanted"));
	assert_true(passes("wanted"));
	assert_true(passes("alias"));
	assert_true(passes(in_dir("tree/../wanted")));
	assert_false(passes("wanted-not"));
	assert_false(passes("tree/leaf"));

	f.dims = DIM_PID | DIM_PREFIX;
	f.depths = 1u << components(in_dir("tree"));
	tracerrig_filter(rig, TR_OPEN, f);
	assert_false(passes("tree/leaf"));
	tracerrig_filter_text(rig, TR_OPEN, DIM_PREFIX, in_dir("tree"));
	assert_true(passes("tree/leaf"));
	assert_false(passes("wanted"));
	assert_true(passes("tree/none"));

	f.dims = DIM_PID | DIM_PATH | DIM_PREFIX;
	tracerrig_filter(rig, TR_OPEN, f);
	assert_true(passes("tree/leaf"));
	assert_true(passes("wanted"));
	assert_false(passes("wanted-not"));
	own_alone(TR_OPEN);
}

/* ---- openbreakout ---- */

/* Runs act in a child in a mount namespace of its own; what it is told of openbreakout, or NULL. */
static const struct ev_openbreakout *
breakout(int (*act)(void), bool contained)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		if (contained && (unshare(CLONE_NEWNS) || mount("", "/", "", MS_REC | MS_PRIVATE, NULL)))
			_exit(99);
		_exit(act());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	tracerrig_drain(rig, 50);
	return tracerrig_find(rig, TR_OPENBREAKOUT, OPENBREAKOUT_OPEN, (uint32_t)pid);
}

static int
by_proc_root(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/root/etc/passwd", getppid());
	return open(path, O_RDONLY) < 0;
}

static int leaked;

static int
by_leaked_folder(void)
{
	return openat(leaked, "passwd", O_RDONLY) < 0;
}

static int
of_its_own(void)
{
	return open("/etc/passwd", O_RDONLY) < 0 || open("/proc/self/status", O_RDONLY) < 0;
}

static int
of_core_pattern(void)
{
	return open("/proc/sys/kernel/core_pattern", O_WRONLY) < 0;
}

static int
of_core_pattern_to_read(void)
{
	return open("/proc/sys/kernel/core_pattern", O_RDONLY) < 0;
}

static int
of_engine_socket(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sa.sun_path, in_dir("docker.sock"));
	unlink(sa.sun_path);
	return bind(s, (struct sockaddr *)&sa, sizeof(sa)) || open("docker.sock", O_RDWR) >= 0;
}

static int
of_hosts_root(void)
{
	return mkdir("newroot", 0755) || mount("none", "newroot", "tmpfs", 0, NULL) ||
	       mkdir("newroot/host", 0755) || mount("/", "newroot/host", "", MS_BIND, NULL) ||
	       chroot("newroot") || open("/host/etc/passwd", O_RDONLY) < 0;
}

static void
breakout_is_a_file_of_another_mount_namespace(void **state)
{
	const struct ev_openbreakout *e = breakout(by_proc_root, true);

	assert_non_null(e);
	assert_int_equal(e->via & BREAKOUT_MNTNS, BREAKOUT_MNTNS);
	assert_str(e, e->path, "/etc/passwd");
	assert_int_not_equal(e->file_mntns, e->h.mntns);
	assert_true(e->h.ret >= 0);

	leaked = open("/etc", O_RDONLY | O_DIRECTORY);
	e = breakout(by_leaked_folder, true);
	close(leaked);
	assert_non_null(e);
	assert_int_equal(e->via & BREAKOUT_MNTNS, BREAKOUT_MNTNS);
	assert_str(e, e->path, "/etc/passwd");
}

static void
breakout_is_none_in_its_own_mounts_or_by_the_host(void **state)
{
	assert_null(breakout(of_its_own, true));
	assert_null(breakout(by_proc_root, false));
	assert_null(breakout(of_core_pattern, false));
	assert_null(breakout(of_core_pattern_to_read, true));
}

static void
breakout_is_what_rules_the_host(void **state)
{
	const struct ev_openbreakout *e = breakout(of_core_pattern, true);

	assert_non_null(e);
	assert_int_equal(e->via, BREAKOUT_SYSCTL | BREAKOUT_CORE_PATTERN);
	assert_str(e, e->path, "/proc/sys/kernel/core_pattern");

	e = breakout(of_engine_socket, true);
	assert_non_null(e);
	assert_int_equal(e->via, BREAKOUT_SOCKET);
	assert_int_equal(e->h.ret, -ENXIO);

	e = breakout(of_hosts_root, true);
	assert_non_null(e);
	assert_int_equal(e->via, BREAKOUT_HOSTMOUNT);
	assert_str(e, e->filename, "/host/etc/passwd");
}

/* ---- fileops ---- */

static const struct ev_fileops *
last_op(unsigned int op)
{
	return last(TR_FILEOPS, op);
}

static void
fileops_names_what_was_done_and_where(void **state)
{
	const struct ev_fileops *e;
	int fd;

	assert_int_equal(mkdir("new", 0750), 0);
	e = last_op(FILEOP_MKDIR);
	assert_str(e, e->path, in_dir("new"));
	assert_int_equal(e->mode, 0750);
	assert_int_equal(e->h.ret, 0);
	assert_int_equal(e->h.flags, EV_UNTRUSTED);

	assert_int_equal(rmdir("new"), 0);
	assert_str(last_op(FILEOP_RMDIR), last_op(FILEOP_RMDIR)->path, in_dir("new"));

	make_file("one");
	assert_int_equal(rename("one", "two"), 0);
	e = last_op(FILEOP_RENAME);
	assert_str(e, e->path, in_dir("one"));
	assert_str(e, e->path2, in_dir("two"));

	assert_int_equal(link("two", "three"), 0);
	e = last_op(FILEOP_LINK);
	assert_str(e, e->path, in_dir("two"));
	assert_str(e, e->path2, in_dir("three"));

	assert_int_equal(symlink("any/../where", "soft"), 0);
	e = last_op(FILEOP_SYMLINK);
	assert_str(e, e->path, in_dir("soft"));
	assert_str(e, e->path2, "any/../where");
	assert_int_equal(e->h.flags & EV_UNRESOLVED, 0);

	assert_int_equal(unlink("three"), 0);
	assert_str(last_op(FILEOP_UNLINK), last_op(FILEOP_UNLINK)->path, in_dir("three"));

	assert_int_equal(mknod("pipe", S_IFIFO | 0600, 0), 0);
	assert_int_equal(last_op(FILEOP_MKNOD)->mode, S_IFIFO | 0600);

	fd = open("two", O_RDWR);
	assert_int_equal(ftruncate(fd, 123), 0);
	e = last_op(FILEOP_TRUNCATE);
	assert_str(e, e->path, in_dir("two"));
	assert_int_equal(e->size, 123);
	assert_int_equal(e->h.flags, 0);

	assert_int_equal(fchmod(fd, 0601), 0);
	assert_int_equal(last_op(FILEOP_CHMOD)->mode, 0601);
	assert_int_equal(fchown(fd, 7, (gid_t)-1), 0);
	e = last_op(FILEOP_CHOWN);
	assert_int_equal(e->owner, 7);
	assert_int_equal(e->group, UINT32_MAX);
	assert_int_equal(futimens(fd, NULL), 0);
	assert_str(last_op(FILEOP_UTIMES), last_op(FILEOP_UTIMES)->path, in_dir("two"));
	assert_int_equal(last_op(FILEOP_UTIMES)->h.flags, 0);
	fsetxattr(fd, "user.bpfd", "x", 1, 0);
	e = last_op(FILEOP_SETXATTR);
	assert_str(e, e->path, in_dir("two"));
	assert_str(e, e->name, "user.bpfd");
	close(fd);
}

static void
fileops_says_what_it_only_was_told(void **state)
{
	const struct ev_fileops *e;
	int folder;

	make_file("changed");
	assert_int_equal(chmod("changed", 0600), 0);
	assert_int_equal(last_op(FILEOP_CHMOD)->h.flags, EV_UNTRUSTED | EV_UNRESOLVED);	/* may be a link */
	assert_int_equal(chmod(in_dir("changed"), 0640), 0);
	e = last_op(FILEOP_CHMOD);
	assert_str(e, e->path, in_dir("changed"));
	assert_int_equal(e->h.flags, EV_UNTRUSTED | EV_UNRESOLVED);

	assert_int_equal(mkdir("sub", 0755), 0);
	assert_int_equal(mkdir("sub/below", 0755), 0);
	e = last_op(FILEOP_MKDIR);
	assert_str(e, e->path, in_dir("sub/below"));
	assert_int_equal(e->h.flags, EV_UNTRUSTED | EV_UNRESOLVED);

	folder = open("sub", O_PATH);
	assert_int_equal(unlinkat(folder, "below", AT_REMOVEDIR), 0);
	close(folder);
	e = last_op(FILEOP_RMDIR);
	assert_str(e, e->path, in_dir("sub/below"));
	assert_int_equal(e->h.flags, EV_UNTRUSTED);

	assert_int_equal(rmdir(".."), -1);
	e = last_op(FILEOP_RMDIR);
	assert_int_equal(e->h.flags, EV_UNTRUSTED | EV_UNRESOLVED);
	assert_true(e->h.ret < 0);
}

/* ---- filetop ---- */

static void
filetop_adds_up_and_loses_nothing(void **state)
{
	uint64_t reads = 0, writes = 0, rbytes = 0, wbytes = 0;
	const struct ev_filetop *e;
	size_t at = 0, n = 0;
	char bytes[100] = "";
	struct iovec v[2] = { { bytes, 100 }, { bytes, 50 } };
	struct stat st;
	int fd = open("busy", O_CREAT | O_RDWR, 0600), pipes[2];

	assert_int_equal(pipe(pipes), 0);
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(write(fd, bytes, 100), 100);
		if (i % 100 == 0)
			usleep(60000);
	}
	assert_int_equal(writev(fd, v, 2), 150);
	assert_int_equal(pread(fd, bytes, 30, 0), 30);
	assert_int_equal(write(pipes[1], "x", 1), 1);	/* no regular file */
	fstat(fd, &st);
	close(fd);
	sleep(1);
	tracerrig_drain(rig, 500);
	while ((e = tracerrig_next(rig, &at, TR_FILETOP, FILETOP_FILE, (uint32_t)getpid()))) {
		if (e->ino != st.st_ino)
			continue;
		assert_str(e, e->path, in_dir("busy"));
		assert_true(e->interval_ns < 3000000000ULL);
		reads += e->reads;
		writes += e->writes;
		rbytes += e->rbytes;
		wbytes += e->wbytes;
		n++;
	}
	assert_int_equal(writes, 2001);
	assert_int_equal(wbytes, 200150);
	assert_int_equal(reads, 1);
	assert_int_equal(rbytes, 30);
	assert_in_range(n, 2, 4);
	assert_int_equal(tracerrig_count(rig, TR_FILETOP).lost, 0);
	close(pipes[0]);
	close(pipes[1]);
}

#define TEST(name) cmocka_unit_test_setup(name, forget)

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
		TEST(open_marks_a_path_that_is_not_whole),
		TEST(open_sees_a_bind_mount_where_it_is),
		TEST(open_is_not_fooled_by_a_name_that_changes),
		TEST(filter_of_the_cheap_kinds),
		TEST(filter_of_paths_and_prefixes),
		TEST(breakout_is_a_file_of_another_mount_namespace),
		TEST(breakout_is_none_in_its_own_mounts_or_by_the_host),
		TEST(breakout_is_what_rules_the_host),
		TEST(fileops_names_what_was_done_and_where),
		TEST(fileops_says_what_it_only_was_told),
		TEST(filetop_adds_up_and_loses_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
