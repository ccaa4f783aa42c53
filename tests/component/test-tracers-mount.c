/* SPDX-License-Identifier: Apache-2.0 */
/* mount: real mounts in a mount namespace of this test's own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "bpf/mount.h"
#include "tracers-own.h"

static const char *const tracers[] = { "mount", NULL };
static char dir[64];

/* The libc's <sys/mount.h> does not go with the kernel's. */
static long
mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)
{
	return syscall(SYS_mount, source, target, type, flags, data);
}

static int
setup(void **state)
{
	if (tracerrig_open(tracers, NULL, &rig))
		return -1;
	own_alone(TR_MOUNT);
	strcpy(dir, "/tmp/bpfd-mount-XXXXXX");
	if (unshare(CLONE_NEWNS) || mount("", "/", "", MS_REC | MS_PRIVATE, NULL) || !mkdtemp(dir) ||
	    mount("own", dir, "tmpfs", 0, NULL) || chdir(dir) || mkdir("a", 0755) || mkdir("b", 0755) ||
	    symlink("a", "link"))
		return -1;
	return 0;
}

static int
teardown(void **state)
{
	tracerrig_close(rig);
	rig = NULL;
	return chdir("/") || syscall(SYS_umount2, dir, 2) || rmdir(dir);
}

static const char *
in_dir(const char *name)
{
	static char paths[4][128];
	static unsigned int at;
	char *path = paths[at++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static uint64_t
dev_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)major(st.st_dev) << 20 | minor(st.st_dev);
}

static const struct ev_mountop *
last_op(unsigned int event)
{
	return last(TR_MOUNT, event);
}

static void
says_what_is_mounted_where(void **state)
{
	const struct ev_mountop *e;

	assert_int_equal(mount("word", "a", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k"), 0);
	e = last_op(MOUNTOP_MOUNT);
	assert_str(e, e->source, "word");
	assert_str(e, e->target, in_dir("a"));
	assert_str(e, e->mounted, in_dir("a"));
	assert_str(e, e->fstype, "tmpfs");
	assert_str(e, e->data, "size=64k");
	assert_int_equal(e->flags, MS_NOSUID | MS_NODEV);
	assert_int_equal(e->dev, dev_of("a"));
	assert_int_equal(e->h.flags, EV_UNTRUSTED | EV_UNRESOLVED);
	assert_int_equal(e->h.ret, 0);

	assert_int_equal(syscall(SYS_umount2, "a", 2), 0);
	e = last_op(MOUNTOP_UMOUNT);
	assert_str(e, e->target, in_dir("a"));
	assert_int_equal(e->flags, 2);
	assert_int_equal(e->mounted.len, 0);
}

/* By a link a process may name any place; where the mount is says the kernel. */
static void
is_not_led_astray_by_a_link(void **state)
{
	const struct ev_mountop *e;

	assert_int_equal(mount(in_dir("b"), "./link", "", MS_BIND, NULL), 0);
	e = last_op(MOUNTOP_MOUNT);
	assert_str(e, e->source, in_dir("b"));
	assert_str(e, e->target, in_dir("./link"));
	assert_str(e, e->mounted, in_dir("a"));
	assert_str(e, e->fstype, "tmpfs");
	assert_true(e->h.flags & EV_UNRESOLVED);
	assert_int_equal(syscall(SYS_umount2, "a", 0), 0);
}

static void
tells_of_what_failed_and_of_what_makes_no_mount(void **state)
{
	const struct ev_mountop *e;

	assert_int_equal(mount("/dev/none", "/nowhere", "ext4", MS_RDONLY, NULL), -1);
	e = last_op(MOUNTOP_MOUNT);
	assert_str(e, e->source, "/dev/none");
	assert_str(e, e->target, "/nowhere");
	assert_str(e, e->fstype, "ext4");
	assert_true(e->h.ret < 0);
	assert_int_equal(e->mounted.len, 0);
	assert_int_equal(e->dev, 0);

	assert_int_equal(mount(NULL, dir, NULL, MS_REMOUNT, NULL), 0);
	e = last_op(MOUNTOP_MOUNT);
	assert_str(e, e->target, dir);
	assert_int_equal(e->source.len, 0);
	assert_int_equal(e->mounted.len, 0);
}

/* The kernel does not look at them, so that they may say anything, or be no memory at all. */
static void
leaves_arguments_alone_that_do_not_count(void **state)
{
	static const unsigned long changes[] = { MS_REMOUNT, MS_REMOUNT | MS_BIND, MS_PRIVATE };
	const struct ev_mountop *e;

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		assert_int_equal(mount("/dev/sda", dir, "debugfs", changes[i], NULL), 0);
		e = last_op(MOUNTOP_MOUNT);
		assert_str(e, e->target, dir);
		assert_int_equal(e->source.len, 0);
		assert_int_equal(e->fstype.len, 0);
		assert_int_equal(e->flags, changes[i]);
	}
	assert_int_equal(mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND, "no options"), 0);
	assert_int_equal(last_op(MOUNTOP_MOUNT)->data.len, 0);
}

