/* SPDX-License-Identifier: Apache-2.0 */
/* openbreakout, fileops and filetop: real acts on real files. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "bpf/fileops.h"
#include "bpf/filetop.h"
#include "bpf/openbreakout.h"
#include "tracers-dir.h"
#include "uring.h"

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

static int
open_by_uring(const char *path, uint32_t flags)
{
	struct io_uring_sqe *sqe;
	struct uring u;

	if (!uring_open(&u, 8, 0))
		_exit(77);
	sqe = uring_sqe(&u, IORING_OP_OPENAT, AT_FDCWD);
	sqe->addr = (uintptr_t)path;
	sqe->open_flags = flags;
	return uring_one(&u);
}

static int
of_core_pattern_by_uring(void)
{
	return open_by_uring("/proc/sys/kernel/core_pattern", O_WRONLY) < 0;
}

static int
of_engine_socket_by_uring(void)
{
	return open_by_uring("/no/docker.sock", O_RDWR) >= 0;
}

static int
of_its_own_by_uring(void)
{
	return open_by_uring("/etc/passwd", O_RDONLY) < 0;
}

static void
breakout_by_io_uring_is_one(void **state)
{
	const struct ev_openbreakout *e = breakout(of_core_pattern_by_uring, true);

	assert_non_null(e);
	assert_int_equal(e->via, BREAKOUT_SYSCTL | BREAKOUT_CORE_PATTERN);
	assert_str(e, e->path, "/proc/sys/kernel/core_pattern");
	assert_int_equal(e->h.flags, EV_URING);
	assert_int_equal(e->oflags & O_ACCMODE, O_WRONLY);
	e = breakout(of_engine_socket_by_uring, true);
	assert_non_null(e);
	assert_int_equal(e->via, BREAKOUT_SOCKET);
	assert_int_equal(e->h.flags, EV_URING | EV_UNRESOLVED);
	assert_null(breakout(of_core_pattern_by_uring, false));
	assert_null(breakout(of_its_own_by_uring, true));
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(breakout_is_a_file_of_another_mount_namespace),
		TEST(breakout_is_none_in_its_own_mounts_or_by_the_host),
		TEST(breakout_is_what_rules_the_host),
		TEST(breakout_by_io_uring_is_one),
		TEST(fileops_names_what_was_done_and_where),
		TEST(fileops_says_what_it_only_was_told),
		TEST(filetop_adds_up_and_loses_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