/* Bits that look like a change of a mount that is there, by which one that is made would have no place. */
static void
takes_flags_as_the_kernel_does(void **state)
{
	static const unsigned long masks[] = { 0xc0ed0000, MS_BIND | MS_PRIVATE, MS_BIND | MS_MOVE };
	const struct ev_mountop *e;

	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		assert_int_equal(mount(in_dir("b"), "a", "tmpfs", masks[i], NULL), 0);
		e = last_op(MOUNTOP_MOUNT);
		assert_str(e, e->source, in_dir("b"));
		assert_str(e, e->mounted, in_dir("a"));
		assert_str(e, e->fstype, "tmpfs");
		assert_int_equal(e->dev, dev_of("a"));
		assert_int_equal(syscall(SYS_umount2, "a", 2), 0);
	}
}

static void
follows_a_mount_by_descriptors(void **state)
{
	const struct ev_mountop *e;
	int fs, mnt;

	fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	assert_true(fs >= 0);
	e = last_op(MOUNTOP_FSOPEN);
	assert_str(e, e->fstype, "tmpfs");
	assert_int_equal(e->h.ret, fs);

	assert_int_equal(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", "made", 0), 0);
	e = last_op(MOUNTOP_FSCONFIG);
	assert_int_equal(e->cmd, FSCONFIG_SET_STRING);
	assert_str(e, e->key, "source");
	assert_str(e, e->data, "made");
	assert_str(e, e->fstype, "tmpfs");
	assert_int_equal(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	e = last_op(MOUNTOP_FSCONFIG);
	assert_str(e, e->source, "made");
	assert_int_equal(e->key.len, 0);

	mnt = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOEXEC);
	assert_true(mnt >= 0);
	e = last_op(MOUNTOP_FSMOUNT);
	assert_str(e, e->fstype, "tmpfs");
	assert_str(e, e->source, "made");
	assert_int_equal(e->attr_set, MOUNT_ATTR_NOEXEC);
	assert_int_equal(e->mounted.len, 0);
	assert_int_equal(e->h.flags, 0);
	assert_true(e->dev != 0);

	assert_int_equal(syscall(SYS_move_mount, mnt, "", AT_FDCWD, "link", MOVE_MOUNT_F_EMPTY_PATH |
			MOVE_MOUNT_T_SYMLINKS), 0);
	e = last_op(MOUNTOP_MOVE);
	assert_str(e, e->target, in_dir("link"));
	assert_str(e, e->mounted, in_dir("a"));
	assert_str(e, e->source, "made");
	assert_int_equal(e->flags, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
	assert_int_equal(e->dev, dev_of("a"));
	close(mnt);
	close(fs);
}

/* On what the test before mounted. */
static void
tells_of_trees_and_attributes(void **state)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY, .attr_clr = MOUNT_ATTR_NOEXEC };
	const struct ev_mountop *e;
	int tree;

	tree = (int)syscall(SYS_open_tree, AT_FDCWD, "a", OPEN_TREE_CLONE);
	assert_true(tree >= 0);
	e = last_op(MOUNTOP_OPEN_TREE);
	assert_str(e, e->source, in_dir("a"));
	assert_int_equal(e->flags, OPEN_TREE_CLONE);

	assert_int_equal(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)), 0);
	e = last_op(MOUNTOP_SETATTR);
	assert_int_equal(e->attr_set, MOUNT_ATTR_RDONLY);
	assert_int_equal(e->attr_clr, MOUNT_ATTR_NOEXEC);
	assert_int_equal(e->flags, AT_EMPTY_PATH);
	close(tree);

	assert_int_equal(syscall(SYS_pivot_root, "a", "/nowhere"), -1);
	e = last_op(MOUNTOP_PIVOT);
	assert_str(e, e->source, in_dir("a"));
	assert_str(e, e->target, "/nowhere");
	assert_int_equal(e->h.ret, -ENOENT);
}

/* What a descriptor is of is asked of the kernel, not believed. */
static void
takes_no_other_file_for_a_file_system(void **state)
{
	const struct ev_mountop *e;
	int fd = open("/proc/self/maps", O_RDONLY);

	assert_int_equal(syscall(SYS_fsconfig, fd, FSCONFIG_SET_FLAG, "ro", NULL, 0), -1);
	e = last_op(MOUNTOP_FSCONFIG);
	assert_int_equal(e->fstype.len, 0);
	assert_int_equal(e->source.len, 0);
	assert_str(e, e->key, "ro");
	assert_int_equal(e->h.ret, -EINVAL);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(says_what_is_mounted_where),
		TEST(is_not_led_astray_by_a_link),
		TEST(tells_of_what_failed_and_of_what_makes_no_mount),
		TEST(leaves_arguments_alone_that_do_not_count),
		TEST(takes_flags_as_the_kernel_does),
		TEST(follows_a_mount_by_descriptors),
		TEST(tells_of_trees_and_attributes),
		TEST(takes_no_other_file_for_a_file_system),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
